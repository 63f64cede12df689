package match

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"math"
	"slices"

	"vislang/pkg/align"
	"vislang/pkg/docalign"
	"vislang/pkg/lexicon"
	"vislang/pkg/stream"
	"vislang/schemas"
)

// owner handles what comes to a document.
type owner struct {
	*Options
	key string
	out *stream.Output
	ownerState
}

// ownerState is what is known of a document, but for its sketch.
type ownerState struct {
	Self    document                `json:"self"` // without an ID before it arrived
	Figures []string                `json:"figures,omitempty"`
	Bands   []uint64                `json:"bands,omitempty"`
	Waiting int                     `json:"waiting,omitempty"` // bands that have not answered
	Votes   docalign.Votes[string]  `json:"votes,omitempty"`
	Others  map[string]*counterpart `json:"others,omitempty"` // by id
}

// counterpart is a document that this one was scored with.
type counterpart struct {
	document
	Evidence docalign.Evidence `json:"evidence"`
	Chosen   bool              `json:"chosen,omitempty"` // by this document
	Chooses  bool              `json:"chooses,omitempty"`
	Matched  bool              `json:"matched,omitempty"` // and written
}

// Bounds of what is kept of a document.
const (
	maxFigures = 8
	maxOthers  = 200
)

func (o *owner) read() error {
	_, err := getJSON(o.out, o.key, &o.ownerState)
	return err
}

func (o *owner) write() error { return putJSON(o.out, o.key, &o.ownerState) }

func (o *owner) handle(ctx context.Context, m *message) error {
	switch m.Kind {
	case arrive:
		return o.arrive(ctx, m.Document)
	case figure:
		return o.figure(m.Figure)
	}
	if o.Self.ID == "" {
		return nil // it was never here
	}
	switch m.Kind {
	case met:
		return o.met(m)
	case probe:
		return o.probe(ctx, m)
	case score:
		if m.Version != o.Self.version() {
			return nil
		}
		return o.scored(ctx, m.Document, *m.Evidence)
	case choose:
		if c := o.Others[m.From]; c != nil && c.version() == m.Version {
			c.Chooses = m.Chosen
			return o.decide(ctx)
		}
	case gone:
		if c := o.Others[m.From]; c != nil && c.version() == m.Version {
			if err := o.retract(ctx, c); err != nil {
				return err
			}
			delete(o.Others, m.From)
			return o.decide(ctx)
		}
	}
	return nil
}

// arrive takes a new document, or a new version or revision of the one here.
func (o *owner) arrive(ctx context.Context, d *document) error {
	if o.Self.ID != "" {
		if !d.newer(&o.Self) {
			return nil
		}
		for _, id := range slices.Sorted(maps.Keys(o.Others)) {
			if err := o.retract(ctx, o.Others[id]); err != nil {
				return err
			}
			if err := send(o.out, toDocument(id), message{Kind: gone, From: o.Self.ID, Version: o.Self.version()}); err != nil {
				return err
			}
		}
	}
	lines, err := o.load(ctx, d)
	if err != nil {
		return err
	}
	known := docalign.Document{Lines: lines, Language: d.Language, URL: d.URL, Figures: o.Figures}
	sketch := docalign.NewSketch(known)
	docalign.NewFrequencies(o.out).Add(&sketch)
	former := o.Bands
	bands := docalign.Bands(known, &sketch)
	o.Self, o.Others, o.Votes, o.Waiting, o.Bands = *d, nil, nil, len(bands), nil
	for _, b := range bands {
		o.Bands = append(o.Bands, b.Key)
		if err := o.join(b); err != nil {
			return err
		}
	}
	for _, key := range former {
		if !slices.Contains(o.Bands, key) {
			if err := send(o.out, toBand(key), message{Kind: leave, From: d.ID}); err != nil {
				return err
			}
		}
	}
	return putJSON(o.out, o.sketchKey(), sketch)
}

func (o *owner) sketchKey() string { return "sketch/" + o.Self.ID }

func (o *owner) join(b docalign.Band) error {
	return send(o.out, toBand(b.Key), message{Kind: join, From: o.Self.ID, Version: o.Self.version(), Language: o.Self.Language, Weight: b.Weight})
}

// figure adds a figure, which may come before the text or after.
func (o *owner) figure(hash string) error {
	if len(o.Figures) == maxFigures || slices.Contains(o.Figures, hash) {
		return nil
	}
	o.Figures = append(o.Figures, hash)
	if o.Self.ID == "" {
		return nil
	}
	b := docalign.FigureBand(hash)
	o.Bands = append(o.Bands, b.Key)
	o.Waiting++
	return o.join(b)
}

// met counts an answer of a band. After the last one those met most are probed.
func (o *owner) met(m *message) error {
	if m.Version != o.Self.version() {
		return nil
	}
	if o.Votes == nil {
		o.Votes = docalign.Votes[string]{}
	}
	o.Votes.Add(m.Weight, m.Members)
	if o.Waiting--; o.Waiting > 0 {
		return nil
	}
	var sketch docalign.Sketch
	if _, err := getJSON(o.out, o.sketchKey(), &sketch); err != nil {
		return err
	}
	for _, id := range o.Votes.Best(docalign.Candidates) {
		if o.Others[id] != nil {
			continue
		}
		if err := send(o.out, toDocument(id), message{Kind: probe, Document: &o.Self, Sketch: &sketch}); err != nil {
			return err
		}
	}
	o.Votes = nil
	return nil
}

// probe scores another document with this one and tells it.
func (o *owner) probe(ctx context.Context, m *message) error {
	wanted, selfIsSource := o.Pairs.direct(o.Self.Language, m.Document.Language)
	if !wanted || m.Document.ID == o.Self.ID {
		return nil
	}
	var sketch docalign.Sketch
	if _, err := getJSON(o.out, o.sketchKey(), &sketch); err != nil {
		return err
	}
	a, b := &o.Self, m.Document
	x, y := &sketch, m.Sketch
	if !selfIsSource {
		a, b, x, y = b, a, y, x
	}
	e := docalign.Compare(x, y, docalign.NewFrequencies(o.out), o.ratio(a, b).log())
	if e.Score() < docalign.Hopeless {
		return nil
	}
	if _, _, _, err := o.align(ctx, a, b, &e); err != nil {
		return err
	}
	if err := send(o.out, toDocument(m.Document.ID), message{Kind: score, Version: m.Document.version(), Document: &o.Self, Evidence: &e}); err != nil {
		return err
	}
	return o.scored(ctx, m.Document, e)
}

func (o *owner) align(ctx context.Context, a, b *document, e *docalign.Evidence) (result align.Result, source, target []string, err error) {
	if source, err = o.load(ctx, a); err != nil {
		return result, nil, nil, err
	}
	if target, err = o.load(ctx, b); err != nil {
		return result, nil, nil, err
	}
	if len(source) > maxCompared || len(target) > maxCompared {
		// The beginning tells as much.
		source, target = source[:min(len(source), maxCompared)], target[:min(len(target), maxCompared)]
	}
	result, err = e.Align(ctx, source, target, lexicon.Open(o.out, a.Language+"-"+b.Language))
	if err != nil {
		return result, nil, nil, fmt.Errorf("compare %s with %s: %w", a.Document, b.Document, err)
	}
	return result, source, target, nil
}

// maxCompared is how many sentences of a document are compared.
const maxCompared = 300

// ratio is what is known of the ratio of letters of two languages.
type ratio struct{ Sum, N float64 }

func ratioKey(a, b *document) string { return "ratio/" + a.Language + "-" + b.Language }

func (o *owner) ratio(a, b *document) (r ratio) {
	_, _ = getJSON(o.out, ratioKey(a, b), &r) // without it, as if nothing were known
	return r
}

// log is the mean log ratio, drawn to 0 while little is known.
func (r ratio) log() float64 { return r.Sum / (r.N + 2) }

// learn takes words and lengths from a match of which there is no doubt.
func (o *owner) learn(ctx context.Context, c *counterpart) error {
	if c.Evidence.Score() < docalign.Sure {
		return nil
	}
	a, b := &o.Self, &c.document
	if _, first := o.Pairs.direct(a.Language, b.Language); !first {
		a, b = b, a
	}
	var e docalign.Evidence
	result, source, target, err := o.align(ctx, a, b, &e)
	if err != nil || result.Health < align.HealthThreshold {
		return err
	}
	lexicon.Open(o.out, a.Language+"-"+b.Language).Learn(docalign.Lesson(source, target, result))
	r := o.ratio(a, b)
	r.Sum += math.Log(float64(1+letters(target)) / float64(1+letters(source)))
	r.N++
	return putJSON(o.out, ratioKey(a, b), r)
}

func letters(lines []string) (n int) {
	for _, l := range lines {
		n += len([]rune(l))
	}
	return n
}

// scored keeps the score of a pair.
func (o *owner) scored(ctx context.Context, d *document, e docalign.Evidence) error {
	if c := o.Others[d.ID]; c != nil {
		if !c.same(d) {
			if !d.newer(&c.document) {
				return nil
			}
			if err := o.retract(ctx, c); err != nil {
				return err
			}
			o.Others[d.ID] = &counterpart{document: *d}
		}
		o.Others[d.ID].Evidence = e
		return o.decide(ctx)
	}
	if o.Others == nil {
		o.Others = map[string]*counterpart{}
	}
	o.Others[d.ID] = &counterpart{document: *d, Evidence: e}
	if len(o.Others) > maxOthers {
		worst := slices.MinFunc(slices.Collect(maps.Values(o.Others)), func(x, y *counterpart) int {
			return cmp.Or(cmp.Compare(x.weight(), y.weight()), cmp.Compare(x.ID, y.ID))
		})
		if !worst.Matched {
			delete(o.Others, worst.ID)
		}
	}
	return o.decide(ctx)
}

func (c *counterpart) weight() float64 {
	if c.Matched || c.Chosen {
		return math.Inf(1)
	}
	return c.Evidence.Score()
}

// decide chooses the best counterpart of each language, tells those whose
// choice changed, and writes matches that begin and end.
func (o *owner) decide(ctx context.Context) error {
	best, margin := o.best()
	ids := slices.Sorted(maps.Keys(o.Others))
	for _, id := range ids {
		c := o.Others[id]
		chosen := best[c.Language] == c
		if chosen != c.Chosen {
			c.Chosen = chosen
			if err := send(o.out, toDocument(id), message{Kind: choose, From: o.Self.ID, Version: o.Self.version(), Chosen: chosen}); err != nil {
				return err
			}
		}
	}
	// Retractions first, so that no moment has two matches of one document.
	for _, id := range ids {
		if c := o.Others[id]; c.Matched && !(c.Chosen && c.Chooses) {
			if err := o.retract(ctx, c); err != nil {
				return err
			}
		}
	}
	for _, id := range ids {
		c := o.Others[id]
		if c.Matched || !c.Chosen || !c.Chooses || o.Self.ID > c.ID {
			continue
		}
		c.Matched = true
		if err := o.emit(ctx, &o.Self, &c.document, o.record(c, schemas.MatchFound, margin[c.Language]), o.out); err != nil {
			return err
		}
		if err := o.learn(ctx, c); err != nil {
			return err
		}
	}
	return nil
}

// best returns the best counterpart of each language that is good enough, and
// by how much it is better than the next.
func (o *owner) best() (best map[string]*counterpart, margin map[string]float64) {
	best, margin = map[string]*counterpart{}, map[string]float64{}
	for _, id := range slices.Sorted(maps.Keys(o.Others)) {
		c := o.Others[id]
		b := best[c.Language]
		switch s := c.Evidence.Score(); {
		case s < docalign.Accept || !c.Evidence.Healthy():
		case b == nil:
			best[c.Language] = c
		case s > b.Evidence.Score():
			margin[c.Language] = s - b.Evidence.Score()
			best[c.Language] = c
		case margin[c.Language] == 0 || b.Evidence.Score()-s < margin[c.Language]:
			margin[c.Language] = b.Evidence.Score() - s
		}
	}
	return best, margin
}

func (o *owner) record(c *counterpart, state string, margin float64) schemas.Match {
	e := c.Evidence
	return schemas.Match{State: state, Score: e.Score(), Margin: margin, Signs: e.Signs, Lengths: e.Lengths, Health: e.Health, Words: e.Words}
}

// retract takes back a match that this owner wrote.
func (o *owner) retract(ctx context.Context, c *counterpart) error {
	if !c.Matched {
		return nil
	}
	c.Matched = false
	return o.emit(ctx, &o.Self, &c.document, o.record(c, schemas.MatchRetracted, 0), o.out)
}
