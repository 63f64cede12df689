package clickhouse

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

type metrics struct {
	rows    *prometheus.CounterVec
	seconds *prometheus.HistogramVec
	replays prometheus.Counter
	dropped prometheus.Counter
	letters *prometheus.CounterVec
	batches prometheus.Counter
	commit  prometheus.Gauge
}

func newMetrics(registerer prometheus.Registerer, s *Sink) *metrics {
	m := &metrics{
		rows: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "vislang_clickhouse_rows_total",
			Help: "Rows sent to ClickHouse and acknowledged, by table. Rows of a replayed batch count again although ClickHouse drops them.",
		}, []string{"table"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "vislang_clickhouse_insert_seconds",
			Help:    "Duration of successful inserts by table.",
			Buckets: prometheus.ExponentialBuckets(0.005, 2, 14),
		}, []string{"table"}),
		replays: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "vislang_clickhouse_replays_total",
			Help: "Batches inserted again because an earlier owner of the partition had announced them.",
		}),
		letters: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "vislang_clickhouse_dead_letters_total",
			Help: "Records that the sink sent to the dead letters, by class.",
		}, []string{"class"}),
	}
	m.batches = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "vislang_clickhouse_batches_total",
		Help: "Batches inserted, those inserted again included.",
	})
	m.dropped = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "vislang_clickhouse_deduplicated_total",
		Help: "Blocks inserted again that were in their table already, so that ClickHouse dropped them.",
	})
	m.commit = prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "vislang_clickhouse_last_commit_timestamp_seconds",
		Help: "When an offset was committed last, in seconds since 1970; 0 if not yet.",
	})
	if registerer != nil {
		registerer.MustRegister(m.batches, m.dropped, m.commit, m.rows, m.seconds, m.replays, m.letters,
			prometheus.NewGaugeFunc(prometheus.GaugeOpts{
				Name: "vislang_clickhouse_ready",
				Help: "1 if the sink is in its group and can insert, else 0.",
			}, func() float64 {
				if s.Ready() {
					return 1
				}
				return 0
			}),
			prometheus.NewGaugeFunc(prometheus.GaugeOpts{
				Name: "vislang_clickhouse_waiting_bytes",
				Help: "Bytes of rows that wait to be inserted.",
			}, func() float64 { return float64(s.waiting.Load()) }),
		)
	}
	return m
}

func (m *metrics) inserted(b block, took time.Duration) {
	m.rows.WithLabelValues(b.table()).Add(float64(b.len()))
	m.seconds.WithLabelValues(b.table()).Observe(took.Seconds())
}
