package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"vislang/pkg/stream"
	"vislang/sinks/clickhouse"
)

// serveMetrics serves /metrics, /healthz and /readyz on loopback until ctx
// ends.
func (p *pipeline) serveMetrics(ctx context.Context) error {
	if p.port < 0 {
		return nil
	}
	listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", p.port))
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("port %d for metrics is taken: choose another with --metrics-port (0 takes a free one)", p.port)
	}
	if err != nil {
		return fmt.Errorf("listen for metrics: %w", err)
	}
	mux := http.NewServeMux()
	mux.Handle("/metrics", promhttp.HandlerFor(p.registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("/healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("/readyz", p.ready)
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	go server.Serve(listener)
	context.AfterFunc(ctx, func() { server.Close() })
	p.c.info.Metrics = "http://" + listener.Addr().String()
	return nil
}

// ready answers 200 when every worker of this process is a member of its group
// and works, or stands still because an operator wants it to; 503 when one is
// joining, restores its state, waits for something it depends on, or was
// thrown out. The body lists them all.
func (p *pipeline) ready(w http.ResponseWriter, _ *http.Request) {
	var body strings.Builder
	code := http.StatusOK
	say := func(c stream.WorkerHealth) {
		if !c.Condition.Ready() {
			code = http.StatusServiceUnavailable
		}
		fmt.Fprintf(&body, "%s/%d %s", c.Stage, c.Worker, c.Condition)
		if c.Why != "" {
			fmt.Fprintf(&body, ": %s", c.Why)
		}
		body.WriteByte('\n')
	}
	seen := map[string]bool{}
	for _, c := range p.health.All() {
		seen[c.Stage] = true
		if c.Stage == clickhouse.Group {
			if err := p.sink.Outage(); err != nil {
				c.Condition, c.Why = stream.Waiting, err.Error()
			}
		}
		say(c)
	}
	for group := range p.groups() {
		if !seen[group] {
			say(stream.WorkerHealth{Stage: group, Condition: stream.Joining})
		}
	}
	w.WriteHeader(code)
	fmt.Fprint(w, body.String())
}
