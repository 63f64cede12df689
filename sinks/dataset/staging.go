package dataset

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// manifest lists the files of a dataset with their SHA-256, as sha256sum
// writes and checks it. It also marks a folder as one of ours.
const manifest = "SHA256SUMS"

// staging is a folder beside the final one, which takes its place at the end.
type staging struct {
	dir    string // where to write
	target string
	done   bool
}

// newStaging checks that the target may be written: it must not exist, or be
// empty, or hold an earlier export that force lets us replace.
func newStaging(target string, force bool) (*staging, error) {
	target, err := filepath.Abs(target)
	if err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(target)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, fmt.Errorf("export folder: %w", err)
	case len(entries) == 0:
	case !force:
		return nil, fmt.Errorf("folder %s is not empty; --force replaces an earlier export", target)
	default:
		if _, err := os.Stat(filepath.Join(target, manifest)); err != nil {
			return nil, fmt.Errorf("folder %s is not empty and holds no earlier export (no %s): not replaced", target, manifest)
		}
	}
	return &staging{target: target}, nil
}

// begin creates the folder to write to.
func (s *staging) begin() (err error) {
	parent := filepath.Dir(s.target)
	if err := os.MkdirAll(parent, 0o777); err != nil {
		return err
	}
	if s.dir, err = os.MkdirTemp(parent, "."+filepath.Base(s.target)+"-*.partial"); err != nil {
		return err
	}
	return os.Chmod(s.dir, 0o755) // MkdirTemp's is private
}

// discard removes what was written unless it was committed.
func (s *staging) discard() {
	if !s.done {
		os.RemoveAll(s.dir)
	}
}

// commit writes the manifest and moves the folder to its place.
func (s *staging) commit(ctx context.Context) error {
	if err := writeManifest(ctx, s.dir); err != nil {
		return err
	}
	old := s.dir + ".old"
	err := os.Rename(s.target, old)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.Rename(s.dir, s.target); err != nil {
		return errors.Join(err, os.Rename(old, s.target))
	}
	s.done = true
	return os.RemoveAll(old)
}

func writeManifest(ctx context.Context, dir string) error {
	var sums strings.Builder
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		sum, err := fileSum(path)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(dir, path)
		fmt.Fprintf(&sums, "%s  %s\n", sum, filepath.ToSlash(name))
		return err
	})
	if err != nil {
		return fmt.Errorf("write %s: %w", manifest, err)
	}
	return os.WriteFile(filepath.Join(dir, manifest), []byte(sums.String()), 0o666)
}

func fileSum(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
