package main

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"vislang/pkg/lang"
)

// identifyingTwo has a model of two languages.
func identifyingTwo(t *testing.T, asJSON bool) (run *identifying, out, errs *bytes.Buffer) {
	t.Helper()
	var trainer lang.Trainer
	for part := range 5 {
		trainer.Add("swh_Latn", part, "Watoto wanacheza mpira uwanjani kila siku jioni baada ya shule na wazazi wao")
		trainer.Add("eng_Latn", part, "The children play football in the field every evening after school with parents")
	}
	model, _, err := trainer.Train()
	if err != nil {
		t.Fatal(err)
	}
	out, errs = &bytes.Buffer{}, &bytes.Buffer{}
	return &identifying{model: model, json: asJSON, named: true, out: out, errors: errs}, out, errs
}

const (
	inSwahili = "Watoto wanacheza mpira baada ya shule"
	inEnglish = "The children play in the field after school"
)

// A file that is not there, a line that is not UTF-8 and an input that breaks
// off: all else is answered in its order, and the command fails at the end.
func TestIdentifyGoesOn(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	bad := write("bad", inSwahili+"\n\xff\xfe\n"+inEnglish+"\n")
	good := write("good", inEnglish+"\n\n"+inSwahili) // the last without its end
	run, out, errs := identifyingTwo(t, false)
	err := run.files(t.Context(), []string{filepath.Join(dir, "none"), bad, dir, "-", good},
		io.MultiReader(strings.NewReader(inSwahili+"\n"), iotest.ErrReader(errors.New("cable cut"))))
	if err == nil || !strings.Contains(err.Error(), "4 of 5 files") {
		t.Errorf("error %v", err)
	}
	var labels []string
	for line := range strings.Lines(out.String()) {
		label, confidence, _ := strings.Cut(line, "\t")
		labels = append(labels, label)
		if len(confidence) != len("0.000\n") {
			t.Errorf("line %q", line)
		}
	}
	if got, want := strings.Join(labels, " "), "swh_Latn und_Zyyy eng_Latn swh_Latn eng_Latn und_Zyyy swh_Latn"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	for _, want := range []string{"none: no such file", "bad: 1 lines are not UTF-8", "-: read line 2: cable cut", dir + ": "} {
		if !strings.Contains(errs.String(), want) {
			t.Errorf("%q is not reported: %s", want, errs)
		}
	}
}

func TestIdentifyJSON(t *testing.T) {
	run, out, _ := identifyingTwo(t, true)
	if err := run.files(t.Context(), nil, strings.NewReader(inSwahili+"\n\xff")); err == nil {
		t.Error("no error")
	}
	first, second, _ := strings.Cut(out.String(), "\n")
	if !strings.HasPrefix(first, `{"file":"-","line":1,"label":"swh_Latn","confidence":0.`) && !strings.HasPrefix(first, `{"file":"-","line":1,"label":"swh_Latn","confidence":1}`) {
		t.Errorf("first line %s", first)
	}
	if want := `{"file":"-","line":2,"label":"und_Zyyy","confidence":0,"error":"not UTF-8"}` + "\n"; second != want {
		t.Errorf("second line %s", second)
	}
}

// Each line is answered as it comes: the command may stand in a pipe between
// two programs that talk.
func TestIdentifyAnswersAtOnce(t *testing.T) {
	run, _, _ := identifyingTwo(t, false)
	in, toIn := io.Pipe()
	fromOut, out := io.Pipe()
	run.out = out
	done := make(chan error, 1)
	go func() { done <- run.files(t.Context(), nil, in) }()
	for range 3 {
		if _, err := io.WriteString(toIn, inEnglish+"\n"); err != nil {
			t.Fatal(err)
		}
		answer := make([]byte, 64)
		n, err := fromOut.Read(answer)
		if err != nil || !strings.HasPrefix(string(answer[:n]), "eng_Latn\t") {
			t.Fatalf("%q, %v", answer[:n], err)
		}
	}
	toIn.Close()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestIdentifyOutputFails(t *testing.T) {
	run, _, errs := identifyingTwo(t, false)
	in, out := io.Pipe()
	in.CloseWithError(errors.New("reader is gone"))
	run.out = out
	if err := run.files(t.Context(), []string{"-", "-"}, strings.NewReader(inEnglish)); err == nil || !strings.Contains(err.Error(), "reader is gone") {
		t.Errorf("error %v, reported %s", err, errs)
	}
}
