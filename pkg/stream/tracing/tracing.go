// Package tracing makes one trace of a record's way through all stages: each
// writes the W3C traceparent of its span into the headers of the records it
// makes, and continues the trace of those it reads.
//
//	tracer, stop, err := tracing.Open(ctx, version) // nil when tracing is off
//	ctx, end := tracer.Consume(ctx, "extract", rec)
//	out := work(ctx, rec)
//	tracer.Inject(ctx, out...)
//	end(nil)
//
// A nil *Tracer does nothing and costs nothing. The environment variables are
// those of the OpenTelemetry specification.
package tracing

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/twmb/franz-go/pkg/kgo"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// Tracer makes spans of records.
type Tracer struct{ tracer trace.Tracer }

// ErrSetting says that an environment variable asks for what there is not.
var ErrSetting = errors.New("unknown tracing setting")

// Open makes the tracer that the environment asks for: none unless
// OTEL_TRACES_EXPORTER is otlp or an OTLP endpoint is set. Stop sends what is
// left.
func Open(ctx context.Context, version string) (tracer *Tracer, stop func(context.Context) error, err error) {
	off := func(context.Context) error { return nil }
	env := func(names ...string) string {
		for _, name := range names {
			if value := os.Getenv(name); value != "" {
				return value
			}
		}
		return ""
	}
	endpoint := env("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
	exporter := env("OTEL_TRACES_EXPORTER")
	switch {
	case strings.EqualFold(env("OTEL_SDK_DISABLED"), "true"), exporter == "none", exporter == "" && endpoint == "":
		return nil, off, nil
	case exporter != "" && exporter != "otlp":
		return nil, off, fmt.Errorf("%w: OTEL_TRACES_EXPORTER=%s, not one of otlp, none", ErrSetting, exporter)
	}
	if protocol := env("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"); protocol != "" && protocol != "http/protobuf" {
		return nil, off, fmt.Errorf("%w: OTEL_EXPORTER_OTLP_PROTOCOL=%s, only http/protobuf is spoken", ErrSetting, protocol)
	}
	client, err := otlptracehttp.New(ctx)
	if err != nil {
		return nil, off, fmt.Errorf("trace exporter: %w", err)
	}
	who, err := resource.New(ctx,
		resource.WithAttributes(attribute.String("service.name", "vislang"), attribute.String("service.version", version)),
		resource.WithFromEnv(),
	)
	if err != nil {
		return nil, off, fmt.Errorf("trace resource: %w", err)
	}
	provider := sdktrace.NewTracerProvider(sdktrace.WithBatcher(client), sdktrace.WithResource(who))
	return &Tracer{provider.Tracer("vislang")}, provider.Shutdown, nil
}

// Consume starts the span of a stage's work on a record, as a child of the
// span that wrote it. End finishes it, with an error if there is one.
func (t *Tracer) Consume(ctx context.Context, stage string, rec *kgo.Record) (_ context.Context, end func(error)) {
	if t == nil {
		return ctx, func(error) {}
	}
	ctx = propagation.TraceContext{}.Extract(ctx, carrier{rec})
	ctx, span := t.tracer.Start(ctx, stage+" process", trace.WithSpanKind(trace.SpanKindConsumer), trace.WithAttributes(
		attribute.String("messaging.system", "kafka"),
		attribute.String("messaging.consumer.group.name", stage),
		attribute.String("messaging.destination.name", rec.Topic),
		attribute.Int("messaging.destination.partition.id", int(rec.Partition)),
		attribute.Int64("messaging.kafka.offset", rec.Offset),
		attribute.String("messaging.kafka.message.key", string(rec.Key)),
	))
	return ctx, func(err error) {
		if err != nil {
			span.RecordError(err)
			span.SetStatus(codes.Error, err.Error())
		}
		span.End()
	}
}

// Produce makes a span that begins the trace of a record.
func (t *Tracer) Produce(ctx context.Context, stage string, rec *kgo.Record) {
	if t == nil {
		return
	}
	ctx, span := t.tracer.Start(ctx, stage+" publish", trace.WithSpanKind(trace.SpanKindProducer), trace.WithAttributes(
		attribute.String("messaging.system", "kafka"),
		attribute.String("messaging.destination.name", rec.Topic),
		attribute.String("messaging.kafka.message.key", string(rec.Key)),
	))
	defer span.End()
	t.Inject(ctx, rec)
}

// Inject writes the span of ctx into records that are to be produced.
func (t *Tracer) Inject(ctx context.Context, records ...*kgo.Record) {
	if t == nil {
		return
	}
	for _, rec := range records {
		propagation.TraceContext{}.Inject(ctx, carrier{rec})
	}
}

// carrier reads and writes the headers of a record.
type carrier struct{ rec *kgo.Record }

func (c carrier) Get(key string) string {
	for _, h := range c.rec.Headers {
		if h.Key == key {
			return string(h.Value)
		}
	}
	return ""
}

func (c carrier) Set(key, value string) {
	// Records may share their headers.
	c.rec.Headers = append(slices.DeleteFunc(slices.Clone(c.rec.Headers), func(h kgo.RecordHeader) bool { return h.Key == key }),
		kgo.RecordHeader{Key: key, Value: []byte(value)})
}

func (c carrier) Keys() []string {
	keys := make([]string, len(c.rec.Headers))
	for i, h := range c.rec.Headers {
		keys[i] = h.Key
	}
	return keys
}
