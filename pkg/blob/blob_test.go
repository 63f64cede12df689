package blob

import (
	"bytes"
	"errors"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
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

// TestAFullDiskLeavesNoTornBlob writes with a limit on the size of files, which
// fails in the middle as a full disk does, and again without.
func TestAFullDiskLeavesNoTornBlob(t *testing.T) {
	dir := t.TempDir()
	store, err := Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	data := bytes.Repeat([]byte("maji safi "), 20_000)
	signal.Ignore(syscall.SIGXFSZ)
	defer signal.Reset(syscall.SIGXFSZ)
	var before syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &before); err != nil {
		t.Fatal(err)
	}
	full := syscall.Rlimit{Cur: 64 << 10, Max: before.Max}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &full); err != nil {
		t.Fatal(err)
	}
	_, err = store.Put(t.Context(), data)
	syscall.Setrlimit(syscall.RLIMIT_FSIZE, &before)
	if err == nil {
		t.Fatal("a blob above the limit was stored")
	}
	left, _ := filepath.Glob(filepath.Join(dir, "*", "*"))
	if len(left) > 0 {
		t.Errorf("the failed write left %v", left)
	}
	// A torn blob of an earlier program is written again.
	name, err := store.Put(t.Context(), data)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(filepath.Join(dir, key(name)), 1000); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Put(t.Context(), data); err != nil {
		t.Fatal(err)
	}
	if got, err := store.Get(t.Context(), name); err != nil || !bytes.Equal(got, data) {
		t.Errorf("read back %d bytes of %d, %v", len(got), len(data), err)
	}
}
