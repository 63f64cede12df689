package clickhouse

import (
	"context"
	"fmt"
	"strconv"
	"time"

	ch "github.com/ClickHouse/clickhouse-go/v2"
)

// openDatabase migrates and opens the database, waiting for it to be there.
func (s *Sink) openDatabase(ctx context.Context) error {
	for attempt := 0; ; attempt++ {
		err := s.tryOpen(ctx)
		if err == nil || ctx.Err() != nil {
			s.outages.report("database", nil)
			return nil
		}
		s.outages.report("database", err)
		if !sleep(ctx, backoff(attempt)) {
			return nil
		}
	}
}

func (s *Sink) tryOpen(ctx context.Context) error {
	if err := migrate(ctx, s.database); err != nil {
		return err
	}
	conn, err := ch.Open(s.database)
	if err != nil {
		return fmt.Errorf("open database: %w", err)
	}
	types, err := columnTypes(ctx, conn)
	if err != nil {
		conn.Close()
		return err
	}
	s.conn, s.types = conn, types
	if s.database.Protocol == ch.HTTP {
		s.post = newPoster(s.database)
	}
	return nil
}

// columnTypes reads the types of all columns, which clickhouse-go would
// otherwise ask for before every insert.
func columnTypes(ctx context.Context, conn ch.Conn) (map[string]map[string]string, error) {
	found, err := conn.Query(ctx, "SELECT table, name, type FROM system.columns WHERE database = currentDatabase()")
	if err != nil {
		return nil, fmt.Errorf("read types of columns: %w", err)
	}
	defer found.Close()
	types := map[string]map[string]string{}
	for found.Next() {
		var table, name, kind string
		if err := found.Scan(&table, &name, &kind); err != nil {
			return nil, fmt.Errorf("read types of columns: %w", err)
		}
		if types[table] == nil {
			types[table] = map[string]string{}
		}
		types[table][name] = kind
	}
	return types, found.Err()
}

// InsertedMessage is what the log says at level debug of each block that was
// inserted, with topic, partition, the range of offsets, table and rows.
const InsertedMessage = "block inserted"

// insert inserts the blocks of a batch under its token, trying until it
// succeeds or ctx ends.
func (s *Sink) insert(ctx context.Context, tp topicPartition, b *batch) error {
	for _, block := range b.blocks.ordered() {
		token := b.intent.Token + "/" + block.token()
		for attempt := 0; ; attempt++ {
			landed := (attempt > 0 || b.again) && s.landed(ctx, block, tp, b)
			started := time.Now()
			err := s.send(ctx, block, token)
			if err == nil && landed {
				s.metrics.dropped.Inc()
			}
			if err == nil {
				block.done()
				s.log.DebugContext(ctx, InsertedMessage, "topic", tp.topic, "partition", tp.partition, "offset", b.start.offset, "end", b.end.offset, "table", block.table(), "rows", block.len(), "seconds", time.Since(started).Seconds())
			}
			if ctx.Err() != nil {
				return ctx.Err()
			}
			s.outages.report(inserting(tp), err)
			if err == nil {
				break
			}
			if !sleep(ctx, backoff(attempt)) {
				return ctx.Err()
			}
		}
	}
	s.metrics.batches.Inc()
	for _, end := range b.spans {
		end(nil)
	}
	return nil
}

// inserting names the inserts of a partition among the outages.
func inserting(tp topicPartition) string { return "insert of " + tp.String() }

// landed tells whether a block that may have been inserted before is in its
// table: then ClickHouse drops it now, which its answer does not say. Only a
// metric depends on it.
func (s *Sink) landed(ctx context.Context, block block, tp topicPartition, b *batch) bool {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	var rows uint64
	err := s.conn.QueryRow(ctx, "SELECT count() FROM (SELECT 1 FROM "+block.table()+" WHERE topic = ? AND partition = ? AND offset >= ? AND offset < ? LIMIT 1)",
		tp.topic, tp.partition, b.start.offset, b.intent.End).Scan(&rows)
	return err == nil && rows > 0
}

// insertTimeout ends an insert whose answer does not come. The next try has
// the same token.
const insertTimeout = 5 * time.Minute

// send inserts one block.
func (s *Sink) send(ctx context.Context, b block, token string) error {
	select {
	case s.slots <- struct{}{}:
		defer func() { <-s.slots }()
	case <-ctx.Done():
		return ctx.Err()
	}
	ctx, cancel := context.WithTimeout(ctx, insertTimeout)
	defer cancel()
	started := time.Now()
	settings := insertSettings(token)
	if s.o.without.token {
		// Without any token ClickHouse would compare the blocks' contents.
		settings["insert_deduplication_token"] = strconv.FormatInt(time.Now().UnixNano(), 10)
	}
	var err error
	if s.post != nil {
		err = s.post.insert(ctx, b, settings)
	} else {
		err = s.sendNative(ctx, b, settings)
	}
	if err != nil {
		return fmt.Errorf("insert into %s: %w", b.table(), err)
	}
	s.metrics.inserted(b, time.Since(started))
	return nil
}

// insertSettings have ClickHouse take a token once.
func insertSettings(token string) ch.Settings {
	return ch.Settings{
		"insert_deduplication_token": token,
		"insert_deduplicate":         1,
		"async_insert":               0,
	}
}

// sendNative inserts a block over the native protocol.
func (s *Sink) sendNative(ctx context.Context, b block, settings ch.Settings) error {
	types := make([]ch.ColumnNameAndType, 0, len(b.columns()))
	for _, name := range b.columns() {
		types = append(types, ch.ColumnNameAndType{Name: name, Type: s.types[b.table()][name]})
	}
	batch, err := s.conn.PrepareBatch(ch.Context(ctx, ch.WithColumnNamesAndTypes(types), ch.WithSettings(settings)), b.insert())
	if err != nil {
		return err
	}
	defer batch.Close()
	if err := b.fill(batch); err != nil {
		return err
	}
	return batch.Send()
}
