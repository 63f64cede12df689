// Package match decides which documents are translations of each other, in
// stages that need no more than the documents that meet in a partition:
//
//	texts ──► pair ─┬► matches          (declared: documents of one parallel group)
//	                └► vislang.match ──► match ─► matches   (found, retracted)
//	figures ► sight ─► vislang.match ◄───┘
//
// [Pair] knows the documents of each declared group. A document without a group
// goes to [Meet], which works in steps that are records of the internal topic
// vislang.match, each keyed by what it concerns: a document, by its address, or a
// band, a key that translations share (package docalign).
//
//  1. arrive: the document's owner (the worker of its partition) reduces it to a
//     sketch and sends a join to each of its bands.
//  2. join: the band's owner answers who is there: met.
//  3. met: when all bands have answered, the document's owner probes those that
//     it met most, at most 30.
//  4. probe: the candidate's owner scores the pair with the sentence aligner,
//     keeps the score, and sends it back.
//  5. choose: an owner whose best counterpart in a language changes tells the
//     new and the former one. Two that have chosen each other are a match; the
//     one with the lower id writes it, and writes its retraction when one of them
//     has chosen otherwise.
//
// A document that comes late probes those before it and so opens their decisions
// again. A new version of an address takes the place of the old: its matches are
// retracted, its partners told (gone), and it arrives anew.
package match

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"vislang/pkg/blob"
	"vislang/pkg/stream"
	"vislang/processors"
	"vislang/schemas"
)

// Topic is the internal topic of the steps.
const Topic = "vislang.match"

// InternalTopics are the topics of the stages that hold no records of schemas,
// without their state. A step is of use once: it is kept as long as derived
// topics, the time there is to bring back a stage that stands still.
func InternalTopics() []schemas.Topic {
	return []schemas.Topic{{
		Name: Topic, Key: "document or band", Partitions: 6,
		Configs: map[string]string{"cleanup.policy": "delete", "retention.ms": "1209600000"},
	}}
}

// Options are what the stages work with.
type Options struct {
	Codec *schemas.Codec
	Blobs *blob.Store
	Pairs Pairs

	// DeclaredOnly leaves documents without a group alone.
	DeclaredOnly bool
}

// Pairs are the pairs of languages that are wanted, by ISO 639-3 codes. The
// zero value wants all pairs, whose number grows with the square of the
// languages.
type Pairs struct {
	Pivots []string    // only pairs with one of these, which is the source then
	List   [][2]string // only these, source and target; overrules Pivots
}

// ParsePairs reads pairs such as `eng-swh`.
func ParsePairs(pivots, list []string) (Pairs, error) {
	p := Pairs{Pivots: pivots}
	for _, s := range list {
		a, b, ok := strings.Cut(s, "-")
		if !ok || len(a) != 3 || len(b) != 3 || a == b {
			return Pairs{}, fmt.Errorf("pair of languages %q: want two ISO 639-3 codes such as eng-swh", s)
		}
		p.List = append(p.List, [2]string{a, b})
	}
	return p, nil
}

// direct tells whether two languages make a pair and whether a is the source:
// as listed, else the one that comes first among the pivots, else by label, so
// that two languages always have the same direction. A document in no known
// language has no counterpart that could be told from others.
func (p Pairs) direct(a, b string) (wanted, aIsSource bool) {
	x, y := code(a), code(b)
	if x == y || x == "und" || y == "und" {
		return false, false
	}
	if len(p.List) > 0 {
		if slices.Contains(p.List, [2]string{x, y}) {
			return true, true
		}
		return slices.Contains(p.List, [2]string{y, x}), false
	}
	rank := func(c string) int {
		if i := slices.Index(p.Pivots, c); i >= 0 {
			return i
		}
		return len(p.Pivots)
	}
	rx, ry := rank(x), rank(y)
	if rx == ry {
		return len(p.Pivots) == 0 || rx < len(p.Pivots), a < b
	}
	return true, rx < ry
}

func code(label string) string {
	before, _, _ := strings.Cut(label, "_")
	return before
}

// document is what is passed on of a text.
type document struct {
	ID       string `json:"id"` // of the address, which all versions share
	URL      string `json:"url"`
	Document string `json:"document"`
	Revision int64  `json:"revision,omitempty"`
	Group    string `json:"group,omitempty"`
	Language string `json:"language"`
	Text     string `json:"text"` // blob with the encoded schemas.Text
}

// newer tells whether d takes the place of an older version or revision.
// Document ids sort by the time of their fetch.
func (d *document) newer(than *document) bool {
	if d.Document != than.Document {
		return d.Document > than.Document
	}
	return d.Revision > than.Revision
}

// same tells whether both are one revision of one version.
func (d *document) same(as *document) bool {
	return d.Document == as.Document && d.Revision == as.Revision
}

// emit writes a match of two documents, whichever way round.
func (o *Options) emit(ctx context.Context, a, b *document, rec schemas.Match, out *stream.Output) error {
	if _, first := o.Pairs.direct(a.Language, b.Language); !first {
		a, b = b, a
	}
	rec.MatchID = schemas.NewMatchID(a.Document, b.Document)
	rec.SourceDocumentID, rec.SourceRevision, rec.SourceLanguage, rec.SourceText = a.Document, a.Revision, a.Language, a.Text
	rec.TargetDocumentID, rec.TargetRevision, rec.TargetLanguage, rec.TargetText = b.Document, b.Revision, b.Language, b.Text
	rec.GroupID = a.Group
	value, err := o.Codec.Encode(ctx, &rec)
	if err != nil {
		return fmt.Errorf("encode match of %s and %s: %w", a.Document, b.Document, err)
	}
	out.Emit(schemas.TopicMatches, []byte(rec.SourceLanguage+"-"+rec.TargetLanguage), value)
	return nil
}

// load reads the sentences of a document.
func (o *Options) load(ctx context.Context, d *document) ([]string, error) {
	t, err := processors.LoadText(ctx, o.Codec, o.Blobs, d.Text)
	if err != nil {
		return nil, err
	}
	return processors.Sentences(t), nil
}

// getJSON reads a state value; it returns false when there is none.
func getJSON(out *stream.Output, key string, v any) (bool, error) {
	data := out.Get(key)
	if data == nil {
		return false, nil
	}
	if err := json.Unmarshal(data, v); err != nil {
		return false, stream.Permanent("corrupt_state", fmt.Errorf("state %s: %w", key, err))
	}
	return true, nil
}

func putJSON(out *stream.Output, key string, v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("state %s: %w", key, err)
	}
	out.Put(key, data)
	return nil
}
