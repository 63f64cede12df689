// Package embed gets vectors of sentences from a service with OpenAI's
// embeddings interface, and makes of them what the sentence aligner asks.
//
//	client, err := embed.Open(embed.Options{URL: "http://127.0.0.1:8765", Cache: "data/embeddings"})
//	source, err := client.Embed(ctx, english)
//	target, err := client.Embed(ctx, somali)
//	align.Align(ctx, english, somali, align.Options{Similarity: embed.Similarity(source, target)})
//
// A service is an extra: it may be slow or away. Requests have a time limit,
// and after some failures in a row no more are made for a while ([ErrAway]), so
// that whoever asks can go on without. Vectors are kept on disk by model and text.
package embed

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// ErrAway is returned while the service is not asked because it has failed.
var ErrAway = errors.New("embedding service is away")

// Options are what a client works with.
type Options struct {
	URL     string        // of the service; `/v1/embeddings` is added unless it ends so
	Model   string        // name of the model to ask for; "" is the service's own
	Timeout time.Duration // of a request; 0 is a minute
	Cache   string        // folder of the vectors that are kept; "" keeps none
	Bytes   int64         // most bytes of Cache; 0 is 1 GiB
}

const (
	batch       = 32       // texts a request
	maxText     = 8 << 10  // bytes of a text that are sent: models read no more
	maxResponse = 64 << 20 // bytes of a response that are read

	failures = 3                // in a row until the service counts as away
	pause    = 30 * time.Second // until it is asked again
)

// Client asks a service. It may be used by several goroutines.
type Client struct {
	o        Options
	endpoint string
	http     *http.Client
	cache    *cache

	mu     sync.Mutex
	failed int       // requests in a row
	until  time.Time // no request before
}

// Open makes a client; the service is not asked yet.
func Open(o Options) (*Client, error) {
	u, err := url.Parse(o.URL)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, fmt.Errorf("embedding service %q: want an address such as http://127.0.0.1:8765", o.URL)
	}
	if o.Timeout == 0 {
		o.Timeout = time.Minute
	}
	if o.Bytes == 0 {
		o.Bytes = 1 << 30
	}
	c := &Client{o: o, endpoint: strings.TrimRight(o.URL, "/"), http: &http.Client{Timeout: o.Timeout}}
	if !strings.HasSuffix(c.endpoint, "/embeddings") {
		c.endpoint = strings.TrimSuffix(c.endpoint, "/v1") + "/v1/embeddings"
	}
	if o.Cache != "" {
		if c.cache, err = openCache(o.Cache, o.Bytes); err != nil {
			return nil, fmt.Errorf("open embedding cache: %w", err)
		}
	}
	return c, nil
}

// Close closes the cache.
func (c *Client) Close() error {
	if c.cache == nil {
		return nil
	}
	return c.cache.close()
}

// Embed returns a vector for each text, all of one length.
func (c *Client) Embed(ctx context.Context, texts []string) ([][]float32, error) {
	vectors := make([][]float32, len(texts))
	places := map[string][]int{} // of the texts that are not known
	var missing []string
	for i, t := range texts {
		t = clean(t)
		if places[t] == nil {
			if vectors[i] = c.cache.get(c.key(t)); vectors[i] != nil {
				continue
			}
			missing = append(missing, t)
		}
		places[t] = append(places[t], i)
	}
	for len(missing) > 0 {
		n := min(len(missing), batch)
		got, err := c.request(ctx, missing[:n])
		if err != nil {
			return nil, err
		}
		for k, t := range missing[:n] {
			if err := c.cache.put(c.key(t), got[k]); err != nil {
				return nil, fmt.Errorf("keep embeddings: %w", err)
			}
			for _, i := range places[t] {
				vectors[i] = got[k]
			}
		}
		missing = missing[n:]
	}
	for _, v := range vectors {
		if len(v) != len(vectors[0]) {
			return nil, fmt.Errorf("embedding service: vectors of %d and %d numbers", len(vectors[0]), len(v))
		}
	}
	return vectors, nil
}

// clean makes a text that every service takes: some read a NUL as its end, and
// refuse an empty one.
func clean(text string) string {
	text = strings.ToValidUTF8(strings.ReplaceAll(text, "\x00", " "), " ")
	if len(text) > maxText {
		text = strings.ToValidUTF8(text[:maxText], "")
	}
	if strings.TrimSpace(text) == "" {
		return "."
	}
	return text
}

func (c *Client) key(text string) [32]byte {
	return sha256.Sum256([]byte(c.endpoint + "\x00" + c.o.Model + "\x00" + text))
}

// request asks for the vectors of some texts, unless the service is away.
func (c *Client) request(ctx context.Context, texts []string) ([][]float32, error) {
	c.mu.Lock()
	away := time.Now().Before(c.until)
	c.mu.Unlock()
	if away {
		return nil, ErrAway
	}
	vectors, err := c.ask(ctx, texts)
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case err == nil:
		c.failed = 0
	case ctx.Err() == nil:
		if c.failed++; c.failed >= failures {
			c.until, c.failed = time.Now().Add(pause), failures-1 // one more failure is enough then
		}
	}
	return vectors, err
}

func (c *Client) ask(ctx context.Context, texts []string) ([][]float32, error) {
	body, err := json.Marshal(struct {
		Input []string `json:"input"`
		Model string   `json:"model"`
	}{texts, c.o.Model})
	if err != nil {
		return nil, fmt.Errorf("ask for embeddings: %w", err)
	}
	// A reader with a length: some services break on a chunked body.
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.endpoint, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("ask for embeddings: %w", err)
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := c.http.Do(request)
	if err != nil {
		return nil, fmt.Errorf("ask for embeddings: %w", err)
	}
	defer response.Body.Close()
	data, err := io.ReadAll(io.LimitReader(response.Body, maxResponse))
	if err != nil {
		return nil, fmt.Errorf("ask for embeddings: %w", err)
	}
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("ask for embeddings: %s: %.200s", response.Status, data)
	}
	var answer struct {
		Data []struct {
			Index     int       `json:"index"`
			Embedding []float32 `json:"embedding"`
		} `json:"data"`
	}
	if err := json.Unmarshal(data, &answer); err != nil {
		return nil, fmt.Errorf("ask for embeddings: answer: %w", err)
	}
	vectors := make([][]float32, len(texts))
	for _, d := range answer.Data {
		if d.Index >= 0 && d.Index < len(vectors) {
			vectors[d.Index] = d.Embedding
		}
	}
	for i, v := range vectors {
		if len(v) == 0 {
			return nil, fmt.Errorf("ask for embeddings: no vector for text %d of %d", i+1, len(texts))
		}
	}
	return vectors, nil
}
