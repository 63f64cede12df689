package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/sync/errgroup"

	"vislang/pkg/cache"
	"vislang/pkg/config"
	"vislang/pkg/embed"
	"vislang/pkg/lang"
	"vislang/pkg/ocr"
	"vislang/pkg/pdf"
	"vislang/pkg/stream"
	"vislang/pkg/stream/control"
	"vislang/pkg/stream/retry"
	"vislang/pkg/stream/tracing"
	"vislang/processors"
	"vislang/processors/align"
	"vislang/processors/assemble"
	"vislang/processors/extract"
	"vislang/processors/match"
	ocrstage "vislang/processors/ocr"
	"vislang/producers"
	"vislang/schemas"
	"vislang/sinks/clickhouse"
)

// pipeline is everything that one process runs.
type pipeline struct {
	c         *connection
	data      string
	state     string // folder
	protocol  string // of consumer groups
	instance  string
	log       *slog.Logger
	codec     *schemas.Codec
	registry  *prometheus.Registry
	metrics   *stream.Metrics
	health    stream.Health
	control   *control.Control
	tracer    *tracing.Tracer
	children  *childMetrics
	lagging   *lagMetrics
	stages    []stageRun
	sink      *clickhouse.Sink
	publisher *producers.Publisher
	sources   []*sourceRun
	lasting   bool // run the lasting sources too
	untilIdle bool
	progress  *progress
	started   time.Time
	closers   []func() error
	maxPages  int
	host      string // of /metrics
	port      int
}

// stageRun is a stage with the number of its workers.
type stageRun struct {
	stage   stream.Stage
	workers int
}

// openPipeline connects to the engines and opens what the stages need.
func openPipeline(cmd *cobra.Command, addresses []string) (_ *pipeline, err error) {
	ctx, flags := cmd.Context(), cmd.Flags()
	names, err := stagesOf(flags)
	if err != nil {
		return nil, err
	}
	p := &pipeline{started: time.Now(), registry: prometheus.NewRegistry()}
	p.progress = newProgress(cmd.ErrOrStderr(), p)
	log, err := newLogger(flags, p.progress)
	if err != nil {
		return nil, err
	}
	p.log = log
	defer func() {
		if err != nil {
			p.close()
		}
	}()
	p.data, _ = flags.GetString("data")
	p.state, _ = flags.GetString("state")
	p.state = firstOf(p.state, filepath.Join(p.data, "state"))
	p.protocol, _ = flags.GetString("group-protocol")
	if p.protocol != stream.ProtocolClassic && p.protocol != stream.ProtocolConsumer {
		return nil, usageError{fmt.Errorf("--group-protocol %s: not one of %s, %s", p.protocol, stream.ProtocolClassic, stream.ProtocolConsumer)}
	}
	p.untilIdle, _ = flags.GetBool("until-idle")
	p.maxPages, _ = flags.GetInt("max-pages")
	p.host, _ = flags.GetString("metrics-host")
	p.port, _ = flags.GetInt("metrics-port")
	p.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	p.metrics = stream.NewMetrics(p.registry)
	p.children, p.lagging = newChildMetrics(p.registry), newLagMetrics(p.registry)
	p.registry.MustRegister(healthMetrics{p})
	tracer, stopTracing, err := tracing.Open(ctx, version)
	if err != nil {
		return nil, usageError{err}
	}
	p.tracer = tracer
	p.closers = append(p.closers, func() error {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		return stopTracing(ctx)
	})

	if p.c, err = connect(cmd, own, log); err != nil {
		return nil, err
	}
	if _, err := p.c.createTopics(ctx); err != nil {
		return nil, err
	}
	// A process that owns its broker is alone on it; its transactional ids
	// need not tell hosts apart, and a copied data folder keeps working.
	p.instance = instanceOf(flags, p.c.lock != nil)
	watching, stopWatching := context.WithCancel(context.WithoutCancel(ctx))
	p.closers = append(p.closers, func() error { stopWatching(); return nil })
	if p.control, err = control.Watch(watching, p.c.kafka, log); err != nil {
		return nil, err
	}
	if err := retry.Do(ctx, log, "register schemas at "+config.Mask(p.c.info.Registry), func(ctx context.Context) error {
		return schemas.Register(ctx, p.c.registry)
	}); err != nil {
		return nil, fmt.Errorf("%w: check --registry", err)
	}
	p.codec = schemas.NewCodec(p.c.registry)
	workers, _ := flags.GetInt("workers")
	if workers < 1 {
		return nil, usageError{fmt.Errorf("--workers %d: at least 1", workers)}
	}
	pivots, _ := flags.GetStringSlice("pivots")
	list, _ := flags.GetStringSlice("pairs")
	pairs, err := match.ParsePairs(pivots, list)
	if err != nil {
		return nil, usageError{fmt.Errorf("--pairs: %w", err)}
	}
	if err := p.openStages(flags, names, workers, pairs); err != nil {
		return nil, err
	}
	if slices.Contains(names, stageClickHouse) {
		linger, _ := flags.GetDuration("linger")
		if p.sink, err = clickhouse.New(clickhouse.Options{
			Kafka: p.c.kafka, Database: p.c.database, Codec: p.codec, Blobs: p.c.blobs,
			Version: version, Linger: linger, Memory: sinkMemory, Log: log, Metrics: p.registry,
			Instance: p.instance, Control: p.control, Health: &p.health, Tracer: p.tracer,
		}); err != nil {
			return nil, err
		}
	}
	p.lasting = slices.Contains(names, stageSources)
	if len(addresses) > 0 || p.lasting {
		if p.publisher, err = producers.NewPublisher(ctx, producers.PublisherOptions{Kafka: p.c.kafka, Instance: p.instance, Codec: p.codec, Control: p.control, Registry: p.registry, Tracer: p.tracer, Log: log}); err != nil {
			return nil, err
		}
		p.closers = append(p.closers, p.publisher.Close)
	}
	for _, address := range addresses {
		source, err := openSource(address, sourceOptions(flags), p.c.blobs, log, p.maxPages)
		if err != nil {
			return nil, err
		}
		p.sources = append(p.sources, &sourceRun{source: source, output: p.publisher.Output(source.Name())})
	}
	return p, nil
}

func (p *pipeline) openStages(flags *pflag.FlagSet, names []string, workers int, pairs match.Pairs) error {
	var model *lang.Model
	if slices.ContainsFunc(names, func(name string) bool {
		return name == stageExtract || name == stageOCR || name == stageAssemble
	}) {
		path, err := flags.GetString("language-model")
		if err != nil {
			return err
		}
		if model, err = loadLanguageModel(path); err != nil {
			return err
		}
	}
	for _, name := range names {
		switch name {
		case stageExtract:
			pool := pdf.NewPool(pdf.Options{Processes: min(2, workers), Started: p.children.starter("pdf"), Ended: p.children.ender("pdf")})
			p.closers = append(p.closers, pool.Close)
			stage := extract.NewStage(p.codec, p.c.blobs, pool, model, p.log)
			p.stages = append(p.stages, stageRun{stage, min(2, workers)})
		case stageOCR:
			engines, err := flags.GetStringSlice("ocr-engines")
			if err != nil {
				return err
			}
			pool, err := ocr.NewPool(ocr.Options{Children: workers, Engines: engines, Identifier: model, IdentifierName: model.Name(), Log: p.log, Started: p.children.starter("ocr"), Ended: p.children.ender("ocr")})
			if err != nil {
				return err
			}
			p.closers = append(p.closers, pool.Close)
			results, err := p.openCache(flags)
			if err != nil {
				return err
			}
			stage := ocrstage.New(ocrstage.Options{Codec: p.codec, Blobs: p.c.blobs, Pool: ocrstage.Cached(pool, results, p.log), Log: p.log})
			p.stages = append(p.stages, stageRun{stage, workers})
		case stageAssemble:
			p.stages = append(p.stages, stageRun{assemble.New(assemble.Options{Codec: p.codec, Blobs: p.c.blobs, Language: model}), 1})
		case stageAlign:
			vectors, err := p.openEmbeddings(flags)
			if err != nil {
				return err
			}
			find, _ := flags.GetBool("find")
			learn, _ := flags.GetBool("learn")
			o := match.Options{Codec: p.codec, Blobs: p.c.blobs, Pairs: pairs, DeclaredOnly: !find}
			p.stages = append(p.stages, stageRun{match.NewPair(o), 1}, stageRun{match.NewSight(o), 1}, stageRun{match.NewMeet(o), 1},
				stageRun{align.New(align.Options{Codec: p.codec, Blobs: p.c.blobs, Forget: !learn, Embeddings: vectors, Log: p.log}), 1})
		}
	}
	return nil
}

// openCache opens the cache of OCR results, nil if none is wanted.
func (p *pipeline) openCache(flags *pflag.FlagSet) (*cache.Cache, error) {
	address, _ := flags.GetString("redis")
	dir, _ := flags.GetString("cache")
	if dir == "off" {
		return nil, nil
	}
	results, err := cache.Open(cache.Options{Dir: firstOf(dir, filepath.Join(p.data, "cache")), Redis: address, Metrics: p.registry, Log: p.log})
	if err != nil {
		return nil, usageError{err}
	}
	p.closers = append(p.closers, results.Close)
	return results, nil
}

// openEmbeddings opens the client of an embedding service, nil if none is named.
func (p *pipeline) openEmbeddings(flags *pflag.FlagSet) (*embed.Client, error) {
	address, _ := flags.GetString("embeddings")
	if address == "" {
		return nil, nil
	}
	model, _ := flags.GetString("embeddings-model")
	client, err := embed.Open(embed.Options{URL: address, Model: model, Timeout: 30 * time.Second, Cache: filepath.Join(p.data, "embeddings")})
	if err != nil {
		return nil, usageError{err}
	}
	p.closers = append(p.closers, client.Close)
	return client, nil
}

// statefulStages are those that keep state, by key and partition of their input.
func statefulStages() []stream.Stateful {
	return []stream.Stateful{&assemble.Stage{}, &match.Pair{}, &match.Meet{}, &align.Stage{}}
}

// changelogs are the state topics of the stages, with as many partitions as
// their inputs.
func changelogs() []schemas.Topic {
	var topics []schemas.Topic
	for _, stage := range statefulStages() {
		for _, input := range append(schemas.Topics(), match.InternalTopics()...) {
			if input.Name == stage.Inputs()[0] {
				topics = append(topics, schemas.Topic{
					Name: stage.Changelog(), Partitions: input.Partitions,
					Configs: map[string]string{
						"cleanup.policy": "compact",
						// A local copy of the state must see every deletion.
						"delete.retention.ms": "86400000",
					},
				})
			}
		}
	}
	return topics
}

func (p *pipeline) close() error {
	var errs []error
	for i := len(p.closers) - 1; i >= 0; i-- {
		errs = append(errs, p.closers[i]())
	}
	p.closers = nil
	if p.c != nil {
		errs = append(errs, p.c.Close())
	}
	return errors.Join(errs...)
}

// sinkMemory bounds the rows that wait for the database, well below the
// process's memory limit: the collector would work without end near it.
const sinkMemory = 160 << 20

// groups are the consumer groups of this process with their topics.
func (p *pipeline) groups() map[string][]string {
	groups := map[string][]string{}
	for _, s := range p.stages {
		groups[s.stage.Name()] = s.stage.Inputs()
	}
	if p.sink != nil {
		groups[clickhouse.Group] = clickhouse.Topics()
	}
	return groups
}

// run runs everything until ctx ends or, with --until-idle, nothing is left
// to do.
func (p *pipeline) run(ctx context.Context) error {
	outer := ctx
	defer context.AfterFunc(outer, func() {
		fmt.Fprintln(p.progress, "vislang: stopping after the work at hand; Ctrl-C again stops at once")
	})()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if p.sink != nil {
		if err := clickhouse.Migrate(ctx, p.c.database); err != nil {
			if outer.Err() != nil {
				return nil
			}
			return fmt.Errorf("%w: check --database, its user and its password", err)
		}
	}
	if err := p.serveMetrics(ctx); err != nil {
		return err
	}
	if err := p.c.publish(); err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	for _, s := range p.stages {
		group.Go(func() error {
			return stream.Run(ctx, s.stage, stream.Options{
				Kafka: p.c.kafka, Instance: p.instance, Version: version, Workers: s.workers, StateDir: p.state, Protocol: p.protocol,
				DeadLetter: processors.DeadLetters(p.codec), Document: processors.Document(p.codec), BatchBytes: schemas.BatchBytes, Spread: []string{schemas.TopicPages}, Log: p.log, Metrics: p.metrics,
				Health: &p.health, Control: p.control, Registry: p.registry, Tracer: p.tracer,
			})
		})
	}
	if p.sink != nil {
		group.Go(func() error { return p.sink.Run(ctx) })
	}
	group.Go(func() error { return p.control.Deaf(ctx) })
	group.Go(func() error { p.progress.run(ctx); return nil })
	group.Go(func() error { p.watchLag(ctx); return nil })
	group.Go(func() error {
		if err := p.read(ctx); err != nil {
			return err
		}
		if !p.untilIdle {
			if p.lasting {
				return p.supervise(ctx)
			}
			<-ctx.Done()
			return nil
		}
		if err := p.waitIdle(ctx); err != nil {
			return err
		}
		cancel()
		return nil
	})
	// Everything returns nil after a cancellation: an error is one.
	err := group.Wait()
	p.progress.finish()
	if outer.Err() != nil && (err == nil || errors.Is(err, context.Canceled)) {
		if p.untilIdle {
			return errors.New("stopped before the end; run again to go on")
		}
		return nil
	}
	return explained(err)
}

// waitIdle returns when no group of this process lags.
func (p *pipeline) waitIdle(ctx context.Context) error {
	admin := stream.NewAdmin(p.c.kafka...)
	defer admin.Close()
	if p.sink != nil {
		p.sink.SetLinger(200 * time.Millisecond)
	}
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	told := ""
	for {
		lags, err := admin.Lags(ctx, p.groups())
		if err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			p.log.Warn("cannot see how far the groups are", "error", err)
		} else if idle(lags) {
			return nil
		}
		if held := p.held(lags); held != told {
			if told = held; held != "" {
				fmt.Fprintf(p.progress, "vislang: waiting for an operator: %s; go on with `vislang groups resume`\n", held)
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// held names the groups that lag because an operator paused them or took this
// process out; "" if there are none.
func (p *pipeline) held(lags map[string]stream.Lag) string {
	var held []string
	for _, group := range slices.Sorted(maps.Keys(lags)) {
		if lags[group].Records == 0 {
			continue
		}
		switch state := p.control.State(group, p.instance); {
		case state.Out:
			held = append(held, fmt.Sprintf("%s is out of group %s", p.instance, group))
		case state.Paused:
			held = append(held, fmt.Sprintf("%s is paused", group))
		}
	}
	return strings.Join(held, ", ")
}

func idle(lags map[string]stream.Lag) bool {
	for _, lag := range lags {
		if lag.Records > 0 {
			return false
		}
	}
	return true
}
