package stream

import (
	"context"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/plugin/kprom"
)

// ClientMetrics has a Kafka client count connections, requests, bytes and
// records, as vislang_kafka_*, labelled by stage and worker: clients of one
// process must differ in them. Nil registers nothing.
func ClientMetrics(registry prometheus.Registerer, stage string, worker int) kgo.Opt {
	if registry == nil {
		return kgo.WithHooks()
	}
	labelled := prometheus.WrapRegistererWith(prometheus.Labels{"stage": stage, "worker": strconv.Itoa(worker)}, registry)
	return kgo.WithHooks(kprom.NewMetrics("vislang_kafka", kprom.Registerer(labelled), kprom.FetchAndProduceDetail(kprom.ByTopic, kprom.Batches, kprom.Records, kprom.CompressedBytes)))
}

// traced processes a record within a span, when tracing is on, and appends
// what is to be written to out.
func (w *worker) traced(ctx context.Context, rec *kgo.Record, views map[int32]*view, out []*kgo.Record) ([]*kgo.Record, error) {
	if w.o.Tracer == nil {
		return w.process(ctx, rec, views, out)
	}
	ctx, end := w.o.Tracer.Consume(ctx, w.stage.Name(), rec)
	all, err := w.process(ctx, rec, views, out)
	if err == nil {
		w.o.Tracer.Inject(ctx, all[len(out):]...)
	}
	end(err)
	return all, err
}
