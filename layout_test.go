package main

import (
	"bytes"
	"go/format"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// trackedFiles are the files of the repository, as slash paths from its root.
// Without Git (an unpacked archive) it is every file outside ignored folders.
func trackedFiles(t *testing.T) []string {
	t.Helper()
	out, err := exec.Command("git", "ls-files", "-z").Output()
	if err == nil {
		var files []string
		for _, name := range strings.Split(strings.TrimRight(string(out), "\x00"), "\x00") {
			if _, err := os.Stat(name); err == nil {
				files = append(files, name)
			}
		}
		return files
	}
	var files []string
	err = filepath.WalkDir(".", func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			switch path {
			case ".git", "bin", "build", "data", "share":
				return filepath.SkipDir
			}
			return nil
		}
		files = append(files, filepath.ToSlash(path))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// layer is the rank of a package: it may import what is of a lower rank.
// Commands below deploy stand at the top, with main.
func layer(path string) int {
	switch top, _, _ := strings.Cut(path, "/"); top {
	case "pkg":
		return 0
	case "schemas":
		return 1
	case "producers", "processors", "sinks":
		return 2
	}
	return 3
}

// kind is what packages of one rank may not leave for: a producer does not
// import a processor, while packages of one kind may build on each other.
func kind(path string) string {
	top, _, _ := strings.Cut(path, "/")
	return top
}

func TestImportsPointOneWay(t *testing.T) {
	checked := 0
	for _, name := range trackedFiles(t) {
		if !strings.HasSuffix(name, ".go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		if err != nil {
			t.Errorf("parse %s: %v", name, err)
			continue
		}
		from := filepath.ToSlash(filepath.Dir(name))
		for _, spec := range file.Imports {
			path, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			to, ours := strings.CutPrefix(path, "vislang/")
			if !ours {
				continue
			}
			checked++
			if layer(to) > layer(from) || layer(to) == layer(from) && kind(to) != kind(from) {
				t.Errorf("%s imports %s: imports point from main to producers, processors and sinks, to schemas, to pkg", name, path)
			}
		}
	}
	if checked == 0 {
		t.Error("no import of this module found")
	}
}

func TestTopLevelFolders(t *testing.T) {
	allowed := map[string]bool{
		"producers": true, "processors": true, "sinks": true, "schemas": true, "pkg": true,
		"deploy": true, "docs": true, "testdata": true, ".ci": true,
	}
	for _, name := range trackedFiles(t) {
		if top, _, nested := strings.Cut(name, "/"); nested && !allowed[top] {
			t.Errorf("%s: top-level folder %s is not part of the layout", name, top)
		}
	}
}

func TestFormatted(t *testing.T) {
	for _, name := range trackedFiles(t) {
		if !strings.HasSuffix(name, ".go") {
			continue
		}
		source, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		formatted, err := format.Source(source)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if !bytes.Equal(source, formatted) {
			t.Errorf("%s: gofmt would change it", name)
		}
	}
}

// What ties the repository to one machine or one registry. The patterns are
// written so that this file does not match itself.
var foreign = regexp.MustCompile(`registry\.npm[j]s|proxy\.golan[g]|deb\.debia[n]|pypi\.or[g]|repo1?\.mave[n]|(^|[\s"'=:(])/(wor[k]|roo[t])/`)

func TestFilesArePortableAndSmall(t *testing.T) {
	const limit = 1 << 20
	for _, name := range trackedFiles(t) {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if len(data) > limit {
			t.Errorf("%s: %d bytes, the limit is %d", name, len(data), limit)
		}
		if name == "go.sum" || bytes.IndexByte(data, 0) >= 0 {
			continue
		}
		for n, line := range bytes.Split(data, []byte("\n")) {
			if found := foreign.Find(line); found != nil {
				t.Errorf("%s:%d: machine path or registry host %q", name, n+1, found)
			}
		}
	}
}
