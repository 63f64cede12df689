package clickhouse

import (
	"slices"
	"strings"
	"testing"
)

func TestParseStatement(t *testing.T) {
	for _, c := range []struct {
		text, head, format, rows string
		kind                     kind
	}{
		{text: "SELECT 1", kind: kindSelect},
		{text: " -- c\n/* SELECT */ (SELECT 1)", kind: kindSelect},
		{text: "with x as (select 1) select * from x", kind: kindSelect},
		{text: "with x as (select 1) insert into t select * from x", kind: kindOther},
		{text: "SELECT 1 INTO OUTFILE 'x'", kind: kindOther},
		{text: "SHOW TABLES", kind: kindOther},
		{text: "INSERT INTO t SELECT 'VALUES' FROM u", kind: kindOther},
		{text: "INSERT INTO t WITH x AS (SELECT 1) SELECT * FROM x FORMAT CSV", kind: kindOther},
		{text: "INSERT INTO t FROM INFILE 'x' FORMAT CSV", kind: kindOther},
		{text: "INSERT INTO t", kind: kindOther},
		{text: "INSERT INTO t (a, b)", kind: kindOther},
		{text: "INSERT INTO t VALUES (1, 'a')", kind: kindInsert, head: "INSERT INTO t ", format: "Values", rows: " (1, 'a')"},
		{text: "insert into `VALUES` (\"FORMAT\") values(1)", kind: kindInsert, head: "insert into `VALUES` (\"FORMAT\") ", format: "Values", rows: "(1)"},
		{text: "INSERT INTO t FORMAT CSV\n1,2\n", kind: kindInsert, head: "INSERT INTO t ", format: "CSV", rows: "1,2\n"},
		{text: "INSERT INTO t FORMAT CSV \t\r\n\n1", kind: kindInsert, head: "INSERT INTO t ", format: "CSV", rows: "\n1"},
		{text: "INSERT INTO t FORMAT JSONEachRow {\"a\": 1}", kind: kindInsert, head: "INSERT INTO t ", format: "JSONEachRow", rows: "{\"a\": 1}"},
		{text: "INSERT INTO t (a) SETTINGS async_insert = 0 FORMAT Native\n\x00\xff", kind: kindInsert,
			head: "INSERT INTO t (a) SETTINGS async_insert = 0 ", format: "Native", rows: "\x00\xff"},
		{text: "INSERT INTO FUNCTION file('x', 'CSV') VALUES (1)", kind: kindInsert,
			head: "INSERT INTO FUNCTION file('x', 'CSV') ", format: "Values", rows: " (1)"},
		{text: "", kind: kindOther},
	} {
		s := parseStatement(c.text)
		head := c.head
		if c.kind != kindInsert {
			head = c.text
		}
		if s.kind != c.kind || s.head != head || s.inputFormat != c.format || c.text[s.data:] != c.rows {
			t.Errorf("%q: %+v, rows %q", c.text, s, c.text[s.data:])
		}
	}
	s := parseStatement("INSERT INTO t SETTINGS a = 1 VALUES (1)")
	if s.head[s.settings:] != "SETTINGS a = 1 " {
		t.Errorf("settings of %+v", s)
	}
}

func TestOutputFormat(t *testing.T) {
	for text, want := range map[string]string{
		"SELECT 1 FORMAT JSON":                                "JSON",
		"SELECT 1 format TSV;":                                "TSV",
		"SELECT 1 FORMAT CSV SETTINGS max_threads = 1":        "CSV",
		"SELECT 'FORMAT JSON'":                                "",
		"SELECT 1 -- FORMAT JSON":                             "",
		"SELECT * FROM (SELECT 1 FORMAT JSON)":                "",
		"SELECT format('{}', 1)":                              "",
		"SELECT 1 AS format":                                  "",
		"SELECT a, format FROM t ORDER BY format ASC":         "",
		"SELECT format f FROM t":                              "",
		"SELECT t.format x FROM t":                            "",
		"SELECT 1 FORMAT JSON ; -- x":                         "JSON",
		"SELECT 1 INTO OUTFILE 'x' FORMAT Parquet /* yes */ ": "Parquet",
	} {
		if _, got, _ := splitOutput(text); got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}

func TestSplit(t *testing.T) {
	for script, want := range map[string][]string{
		"SELECT 1":                             {"SELECT 1"},
		"SELECT 1; SELECT 2;\n":                {"SELECT 1", "SELECT 2"},
		"; ;-- nothing\n;":                     nil,
		"SELECT ';', `a;b`, \"c;\" /* ; */; X": {"SELECT ';', `a;b`, \"c;\" /* ; */", "X"},
		`SELECT 'it''s;', '\';'; X`:            {`SELECT 'it''s;', '\';'`, "X"},
		"SELECT $$a;b$$, $x$;$$;$x$; X":        {"SELECT $$a;b$$, $x$;$$;$x$", "X"},
		"INSERT INTO t VALUES ('a;'), (2); X":  {"INSERT INTO t VALUES ('a;'), (2)", "X"},
		"X; INSERT INTO t FORMAT CSV\n1;2\n":   {"X", "INSERT INTO t FORMAT CSV\n1;2\n"},
		"SELECT 'open; SELECT 2":               {"SELECT 'open; SELECT 2"},
	} {
		if got := Split(script); !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", script, got, want)
		}
	}
}

func FuzzStatement(f *testing.F) {
	for _, seed := range []string{"SELECT 1; SELECT 'x'", "INSERT INTO t (a) SETTINGS x=1 FORMAT CSV\n1", "/* $$ -- '", "$a$;$a$", "\xef\xbb\xbf`\\"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s := parseStatement(text)
		if s.data < 0 || s.data > len(text) || !strings.HasPrefix(text, s.head) || s.settings > len(s.head) {
			t.Errorf("%q: %+v", text, s)
		}
		head, _, tail := splitOutput(text)
		if !strings.HasPrefix(text, head) || !strings.Contains(text, tail) {
			t.Errorf("%q: %q … %q", text, head, tail)
		}
		for _, statement := range Split(text) {
			if !strings.Contains(text, statement) || strings.TrimSpace(statement) == "" {
				t.Errorf("%q: statement %q", text, statement)
			}
		}
	})
}

func TestParseError(t *testing.T) {
	for text, want := range map[string]Error{
		"Code: 60. DB::Exception: Table x does not exist. (UNKNOWN_TABLE)":                                       {60, "UNKNOWN_TABLE", "Table x does not exist"},
		"Code: 241. DB::Exception: Code: 241. DB::Exception: Too much: while reading. (MEMORY_LIMIT_EXCEEDED)":   {241, "MEMORY_LIMIT_EXCEEDED", "Too much: while reading"},
		"Code: 60. DB::Exception: Table x does not exist. (UNKNOWN_TABLE) (version 26.7.2.1 (official build))\n": {60, "UNKNOWN_TABLE", "Table x does not exist"},
		"Error: something": {0, "", "something"},
		"":                 {},
	} {
		if got := *parseError(text); got != want {
			t.Errorf("%q: %#v", text, got)
		}
	}
}
