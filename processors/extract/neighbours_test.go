package extract

import (
	"context"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"vislang/schemas"
)

// naming keeps the pages that it is given and names their images.
type naming struct {
	Sink
	pages []schemas.Page
}

func (n *naming) Page(_ context.Context, p *schemas.Page, image []byte) error {
	p.Image = string(image)
	n.pages = append(n.pages, *p)
	return nil
}

func (*naming) Text(context.Context, *schemas.PageText) error { return nil }

// firstWord calls a text the language that is its first word.
type firstWord struct{}

func (firstWord) IdentifyWith(text string, _ ...string) (string, float64) {
	label, rest, _ := strings.Cut(strings.TrimSpace(text), " ")
	if rest == "perhaps" {
		return label, neighbourSure / 2
	}
	return label, 1
}

func TestNeighbours(t *testing.T) {
	for name, c := range map[string]struct {
		pages    string // text layers, and `-` for an image
		declared []string
		want     [][]string // of the images
	}{
		"before any text":       {"- swh_Latn", nil, [][]string{nil}},
		"after a page":          {"swh_Latn - -", nil, [][]string{{"swh_Latn"}, {"swh_Latn"}}},
		"the nearest first":     {"eng_Latn amh_Ethi - eng_Latn -", nil, [][]string{{"amh_Ethi", "eng_Latn"}, {"eng_Latn", "amh_Ethi"}}},
		"two at most":           {"eng_Latn amh_Ethi fra_Latn -", nil, [][]string{{"fra_Latn", "amh_Ethi"}}},
		"unsure or unknown":     {"swh_Latn_perhaps und_Latn -", nil, [][]string{nil}},
		"declared, so not told": {"swh_Latn -", []string{"am"}, [][]string{nil}},
	} {
		kept := &naming{}
		sink := &neighbours{Sink: kept, identifier: firstWord{}}
		for i, p := range strings.Fields(c.pages) {
			about := schemas.Context{Languages: c.declared, Pages: 5}
			var err error
			if p == "-" {
				err = sink.Page(t.Context(), &schemas.Page{Context: about, Page: int32(i + 1)}, nil)
			} else {
				err = sink.Text(t.Context(), &schemas.PageText{Context: about, TextSource: schemas.SourceTextLayer, Blocks: []schemas.Block{{Text: strings.Replace(p, "_perhaps", " perhaps", 1)}}})
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		var got [][]string
		for _, p := range kept.pages {
			got = append(got, p.Neighbours)
		}
		if !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestSamples(t *testing.T) {
	for pages, want := range map[int32]map[int]string{
		sampleFrom - 1: {},
		40:             {1: "", 2: "", 3: "2", 33: "2", 34: "", 35: "34", 40: "34"},
	} {
		kept := &naming{}
		sink := &neighbours{Sink: kept}
		for n := range pages {
			if err := sink.Page(t.Context(), &schemas.Page{Context: schemas.Context{Pages: pages}}, fmt.Append(nil, n+1)); err != nil {
				t.Fatal(err)
			}
		}
		for i, p := range kept.pages {
			if w, ok := want[i+1]; ok && p.Sample != w || len(want) == 0 && p.Sample != "" {
				t.Errorf("page %d of %d: sample %q, want %q", i+1, pages, p.Sample, w)
			}
		}
	}
}
