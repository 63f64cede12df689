package clickhouse

import (
	"os"
	"path/filepath"
	"testing"
)

// Every format gives one document, however many blocks the result has.
func TestFormatsAreWhole(t *testing.T) {
	s := start(t, t.TempDir())
	dir := t.TempDir()
	for _, format := range []string{
		"TabSeparated", "TabSeparatedWithNamesAndTypes", "CSV", "CSVWithNames", "JSON", "JSONEachRow", "JSONColumns", "JSONCompact",
		"Native", "RowBinaryWithNamesAndTypes", "Parquet", "Arrow", "ArrowStream", "ORC", "Avro", "Values",
	} {
		data, err := s.Query(t.Context(), "SELECT number AS n, toString(number) AS s FROM numbers(150000)", format)
		if err != nil {
			t.Errorf("%s: %v", format, err)
			continue
		}
		path := filepath.Join(dir, format)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := s.Query(t.Context(), "SELECT count(), uniqExact(n), max(s) FROM file("+quoteString(path)+", "+quoteString(format)+", 'n UInt64, s String')", "TabSeparated")
		if err != nil || string(got) != "150000\t150000\t99999\n" {
			t.Errorf("%s: %q, %v", format, got, err)
		}
	}
}
