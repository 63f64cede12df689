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
// A client keeps the coordinators of the groups that it has asked about, and
// a dead one is not always forgotten when its connection is refused: after the
// loss of a broker, `groups list` went on asking it for 40 s while others had
// long taken over.
type Admin struct {
	kafka  []kgo.Opt
	client *kgo.Client
}

// NewAdmin opens nothing yet.
func NewAdmin(kafka ...kgo.Opt) *Admin { return &Admin{kafka: kafka} }

// Do calls fn, which may fail. It is not to be called twice at once.
func (a *Admin) Do(fn func(*kadm.Client) error) (err error) {
	if a.client == nil {
		if a.client, err = kgo.NewClient(a.kafka...); err != nil {
			return err
		}
	}
	if err = fn(kadm.NewClient(a.client)); err != nil {
		a.Close()
	}
	return err
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
