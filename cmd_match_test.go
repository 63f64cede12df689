package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestMatchPairsDocuments(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, documents ...string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(strings.Join(documents, "\n")+"\n"), 0o666); err != nil {
			t.Fatal(err)
		}
		return path
	}
	en := write("en.jsonl",
		`{"id":"flood","lines":["Heavy rain fell over Garissa for 12 days.","More than 3,451 families fled.","The Red Cross gave out 1,270 tents."]}`,
		`{"id":"school","lines":["Schools in Mogadishu open on 17 May.","There are 845 teachers.","Books for 61,234 children came."]}`)
	sw := write("sw.jsonl",
		`{"id":"shule","lines":["Shule za Mogadishu zinafunguliwa tarehe 17 Mei.","Kuna walimu 845.","Vitabu vya watoto 61,234 vilifika."]}`,
		`{"id":"mafuriko","lines":["Mvua kubwa ilinyesha Garissa kwa siku 12.","Zaidi ya familia 3,451 zilikimbia.","Msalaba Mwekundu ulitoa mahema 1,270."]}`)
	out := must(t, vislang(t, "match", en, sw))
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if len(lines) != 2 || !strings.HasPrefix(lines[0], "flood\tmafuriko\t") || !strings.HasPrefix(lines[1], "school\tshule\t") {
		t.Errorf("pairs:\n%s", out)
	}
	_, stderr, code := result(t, vislang(t, "match", en, write("bad.jsonl", `{"id":"a","lines":[]}`, `{"id":`)))
	if code != 1 || !strings.Contains(stderr, "document 2 of") {
		t.Errorf("bad input: exit code %d, %s", code, stderr)
	}
}
