package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A service of embeddings that is away is an extra that is missing, no failure.
func TestAlignWithoutItsEmbeddings(t *testing.T) {
	dir := t.TempDir()
	source, target := filepath.Join(dir, "source"), filepath.Join(dir, "target")
	for path, text := range map[string]string{source: "Two cows.\nThe year 2024.\n", target: "Ng'ombe wawili.\nMwaka 2024.\n"} {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var out, problems bytes.Buffer
	cmd := newAlignCommand()
	cmd.SetContext(t.Context())
	cmd.SetOut(&out)
	cmd.SetErr(&problems)
	cmd.SetArgs([]string{"--embeddings", "http://127.0.0.1:1", source, target})
	if err := cmd.Execute(); err != nil {
		t.Fatal(err)
	}
	if want := "[0]:[0]\n[1]:[1]\n"; out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
	if !strings.HasPrefix(problems.String(), "aligning without embeddings: ") {
		t.Errorf("said %q", problems.String())
	}
	cmd = newAlignCommand()
	cmd.SetOut(&out)
	cmd.SetErr(&problems)
	cmd.SetContext(t.Context())
	cmd.SetArgs([]string{"--embeddings", "nowhere", source, target})
	if err := cmd.Execute(); err == nil {
		t.Error("an address that is none was taken")
	}
}
