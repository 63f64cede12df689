package blob

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestBlobsAreNamedByTheirContent(t *testing.T) {
	for _, address := range []string{"mem://", filepath.Join(t.TempDir(), "a folder", "blobs")} {
		store, err := Open(t.Context(), address)
		if err != nil {
			t.Fatal(err)
		}
		defer store.Close()
		data := []byte("hujambo")
		name, err := store.Put(t.Context(), data)
		if err != nil || len(name) != 64 {
			t.Fatalf("%s: %q, %v", address, name, err)
		}
		streamed, size, err := store.PutFile(t.Context(), bytes.NewReader(data), 7)
		if err != nil || streamed != name || size != 7 {
			t.Errorf("%s: PutFile gives %s, %d, %v; Put gave %s", address, streamed, size, err, name)
		}
		got, err := store.Get(t.Context(), name)
		if err != nil || !bytes.Equal(got, data) {
			t.Errorf("%s: %q, %v", address, got, err)
		}
		if _, _, err := store.PutFile(t.Context(), bytes.NewReader(data), 6); !errors.Is(err, ErrTooLarge) {
			t.Errorf("%s: 7 bytes with a limit of 6: %v", address, err)
		}
		if _, err := store.Get(t.Context(), strings.Repeat("0", 64)); !errors.Is(err, ErrNotFound) {
			t.Errorf("%s: an absent blob: %v", address, err)
		}
	}
}

func TestAFolderThatCannotBeMadeIsAnError(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), filepath.Join(file, "blobs")); err == nil {
		t.Error("a folder below a file was opened")
	}
}
