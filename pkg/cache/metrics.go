package cache

import "github.com/prometheus/client_golang/prometheus"

// metrics count by tier and outcome, which are few and known.
type metrics struct {
	reads  *prometheus.CounterVec
	writes *prometheus.CounterVec
}

func newMetrics() *metrics {
	return &metrics{
		reads: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "vislang_cache_reads_total",
			Help: "Look-ups in the cache of results, by tier (memory, disk, redis) and result: hit, miss, corrupt, error, away (not asked, because it failed before).",
		}, []string{"tier", "result"}),
		writes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "vislang_cache_writes_total",
			Help: "Results written to the cache, by tier (disk, redis) and result: ok, error, away, dropped (it would have had to wait).",
		}, []string{"tier", "result"}),
	}
}

func (m *metrics) read(tier string, result outcome) {
	m.reads.WithLabelValues(tier, string(result)).Inc()
}

// write counts a write; "" is one whose outcome is counted later.
func (m *metrics) write(tier string, result outcome) {
	if result != "" {
		m.writes.WithLabelValues(tier, string(result)).Inc()
	}
}

// register makes the metrics known to a registry, nil for none.
func (m *metrics) register(registry prometheus.Registerer, c *Cache) error {
	if registry == nil {
		return nil
	}
	bytes := func(tier string, read func() int64) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "vislang_cache_bytes", Help: "Bytes that the cache of results keeps, by tier.",
			ConstLabels: prometheus.Labels{"tier": tier},
		}, func() float64 { return float64(read()) })
	}
	all := []prometheus.Collector{m.reads, m.writes, bytes(tierMemory, c.memory.size)}
	for _, t := range c.tiers {
		if d, ok := t.(*disk); ok {
			all = append(all, bytes(d.name(), d.bytes.Load))
		}
	}
	for _, collector := range all {
		if err := registry.Register(collector); err != nil {
			return err
		}
	}
	return nil
}
