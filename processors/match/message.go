package match

import (
	"encoding/json"
	"fmt"

	"vislang/pkg/docalign"
	"vislang/pkg/stream"
)

// Kinds of messages.
const (
	arrive = "arrive" // to a document: here is its text
	figure = "figure" // to a document: here is a figure of it
	join   = "join"   // to a band: From has this key
	leave  = "leave"  // to a band: From has it no longer
	met    = "met"    // to a document: Members share the band
	probe  = "probe"  // to a candidate: score yourself with Document
	score  = "score"  // to a document: the Evidence for it and Document
	choose = "choose" // to a candidate: Document has chosen it, or no longer
	gone   = "gone"   // to a partner: From has another text now
)

// message is a step, keyed by its addressee.
type message struct {
	Kind     string                    `json:"kind"`
	From     string                    `json:"from,omitempty"`
	Version  string                    `json:"version,omitempty"` // of From's document, which the answer names
	Language string                    `json:"language,omitempty"`
	Weight   float64                   `json:"weight,omitempty"`
	Document *document                 `json:"document,omitempty"`
	Sketch   *docalign.Sketch          `json:"sketch,omitempty"`
	Figure   string                    `json:"figure,omitempty"`
	Members  []docalign.Member[string] `json:"members,omitempty"`
	Evidence *docalign.Evidence        `json:"evidence,omitempty"`
	Chosen   bool                      `json:"chosen,omitempty"`
}

func toDocument(id string) string { return "document/" + id }
func toBand(key uint64) string    { return fmt.Sprintf("band/%016x", key) }

func (d *document) version() string { return fmt.Sprintf("%s/%d", d.Document, d.Revision) }

func send(out *stream.Output, to string, m message) error {
	value, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("encode %s to %s: %w", m.Kind, to, err)
	}
	out.Emit(Topic, []byte(to), value)
	return nil
}
