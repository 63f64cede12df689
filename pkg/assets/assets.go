// Package assets finds what set-up installs beside the binary: the ClickHouse
// engine, the language model, the demo corpus.
//
//	lib, err := assets.Path("libchdb.so")
package assets

import (
	"fmt"
	"os"
	"path/filepath"
)

// Path returns the place of an asset. It looks into $VISLANG_ASSETS, then into
// ../share/vislang beside the running binary, then into share/vislang of the
// working directory and the folders above it, then into the system's share
// folders. The first that holds the name wins.
func Path(name string) (string, error) {
	for _, dir := range folders() {
		path := filepath.Join(dir, name)
		if _, err := os.Stat(path); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("%s is not installed: run `make build`, or set VISLANG_ASSETS to the folder that holds it", name)
}

func folders() []string {
	if dir := os.Getenv("VISLANG_ASSETS"); dir != "" {
		return []string{dir}
	}
	var dirs []string
	if exe, err := os.Executable(); err == nil {
		if exe, err = filepath.EvalSymlinks(exe); err == nil {
			dirs = append(dirs, filepath.Join(filepath.Dir(exe), "..", "share", "vislang"))
		}
	}
	// Tests run in their package's folder, somewhere below the checkout.
	if dir, err := os.Getwd(); err == nil {
		for ; ; dir = filepath.Dir(dir) {
			dirs = append(dirs, filepath.Join(dir, "share", "vislang"))
			if dir == filepath.Dir(dir) {
				break
			}
		}
	}
	return append(dirs, "/usr/local/share/vislang", "/usr/share/vislang")
}
