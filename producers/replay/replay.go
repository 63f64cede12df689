package replay

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"vislang/pkg/stream"
	"vislang/schemas"
)

// extract is the stage that a document is begun again at.
const extract = "extract"

// Bounds of one transaction.
const (
	maxRecords = 500
	maxBytes   = 8 << 20
)

// Replayer writes records again. Only one works at a time: a second one makes
// the writing of the first fail, and sees all that the first has committed.
type Replayer struct {
	o      Options
	client *kgo.Client

	pending []*kgo.Record
	bytes   int
}

// Open takes over from whoever replayed before: a transaction that was left
// open is aborted, as if it had never been.
func Open(ctx context.Context, o Options) (*Replayer, error) {
	client, err := kgo.NewClient(append(slices.Clone(o.Kafka),
		kgo.TransactionalID("vislang-replay"),
		kgo.TransactionTimeout(time.Minute),
		kgo.ProducerBatchMaxBytesFn(schemas.BatchBytes),
		kgo.ProducerLinger(0),
		kgo.RecordPartitioner(kgo.ManualPartitioner()),
	)...)
	if err != nil {
		return nil, fmt.Errorf("open producer: %w", err)
	}
	if _, _, err := client.ProducerID(ctx); err != nil {
		client.Close()
		return nil, fmt.Errorf("take over transactional id vislang-replay: %w", err)
	}
	return &Replayer{o: o, client: client}, nil
}

// Close ends the replayer.
func (r *Replayer) Close() { r.client.Close() }

// Outcome is what was, or would be, done with a letter or document.
type Outcome struct {
	Letter   string `json:"letter,omitempty"` // partition/offset
	Stage    string `json:"stage"`
	Class    string `json:"class,omitempty"`
	Source   string `json:"source,omitempty"`
	Document string `json:"document_id,omitempty"`
	As       string `json:"as,omitempty"`       // record: it is written again; document: its document is begun again
	Revision int64  `json:"revision,omitempty"` // of that document
	Problem  string `json:"problem,omitempty"`  // why nothing can be done
}

// How a letter is replayed.
const (
	AsRecord   = "record"
	AsDocument = "document"
)

// plan is what is to be done.
type plan struct {
	outcomes  []*Outcome
	records   map[string]bool                // letters by id to be written again
	documents map[string]*document           // documents by id to be begun again
	settles   map[string]map[string]struct{} // keys of the states that an outcome settles, by its letter or document
	revision  int64
}

// document is a document to be begun again.
type document struct {
	earlier  []stream.Earlier
	outcomes []*Outcome
	record   *kgo.Record
}

// Plan tells what Replay would do. It changes nothing.
func Plan(ctx context.Context, o Options, f Filter) ([]*Outcome, error) {
	p, err := makePlan(ctx, o, f)
	if err != nil {
		return nil, err
	}
	return p.outcomes, nil
}

func makePlan(ctx context.Context, o Options, f Filter) (*plan, error) {
	f.State = StateOpen
	p := &plan{
		records: map[string]bool{}, documents: map[string]*document{}, settles: map[string]map[string]struct{}{},
		revision: time.Now().UnixMilli(),
	}
	seen := map[string]bool{}
	err := Read(ctx, o, f, func(l *Letter) error {
		out := &Outcome{Letter: l.ID(), Stage: l.Stage, Class: l.Class, Source: l.Source(), Document: l.DocumentID}
		p.outcomes = append(p.outcomes, out)
		switch {
		case l.Corrupt != nil:
			out.Problem = fmt.Sprintf("the letter itself cannot be read: %v", l.Corrupt)
		case l.whole():
			out.As = AsRecord
			if !seen[l.key()] { // the sink writes a second letter after a reset
				seen[l.key()] = true
				p.records[out.Letter] = true
			}
		case l.DocumentID == "":
			out.Problem = "the letter names no document that could be begun again"
		default:
			out.As, out.Revision = AsDocument, p.revision
			d := p.documents[l.DocumentID]
			if d == nil {
				d = &document{}
				p.documents[l.DocumentID] = d
			}
			d.outcomes = append(d.outcomes, out)
			d.earlier = append(d.earlier, stream.Earlier{Stage: l.Stage, Part: int(l.Page), Attempts: int(l.Attempts), First: l.FirstFailedAt})
			if p.settles[l.DocumentID] == nil {
				p.settles[l.DocumentID] = map[string]struct{}{}
			}
			p.settles[l.DocumentID][l.key()] = struct{}{}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return p, findDocuments(ctx, o, p.documents)
}

// findDocuments reads the records of documents. They stay in their topic for
// ever.
func findDocuments(ctx context.Context, o Options, wanted map[string]*document) error {
	missing := len(wanted)
	if missing == 0 {
		return nil
	}
	err := readTopic(ctx, o.Kafka, schemas.TopicDocuments, func(rec *kgo.Record) error {
		if d := wanted[string(rec.Key)]; d != nil && d.record == nil {
			d.record = rec
			if missing--; missing == 0 {
				return errEnough
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for id, d := range wanted {
		if d.record == nil {
			for _, out := range d.outcomes {
				out.As, out.Revision = "", 0
				out.Problem = fmt.Sprintf("document %s is not in topic %s", id, schemas.TopicDocuments)
			}
			delete(wanted, id)
		}
	}
	return nil
}

// Replay writes the selected open letters again and notes that they were. What
// is committed stays when it fails in the middle; a repetition goes on.
func (r *Replayer) Replay(ctx context.Context, f Filter) ([]*Outcome, error) {
	p, err := makePlan(ctx, r.o, f)
	if err != nil {
		return nil, err
	}
	now := time.Now().UTC().Truncate(time.Millisecond)
	err = read(ctx, r.o, f, nil, func(l *Letter) error {
		if !p.records[l.ID()] {
			return nil
		}
		return r.add(ctx, again(l), stateRecord(l.key(), State{State: StateReplayed, At: now}))
	})
	if err != nil {
		return p.outcomes, err
	}
	for _, id := range slices.Sorted(maps.Keys(p.documents)) {
		d := p.documents[id]
		records, err := r.beginAgain(ctx, d, p.revision)
		if err != nil {
			return p.outcomes, fmt.Errorf("document %s: %w", id, err)
		}
		for _, key := range slices.Sorted(maps.Keys(p.settles[id])) {
			records = append(records, stateRecord(key, State{State: StateReplayed, At: now, Revision: p.revision}))
		}
		if err := r.add(ctx, records...); err != nil {
			return p.outcomes, err
		}
	}
	return p.outcomes, r.commit(ctx)
}

// Discard notes that the selected open letters need no more work.
func (r *Replayer) Discard(ctx context.Context, f Filter, reason string) ([]*Outcome, error) {
	f.State = StateOpen
	now := time.Now().UTC().Truncate(time.Millisecond)
	var outcomes []*Outcome
	err := Read(ctx, r.o, f, func(l *Letter) error {
		outcomes = append(outcomes, &Outcome{Letter: l.ID(), Stage: l.Stage, Class: l.Class, Source: l.Source(), Document: l.DocumentID})
		return r.add(ctx, stateRecord(l.key(), State{State: StateDiscarded, At: now, Reason: reason}))
	})
	if err != nil {
		return nil, err
	}
	return outcomes, r.commit(ctx)
}

// Documents begins documents again, under a new revision, which is returned
// with the number of those that are in the topic of documents.
func (r *Replayer) Documents(ctx context.Context, ids []string) (revision int64, found int, err error) {
	wanted := map[string]*document{}
	for _, id := range ids {
		wanted[id] = &document{}
	}
	if err := findDocuments(ctx, r.o, wanted); err != nil {
		return 0, 0, err
	}
	revision = time.Now().UnixMilli()
	for _, id := range slices.Sorted(maps.Keys(wanted)) {
		records, err := r.beginAgain(ctx, wanted[id], revision)
		if err == nil {
			err = r.add(ctx, records...)
		}
		if err != nil {
			return 0, 0, fmt.Errorf("document %s: %w", id, err)
		}
	}
	return revision, len(wanted), r.commit(ctx)
}

// again is the record of a letter, as it was, meant for the stage that failed.
func again(l *Letter) *kgo.Record {
	rec := &kgo.Record{Topic: l.SourceTopic, Partition: l.SourcePartition, Key: nonEmpty(l.Key), Value: nonEmpty(l.Value)}
	origin := l.Source()
	for _, h := range l.Headers {
		if h.Key == stream.HeaderOrigin {
			origin = string(h.Value)
		}
		if !strings.HasPrefix(h.Key, "vislang-") || h.Key == stream.HeaderEarlier {
			rec.Headers = append(rec.Headers, kgo.RecordHeader{Key: h.Key, Value: h.Value})
		}
	}
	mark(rec, stream.Replay{Stage: l.Stage, Attempts: int(l.Attempts), First: l.FirstFailedAt, Origin: origin})
	return rec
}

// beginAgain is the record of a document under a new revision.
func (r *Replayer) beginAgain(ctx context.Context, d *document, revision int64) ([]*kgo.Record, error) {
	doc, err := schemas.Decode[schemas.Document](ctx, r.o.Codec, d.record.Value)
	if err != nil {
		return nil, err
	}
	doc.Revision = revision
	value, err := r.o.Codec.Encode(ctx, doc)
	if err != nil {
		return nil, err
	}
	rec := &kgo.Record{Topic: d.record.Topic, Partition: d.record.Partition, Key: d.record.Key, Value: value}
	for _, h := range d.record.Headers {
		if !strings.HasPrefix(h.Key, "vislang-") {
			rec.Headers = append(rec.Headers, h)
		}
	}
	mark(rec, stream.Replay{Stage: extract, Origin: fmt.Sprintf("%s/%d/%d", rec.Topic, rec.Partition, d.record.Offset)})
	if len(d.earlier) > 0 {
		rec.Headers = append(rec.Headers, kgo.RecordHeader{Key: stream.HeaderEarlier, Value: stream.EncodeEarlier(d.earlier)})
	}
	return []*kgo.Record{rec}, nil
}

func mark(rec *kgo.Record, replay stream.Replay) {
	for _, h := range replay.Headers() {
		rec.Headers = append(rec.Headers, kgo.RecordHeader{Key: h.Key, Value: h.Value})
	}
}

// nonEmpty gives an empty key or value as none: a letter cannot tell them
// apart, and an encoded record is never empty.
func nonEmpty(b []byte) []byte {
	if len(b) == 0 {
		return nil
	}
	return b
}

func stateRecord(key string, state State) *kgo.Record {
	value, err := json.Marshal(state)
	if err != nil { // strings and numbers only
		panic(err)
	}
	return &kgo.Record{Topic: StateTopic, Key: []byte(key), Value: value}
}

// add puts records that belong together into the next transaction.
func (r *Replayer) add(ctx context.Context, records ...*kgo.Record) error {
	for _, rec := range records {
		r.bytes += len(rec.Value)
	}
	r.pending = append(r.pending, records...)
	if len(r.pending) >= maxRecords || r.bytes >= maxBytes {
		return r.commit(ctx)
	}
	return nil
}

func (r *Replayer) commit(ctx context.Context) error {
	if len(r.pending) == 0 {
		return nil
	}
	records := r.pending
	r.pending, r.bytes = nil, 0
	if err := r.client.BeginTransaction(); err != nil {
		return fmt.Errorf("begin transaction: %w", err)
	}
	if err := r.client.ProduceSync(ctx, records...).FirstErr(); err != nil {
		return errors.Join(fmt.Errorf("write records: %w", err), r.client.EndTransaction(context.WithoutCancel(ctx), kgo.TryAbort))
	}
	if r.o.hook != nil {
		if err := r.o.hook(); err != nil {
			return err
		}
	}
	if err := r.client.EndTransaction(ctx, kgo.TryCommit); err != nil {
		return fmt.Errorf("commit: %w: repeat the command; what is done is not done again", err)
	}
	return nil
}
