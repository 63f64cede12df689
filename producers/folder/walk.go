package folder

import (
	"context"
	"errors"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// found is a file of the walk, or what cannot be read.
type found struct {
	path string
	info os.FileInfo // of what a link leads to
	err  error       // instead of info
}

type inode struct{ device, number uint64 }

// walker calls visit for each file, folders in the order of their names.
type walker struct {
	root    string // without symbolic links
	visit   func(found) error
	log     *slog.Logger
	visited map[inode]bool // folders, and files behind links
	special int            // pipes, sockets, devices
}

var ignored = map[string]bool{
	".git": true, ".hg": true, ".svn": true, ".bzr": true, "__MACOSX": true,
	".DS_Store": true, "Thumbs.db": true, "desktop.ini": true, manifestName: true,
}

// walk visits what lies at and below path; linked says that a symbolic link
// led here.
func (w *walker) walk(ctx context.Context, path string, linked bool) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	info, err := os.Lstat(path)
	if errors.Is(err, os.ErrNotExist) {
		w.log.Info("file vanished", "file", path)
		return nil
	}
	if err == nil && info.Mode()&os.ModeSymlink != 0 {
		var target string
		if target, err = filepath.EvalSymlinks(path); err == nil && w.reached(target) {
			return nil
		}
		linked = true
		if err == nil {
			info, err = os.Stat(path)
		}
		if errors.Is(err, os.ErrNotExist) {
			err = errors.New("symbolic link leads nowhere")
		}
	}
	switch {
	case err != nil:
		return w.visit(found{path: path, err: err})
	case info.Mode().IsRegular():
		if linked && w.again(info) {
			return nil
		}
		return w.visit(found{path: path, info: info})
	case !info.IsDir():
		w.special++
		w.log.Debug("not a document", "file", path, "mode", info.Mode().Type().String())
		return nil
	case w.again(info):
		return nil
	}
	entries, err := os.ReadDir(path)
	for _, e := range entries { // what could be listed before an error too
		if ignored[e.Name()] {
			continue
		}
		if err := w.walk(ctx, filepath.Join(path, e.Name()), linked); err != nil {
			return err
		}
	}
	if err != nil {
		return w.visit(found{path: path, err: err})
	}
	return nil
}

// reached says whether the walk comes to a link's target by its own name, so
// that the link adds nothing.
func (w *walker) reached(target string) bool {
	inside, err := filepath.Rel(w.root, target)
	if err != nil || !filepath.IsLocal(inside) {
		return false
	}
	// git-annex keeps files behind links into .git, which is not walked.
	return !slices.ContainsFunc(strings.Split(inside, string(filepath.Separator)), func(name string) bool { return ignored[name] })
}

// again says whether a file or folder was visited before.
func (w *walker) again(info os.FileInfo) bool {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return false
	}
	at := inode{uint64(st.Dev), st.Ino}
	again := w.visited[at]
	w.visited[at] = true
	return again
}

// fileURL is the address of an absolute path; bytes that are no UTF-8 are
// percent-encoded like any other.
func fileURL(path string) string {
	return (&url.URL{Scheme: "file", Path: filepath.ToSlash(path)}).String()
}
