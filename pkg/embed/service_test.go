package embed

import (
	"cmp"
	"errors"
	"net"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"vislang/pkg/align"
)

// The real service, of `make embeddings` or at EMBEDDINGS_URL: what it says of
// translations must be worth something, and what breaks it must not be sent.
func TestRealService(t *testing.T) {
	address := cmp.Or(os.Getenv("EMBEDDINGS_URL"), "http://127.0.0.1:8765")
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.DialTimeout("tcp", u.Host, time.Second)
	if err != nil {
		t.Skipf("no embedding service at %s: start one with `make embeddings`", address)
	}
	conn.Close()
	c, err := Open(Options{URL: address, Cache: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	// Lines of about one length without names or numbers: the target lacks the
	// first and has one of its own at the end.
	source := []string{"We have lost our goats.", "The children go to school.", "The rain came too late.", "Many people are hungry.", "The road is now closed.", "The clinic has no drugs."}
	target := []string{"Les enfants vont en classe.", "La pluie est venue trop tard.", "Beaucoup de gens ont faim.", "La route est fermée à présent.", "La clinique est sans remèdes.", "Le marché est plein de monde."}
	vectors, err := c.Embed(t.Context(), slices.Concat(source, target, []string{"a\x00b", "", strings.Repeat("long ", 5000)}))
	if err != nil {
		t.Fatal(err)
	}
	s := Similarity(vectors[:len(source)], vectors[len(source):len(source)+len(target)])
	for i := range source[1:] {
		for k := range target {
			if k != i && s(i+1, 1, k, 1) >= s(i+1, 1, i, 1) {
				t.Errorf("%q is as like %q as %q", source[i+1], target[k], target[i])
			}
		}
	}
	result, err := align.Align(t.Context(), source, target, align.Options{Similarity: s})
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, b := range result.Beads {
		if len(b.Source) == 1 && len(b.Target) == 1 && b.Target[0] == b.Source[0]-1 {
			found++
		}
	}
	if found < 4 {
		t.Errorf("%d of 5 pairs were found: %v", found, result.Beads)
	}
	short, err := Open(Options{URL: address, Timeout: time.Nanosecond})
	if err != nil {
		t.Fatal(err)
	}
	for range failures {
		if _, err = short.Embed(t.Context(), source); err == nil {
			t.Fatal("no time was enough")
		}
	}
	if _, err = short.Embed(t.Context(), source); !errors.Is(err, ErrAway) {
		t.Errorf("a service that is too slow is asked again: %v", err)
	}
}
