package stream

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/twmb/franz-go/pkg/kgo"
)

// Metrics are the Prometheus metrics of all stages of a process. Labels are
// bounded: stage names, topics, error classes, partitions.
type Metrics struct {
	In      *prometheus.CounterVec   // records worked on, by stage
	Out     *prometheus.CounterVec   // records written, by stage and topic
	Failed  *prometheus.CounterVec   // dead letters, by stage and class
	Retried *prometheus.CounterVec   // attempts that failed and were repeated, by stage
	Aborted *prometheus.CounterVec   // transactions given up, by stage
	Seconds *prometheus.CounterVec   // time by stage and phase (work, commit)
	Batch   *prometheus.HistogramVec // records of a batch, by stage
	Keys    *prometheus.GaugeVec     // keys of the state, by stage and partition
	Bytes   *prometheus.GaugeVec     // bytes of the state on disk, by stage and partition

	Restoring       *prometheus.GaugeVec   // changelog records still to be read, by stage and partition
	RestoredRecords *prometheus.CounterVec // changelog records read, by stage
	RestoredBytes   *prometheus.CounterVec // bytes of them, by stage
	RestoreSeconds  *prometheus.CounterVec // time that took, by stage

	Waiting *prometheus.GaugeVec // 1 while a stage waits for something it depends on
}

// NewMetrics makes the metrics and registers them; a nil registerer leaves
// them unregistered.
func NewMetrics(registerer prometheus.Registerer) *Metrics {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "vislang", Subsystem: "stage", Name: name, Help: help}, labels)
	}
	m := &Metrics{
		In:      counter("records_in_total", "Records worked on.", "stage"),
		Out:     counter("records_out_total", "Records written in committed transactions.", "stage", "topic"),
		Failed:  counter("records_failed_total", "Records that became dead letters.", "stage", "class"),
		Retried: counter("attempts_retried_total", "Attempts at a record that failed and were repeated.", "stage"),
		Aborted: counter("transactions_aborted_total", "Transactions given up because of a rebalance.", "stage"),
		Seconds: counter("seconds_total", "Time spent, by phase: work or commit.", "stage", "phase"),
		Batch: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Namespace: "vislang", Subsystem: "stage", Name: "batch_records", Help: "Records of one transaction.",
			Buckets: prometheus.ExponentialBuckets(1, 4, 6),
		}, []string{"stage"}),
		Keys: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Namespace: "vislang", Subsystem: "stage", Name: "state_keys", Help: "Keys in the state of a partition.",
		}, []string{"stage", "partition"}),
		Bytes: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Namespace: "vislang", Subsystem: "stage", Name: "state_bytes", Help: "Bytes on disk of the state of a partition, about.",
		}, []string{"stage", "partition"}),
		Restoring: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Namespace: "vislang", Subsystem: "stage", Name: "state_restoring_records", Help: "Changelog records still to be read before the partition goes on.",
		}, []string{"stage", "partition"}),
		RestoredRecords: counter("state_restored_records_total", "Changelog records read to restore state.", "stage"),
		RestoredBytes:   counter("state_restored_bytes_total", "Changelog bytes read to restore state.", "stage"),
		RestoreSeconds:  counter("state_restore_seconds_total", "Time spent on restoring state.", "stage"),
		Waiting: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Namespace: "vislang", Subsystem: "stage", Name: "waiting", Help: "1 while the stage waits for something it depends on.",
		}, []string{"stage"}),
	}
	if registerer != nil {
		registerer.MustRegister(m.In, m.Out, m.Failed, m.Retried, m.Aborted, m.Seconds, m.Batch, m.Keys, m.Bytes, m.Waiting,
			m.Restoring, m.RestoredRecords, m.RestoredBytes, m.RestoreSeconds)
	}
	return m
}

func (m *Metrics) batch(stage string, records int, worked time.Duration) {
	m.In.WithLabelValues(stage).Add(float64(records))
	m.Seconds.WithLabelValues(stage, "work").Add(worked.Seconds())
	m.Batch.WithLabelValues(stage).Observe(float64(records))
}

func (m *Metrics) commit(stage string, out []*kgo.Record, took time.Duration) {
	m.Seconds.WithLabelValues(stage, "commit").Add(took.Seconds())
	written := map[string]int{}
	for _, rec := range out {
		written[rec.Topic]++
	}
	for topic, n := range written {
		m.Out.WithLabelValues(stage, topic).Add(float64(n))
	}
}

func (m *Metrics) abort(stage string)         { m.Aborted.WithLabelValues(stage).Inc() }
func (m *Metrics) retry(stage string)         { m.Retried.WithLabelValues(stage).Inc() }
func (m *Metrics) failed(stage, class string) { m.Failed.WithLabelValues(stage, class).Inc() }

func (m *Metrics) state(stage string, t *table) {
	keys, bytes := t.size()
	partition := strconv.Itoa(int(t.partition))
	m.Keys.WithLabelValues(stage, partition).Set(float64(keys))
	m.Bytes.WithLabelValues(stage, partition).Set(float64(bytes))
}

func (m *Metrics) restoring(stage string, partition int32, records int64) {
	m.Restoring.WithLabelValues(stage, strconv.Itoa(int(partition))).Set(float64(records))
}

func (m *Metrics) restored(stage string, r *restoring) {
	m.RestoredRecords.WithLabelValues(stage).Add(float64(r.records))
	m.RestoredBytes.WithLabelValues(stage).Add(float64(r.bytes))
	m.RestoreSeconds.WithLabelValues(stage).Add(time.Since(r.began).Seconds())
}

func (m *Metrics) blocked(stage string, yes bool) {
	value := 0.0
	if yes {
		value = 1
	}
	m.Waiting.WithLabelValues(stage).Set(value)
}

// Worked returns how many records a stage of this process has worked on.
func (m *Metrics) Worked(stage string) int64 {
	var out dto.Metric
	if err := m.In.WithLabelValues(stage).Write(&out); err != nil {
		return 0
	}
	return int64(out.GetCounter().GetValue())
}

// Spent returns how long a stage of this process has worked and committed.
func (m *Metrics) Spent(stage string) (work, commit time.Duration) {
	read := func(phase string) time.Duration {
		var out dto.Metric
		if err := m.Seconds.WithLabelValues(stage, phase).Write(&out); err != nil {
			return 0
		}
		return time.Duration(out.GetCounter().GetValue() * float64(time.Second))
	}
	return read("work"), read("commit")
}
