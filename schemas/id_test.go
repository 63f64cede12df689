package schemas

import (
	"testing"
	"time"
)

func TestNewDocumentID(t *testing.T) {
	at := time.Date(2026, 11, 23, 16, 0, 0, 999e6, time.UTC)
	id := NewDocumentID(at, "https://example.org/a", "ff")
	if len(id) != 27 || id != NewDocumentID(at, "https://example.org/a", "ff") {
		t.Errorf("id %q has not 27 characters, or changes", id)
	}
	if moved := NewDocumentID(at, "https://example.org/af", "f"); moved == id {
		t.Error("address and hash run into one another")
	}
	// Ids live in ClickHouse and Kafka: the scheme must never change.
	if want := "3MVxaglWZXSpwWulpRFbJNkpJbv"; id != want {
		t.Errorf("got %s, want %s", id, want)
	}
}

func TestDocumentIDsSortByTime(t *testing.T) {
	times := []time.Time{
		{}, // clamped
		time.Date(2015, 1, 1, 0, 0, 0, 0, time.UTC),
		time.Date(2026, 11, 23, 16, 0, 0, 0, time.UTC),
		time.Date(2026, 11, 23, 16, 0, 1, 0, time.FixedZone("", -3600)),
		time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC),
		time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC), // clamped
	}
	last := ""
	for _, at := range times {
		id := NewDocumentID(at, "file:///a", "")
		if id <= last {
			t.Errorf("%v: %s does not sort after %s", at, id, last)
		}
		last = id
	}
}

func TestHexIDs(t *testing.T) {
	ids := map[string]string{}
	for name, id := range map[string]string{
		"figure":         NewFigureID("d", 1, 2, 3, 4, 5, "i"),
		"other place":    NewFigureID("d", 1, 2, 3, 45, 5, "i"),
		"pair":           NewPairID("a", "b", []int32{1, 2}, []int32{3}),
		"other bead":     NewPairID("a", "b", []int32{1}, []int32{2, 3}),
		"other way":      NewPairID("b", "a", []int32{1, 2}, []int32{3}),
		"empty side":     NewPairID("a", "b", nil, []int32{3}),
		"sample":         NewSampleID("f", "caption", "swh_Latn"),
		"other language": NewSampleID("f", "caption", "amh_Ethi"),
	} {
		if len(id) != 32 {
			t.Errorf("%s: %q has not 32 digits", name, id)
		}
		if other, taken := ids[id]; taken {
			t.Errorf("%s and %s are both %s", name, other, id)
		}
		ids[id] = name
	}
}
