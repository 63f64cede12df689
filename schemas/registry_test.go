package schemas

import (
	"errors"
	"net/http/httptest"
	"testing"

	"github.com/twmb/franz-go/pkg/sr"
	"github.com/twmb/franz-go/pkg/sr/srfake"
)

// TestEmbeddedIDs fixes the ids: records that lie in Kafka carry them.
func TestEmbeddedIDs(t *testing.T) {
	r, err := StartRegistry(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	want := map[string]int{
		"documents-value": 1, "pages-value": 2, "page-texts-value": 3, "figures-value": 4,
		"texts-value": 5, "bitext-value": 6, "samples-value": 7, "deadletters-value": 8,
	}
	for subject, id := range want {
		found, err := r.Client().SchemaByVersion(t.Context(), subject, 1)
		if err != nil {
			t.Fatal(err)
		}
		if found.ID != id {
			t.Errorf("%s has id %d, want %d", subject, found.ID, id)
		}
	}
}

func TestStartRegistryAddress(t *testing.T) {
	r, err := StartRegistry(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if _, err := StartRegistry(t.Context(), r.URL()[len("http://"):]); err == nil {
		t.Error("two registries on one address")
	}
}

func TestRegister(t *testing.T) {
	fake := srfake.NewRegistry()
	server := httptest.NewServer(fake.Handler())
	defer server.Close()
	client, err := sr.NewClient(sr.URLs(server.URL))
	if err != nil {
		t.Fatal(err)
	}
	c := NewCodec(client)
	if _, err := c.Encode(t.Context(), &Page{}); !errors.Is(err, ErrNotRegistered) {
		t.Errorf("before: got %v, want %v", err, ErrNotRegistered)
	}
	for range 2 { // the second finds all
		if err := Register(t.Context(), client); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := c.Encode(t.Context(), &Page{}); err != nil {
		t.Errorf("after: %v", err)
	}
	for i, topic := range Topics() {
		versions, err := client.SubjectVersions(t.Context(), topic.Subject())
		if err != nil || len(versions) != 1 {
			t.Errorf("%s: versions %v, %v", topic.Name, versions, err)
		}
		found, err := client.SchemaByVersion(t.Context(), topic.Subject(), 1)
		if err != nil || found.ID != i+1 {
			t.Errorf("%s: id %d, %v", topic.Name, found.ID, err)
		}
		for _, level := range client.Compatibility(t.Context(), topic.Subject()) {
			if level.Level != sr.CompatFull {
				t.Errorf("%s: compatibility %v, %v", topic.Name, level.Level, level.Err)
			}
		}
	}
}
