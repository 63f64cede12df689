package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"vislang/pkg/stream"
	"vislang/producers"
	"vislang/sinks/clickhouse"
)

// serveMetrics serves /metrics, /healthz and /readyz until ctx ends.
func (p *pipeline) serveMetrics(ctx context.Context) error {
	if p.port < 0 {
		return nil
	}
	listener, err := net.Listen("tcp", net.JoinHostPort(p.host, strconv.Itoa(p.port)))
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
	p.log.Info("serving metrics", "address", p.c.info.Metrics)
	return nil
}

// ready answers 200 when every worker of this process is a member of its group
// and works, or stands still because an operator wants it to; 503 when one is
// joining, restores its state, waits for something it depends on, or was
// thrown out. The body lists them all.
func (p *pipeline) ready(w http.ResponseWriter, _ *http.Request) {
	var body strings.Builder
	code := http.StatusOK
	for _, c := range p.conditions() {
		if !c.Condition.Ready() {
			code = http.StatusServiceUnavailable
		}
		fmt.Fprintf(&body, "%s/%d %s", c.Stage, c.Worker, c.Condition)
		if c.Why != "" {
			fmt.Fprintf(&body, ": %s", c.Why)
		}
		body.WriteByte('\n')
	}
	w.WriteHeader(code)
	fmt.Fprint(w, body.String())
}

// conditions are what the workers of this process are at.
func (p *pipeline) conditions() []stream.WorkerHealth {
	all := p.health.All()
	seen := map[string]bool{}
	for i, c := range all {
		seen[c.Stage] = true
		if c.Stage != clickhouse.Group {
			continue
		}
		if err := p.sink.Outage(); err != nil {
			all[i].Condition, all[i].Why = stream.Waiting, err.Error()
		}
	}
	for group := range p.groups() {
		if !seen[group] {
			all = append(all, stream.WorkerHealth{Stage: group, Condition: stream.Joining})
		}
	}
	if p.lasting {
		c := stream.WorkerHealth{Stage: producers.Stage, Condition: stream.Running}
		if state := p.control.State(producers.Stage, p.instance); state.Out {
			c.Condition = stream.Out
		} else if state.Paused {
			c.Condition = stream.Paused
		}
		all = append(all, c)
	}
	return all
}
