package match

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"vislang/pkg/docalign"
	"vislang/pkg/stream"
)

// Meet is the stage that finds counterparts. It implements stream.Stateful.
type Meet struct{ o Options }

// NewMeet makes the stage.
func NewMeet(o Options) *Meet { return &Meet{o} }

// Name implements stream.Stage.
func (*Meet) Name() string { return "match" }

// Inputs implements stream.Stage.
func (*Meet) Inputs() []string { return []string{Topic} }

// Changelog implements stream.Stateful.
func (*Meet) Changelog() string { return "vislang.match.state" }

// Process implements stream.Stage.
func (s *Meet) Process(ctx context.Context, in stream.Record, out *stream.Output) error {
	var m message
	if err := json.Unmarshal(in.Value, &m); err != nil {
		return stream.Permanent("undecodable", fmt.Errorf("step %s: %w", in.Key, err))
	}
	key := string(in.Key)
	if strings.HasPrefix(key, "band/") {
		return s.band(key, &m, out)
	}
	o := owner{Options: &s.o, key: key, out: out}
	if err := o.read(); err != nil {
		return err
	}
	if err := o.handle(ctx, &m); err != nil {
		return err
	}
	return o.write()
}

// band handles what comes to a band.
func (s *Meet) band(key string, m *message, out *stream.Output) error {
	var meeting docalign.Meeting[string]
	if _, err := getJSON(out, key, &meeting); err != nil {
		return err
	}
	if m.Kind == leave {
		meeting.Leave(m.From)
		return putJSON(out, key, meeting)
	}
	others := meeting.Join(docalign.Member[string]{ID: m.From, Language: docalign.LanguageKey(m.Language)})
	if err := putJSON(out, key, meeting); err != nil {
		return err
	}
	return send(out, toDocument(m.From), message{Kind: met, Version: m.Version, Weight: m.Weight, Members: others})
}
