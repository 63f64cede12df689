package schemas

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/twmb/franz-go/pkg/sr"
	"github.com/twmb/franz-go/pkg/sr/srfake"
)

// Registry is an embedded schema registry: Confluent's REST interface, in
// memory, with all released schemas under the ids of their files. Processes
// that share brokers but no registry each run one; since the ids agree, they
// understand each other.
type Registry struct {
	server *http.Server
	client *sr.Client
	url    string
}

// StartRegistry serves an embedded registry on a host:port address; "" means a
// free port on the loopback interface.
func StartRegistry(ctx context.Context, addr string) (*Registry, error) {
	if addr == "" {
		addr = "127.0.0.1:0"
	}
	fake := srfake.NewRegistry(srfake.WithGlobalCompat(sr.CompatFull))
	all, err := releases()
	if err != nil {
		return nil, fmt.Errorf("start schema registry: %w", err)
	}
	versions := map[string]int{}
	for _, r := range all {
		versions[r.topic]++
		fake.SeedSchema(Topic{Name: r.topic}.Subject(), versions[r.topic], r.id, sr.Schema{Schema: r.text})
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("start schema registry: %w", err)
	}
	r := &Registry{
		server: &http.Server{Handler: fake.Handler(), ReadHeaderTimeout: 10 * time.Second},
		url:    "http://" + listener.Addr().String(),
	}
	go r.server.Serve(listener) // ends with Close
	if r.client, err = sr.NewClient(sr.URLs(r.url)); err == nil {
		err = Register(ctx, r.client) // what is not released yet
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start schema registry: %w", err), r.Close())
	}
	return r, nil
}

// URL returns the registry's address.
func (r *Registry) URL() string { return r.url }

// Client returns a client of the registry.
func (r *Registry) Client() *sr.Client { return r.client }

// Close ends the registry.
func (r *Registry) Close() error { return r.server.Close() }

// Register makes a registry know the schema of every topic, under the subject
// TOPIC-value. A subject that is new gets the compatibility level FULL, if the
// registry allows that. What is registered already stays as it is, so a
// registry that only answers look-ups will do then. The registry refuses a
// schema that old readers could not read: that is an error here.
func Register(ctx context.Context, client *sr.Client) error {
	all, err := builtins()
	if err != nil {
		return err
	}
	byTopic := map[string]*builtin{}
	for _, b := range all {
		byTopic[b.topic.Name] = b
	}
	for _, topic := range Topics() { // in this order: a new registry numbers them as ours
		schema := sr.Schema{Schema: byTopic[topic.Name].text}
		_, err := client.LookupSchema(ctx, topic.Subject(), schema)
		if isNotFound(err) {
			if _, err = client.RegisterSchema(ctx, topic.Subject(), schema, -1, -1); err == nil {
				// Not every registry or account may: the default level does then.
				client.SetCompatibility(ctx, sr.SetCompatibility{Level: sr.CompatFull}, topic.Subject())
			}
		}
		if err != nil {
			return fmt.Errorf("%w: register %s: %w", ErrRegistry, topic.Subject(), err)
		}
	}
	return nil
}
