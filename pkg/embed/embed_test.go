package embed

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
)

// service answers with vectors of letter counts, as a strict server does: no
// chunked bodies, no NUL, no empty text.
func service(t *testing.T, fails *atomic.Bool) (*httptest.Server, *atomic.Int64) {
	t.Helper()
	var texts atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var request struct{ Input []string }
		if r.ContentLength < 0 || json.NewDecoder(r.Body).Decode(&request) != nil || fails.Load() || r.URL.Path != "/v1/embeddings" {
			http.Error(w, "no", http.StatusBadRequest)
			return
		}
		type item struct {
			Index     int       `json:"index"`
			Embedding []float32 `json:"embedding"`
		}
		var answer struct {
			Data []item `json:"data"`
		}
		for i, text := range request.Input {
			texts.Add(1)
			if strings.ContainsRune(text, 0) || text == "" {
				t.Errorf("sent %q", text)
			}
			v := make([]float32, 26)
			for _, c := range strings.ToLower(text) {
				if c >= 'a' && c <= 'z' {
					v[c-'a']++
				}
			}
			answer.Data = append([]item{{i, v}}, answer.Data...) // in another order
		}
		json.NewEncoder(w).Encode(answer)
	}))
	t.Cleanup(server.Close)
	return server, &texts
}

func TestEmbedKeepsVectors(t *testing.T) {
	var fails atomic.Bool
	server, asked := service(t, &fails)
	dir := t.TempDir()
	texts := []string{"abba", "", "a\x00b", "abba", strings.Repeat("z", 100_000)}
	for i := range 70 {
		texts = append(texts, strings.Repeat("q", i+1))
	}
	var first [][]float32
	for run := range 2 {
		c, err := Open(Options{URL: server.URL, Cache: dir})
		if err != nil {
			t.Fatal(err)
		}
		got, err := c.Embed(t.Context(), texts)
		if err != nil {
			t.Fatal(err)
		}
		if got[0][0] != 2 || got[0][1] != 2 || !slices.Equal(got[0], got[3]) || got[74]['q'-'a'] != 70 {
			t.Errorf("vectors are not those of their texts: %v", got[0])
		}
		if n := asked.Load(); n != 74 {
			t.Errorf("run %d: %d texts were sent, want 74", run, n)
		}
		if run == 1 && !slices.EqualFunc(first, got, slices.Equal[[]float32]) {
			t.Error("kept vectors differ")
		}
		first = got
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAServiceThatFailsIsLeftAlone(t *testing.T) {
	var fails atomic.Bool
	fails.Store(true)
	server, _ := service(t, &fails)
	c, err := Open(Options{URL: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	for range failures {
		if _, err := c.Embed(t.Context(), []string{"a"}); err == nil || errors.Is(err, ErrAway) {
			t.Fatalf("a failing service: %v", err)
		}
	}
	fails.Store(false)
	if _, err := c.Embed(t.Context(), []string{"a"}); !errors.Is(err, ErrAway) {
		t.Errorf("after %d failures: %v", failures, err)
	}
	c.until = c.until.Add(-pause)
	if _, err := c.Embed(t.Context(), []string{"a"}); err != nil {
		t.Errorf("after the pause: %v", err)
	}
	for _, bad := range []string{"", "localhost:1", "ftp://a"} {
		if _, err := Open(Options{URL: bad}); err == nil {
			t.Errorf("address %q was taken", bad)
		}
	}
}

func TestCacheIsBoundedAndSurvivesAKill(t *testing.T) {
	dir := t.TempDir()
	const limit = 10_000
	c, err := openCache(dir, limit)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 200 {
		if err := c.put([32]byte{byte(i)}, make([]float32, 25)); err != nil {
			t.Fatal(err)
		}
	}
	if c.get([32]byte{199}) == nil || c.get([32]byte{0}) != nil {
		t.Error("the youngest vector is gone, or the oldest is not")
	}
	c.close()
	var size int64
	for _, name := range names {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		size += info.Size()
	}
	if size > limit {
		t.Errorf("%d bytes, at most %d", size, limit)
	}
	young := filepath.Join(dir, names[0])
	info, _ := os.Stat(young)
	if err := os.Truncate(young, info.Size()-3); err != nil {
		t.Fatal(err)
	}
	if c, err = openCache(dir, limit); err != nil {
		t.Fatal(err)
	}
	defer c.close()
	if c.get([32]byte{199}) != nil || c.get([32]byte{198}) == nil {
		t.Error("a record that was cut off is there, or the one before is not")
	}
}

func TestSimilarity(t *testing.T) {
	var source, target [][]float32
	for i := range 20 {
		v := make([]float32, 20)
		v[i] = 1
		w := slices.Clone(v)
		w[(i+1)%20] += 0.3
		for k := range v { // what all have in common
			v[k] += 5
			w[k] -= 3
		}
		source, target = append(source, v), append(target, w)
	}
	s := Similarity(source, target)
	if z := s(3, 1, 3, 1); z < 3 {
		t.Errorf("a translation: %.1f", z)
	}
	if z := s(3, 1, 9, 1); z > 1 {
		t.Errorf("strangers: %.1f", z)
	}
	if z := s(3, 2, 3, 2); z < 3 {
		t.Errorf("a run of two: %.1f", z)
	}
	if Similarity(source[:2], target) != nil || Similarity(slices.Repeat(source[:1], 9), target) != nil {
		t.Error("a similarity of too few or of equal sentences")
	}
}
