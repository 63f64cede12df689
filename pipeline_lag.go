package main

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"vislang/pkg/stream"
)

// lagMetrics are the lags of the groups of this process. Each process of a
// group reports the whole group: take the maximum, not the sum.
type lagMetrics struct {
	records *prometheus.GaugeVec
	seconds *prometheus.GaugeVec
}

func newLagMetrics(registry prometheus.Registerer) *lagMetrics {
	m := &lagMetrics{
		records: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "vislang_group_lag_records", Help: "Records between a group's commits and the ends of its topics, over all its processes.",
		}, []string{"group"}),
		seconds: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "vislang_group_lag_seconds", Help: "Age of the oldest record that a group has not committed, over all its processes.",
		}, []string{"group"}),
	}
	registry.MustRegister(m.records, m.seconds)
	return m
}

// lagPause is the time between two measurements of lag.
const lagPause = 10 * time.Second

// watchLag measures the lag of this process's groups until ctx ends.
func (p *pipeline) watchLag(ctx context.Context) {
	if p.port < 0 || len(p.groups()) == 0 {
		return
	}
	admin := stream.NewAdmin(p.c.kafka...)
	defer admin.Close()
	for {
		lags, err := admin.Lags(ctx, p.groups())
		if err == nil {
			err = stream.Ages(ctx, p.c.kafka, lags)
		}
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			p.log.Warn("cannot measure lag", "error", err)
		}
		for group, lag := range lags {
			p.lagging.records.WithLabelValues(group).Set(float64(lag.Records))
			p.lagging.seconds.WithLabelValues(group).Set(stream.Age(lag.Oldest, time.Now()).Seconds())
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(lagPause):
		}
	}
}

// childMetrics count the child processes that parse and recognise.
type childMetrics struct {
	alive   *prometheus.GaugeVec
	started *prometheus.CounterVec
	ended   *prometheus.CounterVec
}

func newChildMetrics(registry prometheus.Registerer) *childMetrics {
	m := &childMetrics{
		alive:   prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "vislang_children_alive", Help: "Child processes that run, by kind."}, []string{"kind"}),
		started: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "vislang_children_started_total", Help: "Child processes started, by kind."}, []string{"kind"}),
		ended:   prometheus.NewCounterVec(prometheus.CounterOpts{Name: "vislang_children_ended_total", Help: "Child processes that ended, by kind and reason: recycled, closed, killed (from outside), cancelled, or the class of the error."}, []string{"kind", "reason"}),
	}
	registry.MustRegister(m.alive, m.started, m.ended)
	return m
}

func (m *childMetrics) starter(kind string) func() {
	alive, started := m.alive.WithLabelValues(kind), m.started.WithLabelValues(kind)
	return func() { alive.Inc(); started.Inc() }
}

func (m *childMetrics) ender(kind string) func(reason string) {
	alive := m.alive.WithLabelValues(kind)
	return func(reason string) { alive.Dec(); m.ended.WithLabelValues(kind, reason).Inc() }
}

// healthMetrics export what the workers of this process are at.
type healthMetrics struct{ p *pipeline }

var workersDesc = prometheus.NewDesc("vislang_stage_workers", "Workers of this process by what they are at: joining, restoring, waiting, broken, running, paused, out.", []string{"stage", "condition"}, nil)

func (healthMetrics) Describe(ch chan<- *prometheus.Desc) { ch <- workersDesc }

func (m healthMetrics) Collect(ch chan<- prometheus.Metric) {
	type key struct{ stage, condition string }
	counts := map[key]int{}
	for _, w := range m.p.conditions() {
		counts[key{w.Stage, string(w.Condition)}]++
	}
	for k, n := range counts {
		ch <- prometheus.MustNewConstMetric(workersDesc, prometheus.GaugeValue, float64(n), k.stage, k.condition)
	}
}
