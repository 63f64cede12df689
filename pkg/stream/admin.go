package stream

import (
	"context"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// Admin asks brokers about groups again and again, and takes a new client
// after a failure:
//
//	admin := stream.NewAdmin(kafka...)
//	defer admin.Close()
//	lags, err := admin.Lags(ctx, inputs)
//
// The client keeps the coordinators of the groups that it has asked about, and
// those may be dead by then.
type Admin struct {
	kafka  []kgo.Opt
	client *kgo.Client
}

// NewAdmin opens nothing yet.
func NewAdmin(kafka ...kgo.Opt) *Admin { return &Admin{kafka: kafka} }

// Do calls fn, which may fail. It is not to be called twice at once.
func (a *Admin) Do(fn func(*kadm.Client) error) (err error) {
	defer func() {
		if err != nil {
			a.Close()
		}
	}()
	if a.client == nil {
		if a.client, err = kgo.NewClient(a.kafka...); err != nil {
			return err
		}
	}
	return fn(kadm.NewClient(a.client))
}

// Lags is what the function of this name says.
func (a *Admin) Lags(ctx context.Context, inputs map[string][]string) (lags map[string]Lag, err error) {
	err = a.Do(func(admin *kadm.Client) (err error) {
		lags, err = Lags(ctx, admin, inputs)
		return err
	})
	return lags, err
}

// Close closes the client, if there is one.
func (a *Admin) Close() {
	if a.client != nil {
		a.client.Close()
		a.client = nil
	}
}
