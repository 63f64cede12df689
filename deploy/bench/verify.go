package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"vislang/schemas"
)

// measureVerify loads many small records and has `vislang verify` prove that
// each has its row: by Kafka's offsets, and by the sink's counters alone. Then
// it takes some rows away and has them found.
func measureVerify(ctx context.Context, b *bench) error {
	m, err := openSinkBench(ctx, b, "verify")
	if err != nil {
		return err
	}
	defer m.close()
	if err := m.produce(ctx, schemas.TopicSamples, b.records, smallest); err != nil {
		return fmt.Errorf("fill the topic: %w", err)
	}
	loaded, _, err := m.runSink(ctx, m.dsn, b.records)
	if err != nil {
		return err
	}
	figure("verify.records", float64(b.records), "records, each a row")
	figure("verify.load", float64(b.records)/loaded.wall.Seconds(), "rows/s of the sink")
	figure("verify.engine.memory", float64(resident(m.pid()))/(1<<20), "MiB resident of Kafka and ClickHouse")
	if err := m.verify(ctx, b, "verify.full", 0); err != nil {
		return err
	}
	if err := m.verify(ctx, b, "verify.quick", 0, "--quick"); err != nil {
		return err
	}
	if err := m.db.Exec(ctx, "DELETE FROM all_samples WHERE offset % 100000 = 77777 SETTINGS lightweight_deletes_sync = 2"); err != nil {
		return err
	}
	left, err := m.count(ctx, []string{"all_samples"})
	if err != nil {
		return err
	}
	return m.verify(ctx, b, "verify.narrowed", b.records-int(left))
}

// smallest is a record as small as they come.
func smallest(n int) (string, any) {
	id := fmt.Sprintf("%016x", n)
	return id, &schemas.Sample{SampleID: id, Language: "swh_Latn", Response: "habari"}
}

// verify runs the command and prints what it took; it must miss that many rows.
func (m *sinkBench) verify(ctx context.Context, b *bench, name string, missing int, arguments ...string) error {
	engine := processorOf(m.pid())
	began := time.Now()
	p, err := start(ctx, b.vislang, append([]string{"verify", "--data", m.data, "--json", "--limit", "1000000"}, arguments...)...)
	if err != nil {
		return err
	}
	err = p.wait() // fails when something is found
	took := time.Since(began)
	var report struct {
		Clean         bool
		Records, Rows int
		Findings      []struct{ Expected, Found int }
	}
	if wrong := json.Unmarshal(p.stdout.Bytes(), &report); wrong != nil {
		return fmt.Errorf("%w: %w", wrong, err)
	}
	lost := 0
	for _, f := range report.Findings {
		lost += f.Expected - f.Found
	}
	if report.Records != b.records || report.Rows != b.records-missing || lost != missing || report.Clean != (missing == 0) {
		return fmt.Errorf("%s: %d of %d records, %d rows, %d missing instead of %d", name, report.Records, b.records, report.Rows, lost, missing)
	}
	figure(name, took.Seconds(), "s")
	figure(name+".rate", float64(b.records)/took.Seconds(), "records/s")
	figure(name+".processor", p.processor().Seconds(), "s of processor time of the command")
	figure(name+".engine", (processorOf(m.pid()) - engine).Seconds(), "s of processor time of Kafka and ClickHouse")
	figure(name+".memory", float64(p.peak.Load())/(1<<20), "MiB resident at peak of the command")
	return nil
}
