package dataset

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"

	"github.com/parquet-go/parquet-go"
)

// Rows of a row group. A loader reads a row group whole to get at one row, so
// those with images are small.
const (
	pairRowGroup   = 10_000
	figureRowGroup = 100
)

// Limits of a row group and of a file in payload bytes: a row group is built
// in memory, and hubs like files below 500 MB.
const (
	groupBytes = 64 << 20
	shardBytes = 400 << 20
)

// output writes the rows of a set in all formats. T is the row in Parquet.
type output[T any] struct {
	dir      string // of the set
	set      string
	rowGroup int

	parquet *parquet.GenericWriter[T]
	file    *os.File
	shards  int
	rows    int // of the row group under way
	group   int // payload bytes of it
	shard   int // payload bytes of the file

	lines    *bufio.Writer
	json     *json.Encoder
	jsonFile *os.File
	columns  bool // Parquet is wanted
}

func newOutput[T any](o Options, dir, set string, rowGroup int) (*output[T], error) {
	w := &output[T]{dir: filepath.Join(dir, set), set: set, rowGroup: rowGroup, columns: o.has(Parquet)}
	if err := os.MkdirAll(filepath.Join(w.dir, "data"), 0o777); err != nil {
		return nil, err
	}
	if o.has(JSONL) {
		var err error
		if w.jsonFile, err = os.Create(filepath.Join(w.dir, "train.jsonl")); err != nil {
			return nil, err
		}
		w.lines = bufio.NewWriterSize(w.jsonFile, 1<<20)
		w.json = json.NewEncoder(w.lines)
		w.json.SetEscapeHTML(false)
	}
	return w, nil
}

// write adds a row: row to Parquet, line to JSON Lines. size is its payload.
func (w *output[T]) write(row T, line any, size int) error {
	if w.json != nil {
		if err := w.json.Encode(line); err != nil {
			return err
		}
	}
	if !w.columns {
		return nil
	}
	if w.parquet == nil {
		if err := w.openShard(); err != nil {
			return err
		}
	}
	if _, err := w.parquet.Write([]T{row}); err != nil {
		return err
	}
	w.rows++
	w.group += size
	w.shard += size
	if w.rows == w.rowGroup || w.group >= groupBytes {
		if err := w.parquet.Flush(); err != nil {
			return err
		}
		w.rows, w.group = 0, 0
	}
	if w.shard >= shardBytes {
		return w.closeShard()
	}
	return nil
}

// shardName names a file before the number of files is known.
func (w *output[T]) shardName(i int) string {
	return filepath.Join(w.dir, "data", fmt.Sprintf("train-%05d.parquet", i))
}

func (w *output[T]) openShard() (err error) {
	features, err := features(reflect.TypeFor[T]())
	if err != nil {
		return err
	}
	if w.file, err = os.Create(w.shardName(w.shards)); err != nil {
		return err
	}
	w.shards++
	w.parquet = parquet.NewGenericWriter[T](w.file,
		parquet.Compression(&parquet.Zstd),
		parquet.KeyValueMetadata("huggingface", features),
		parquet.CreatedBy("vislang", "1", "0"),
	)
	w.rows, w.group, w.shard = 0, 0, 0
	return nil
}

func (w *output[T]) closeShard() error {
	if w.parquet == nil {
		return nil
	}
	if err := w.parquet.Close(); err != nil {
		return err
	}
	w.parquet = nil
	return w.file.Close()
}

// finish closes the files, gives them their names and returns these, relative
// to the dataset's folder.
func (w *output[T]) finish() (files []string, err error) {
	if err := w.closeShard(); err != nil {
		return nil, err
	}
	for i := range w.shards {
		name := fmt.Sprintf("train-%05d-of-%05d.parquet", i, w.shards)
		if err := os.Rename(w.shardName(i), filepath.Join(w.dir, "data", name)); err != nil {
			return nil, err
		}
		files = append(files, w.set+"/data/"+name)
	}
	if w.json != nil {
		if err := w.lines.Flush(); err != nil {
			return nil, err
		}
		files = append(files, w.set+"/train.jsonl")
		return files, w.jsonFile.Close()
	}
	return files, nil
}

// abandon closes what is still open after an error.
func (w *output[T]) abandon() {
	if w.file != nil {
		w.file.Close()
	}
	if w.jsonFile != nil {
		w.jsonFile.Close()
	}
}

// features returns the Hugging Face description of a row type for the file's
// footer: {"info": {"features": {column: type}}}.
func features(row reflect.Type) (string, error) {
	var columns []string
	for _, f := range reflect.VisibleFields(row) {
		if f.Anonymous {
			continue
		}
		name, _, _ := strings.Cut(f.Tag.Get("parquet"), ",")
		t := f.Type
		if t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
		var feature string
		switch {
		case t == reflect.TypeFor[imageCell]():
			feature = `{"_type":"Image"}`
		case t.Kind() == reflect.String || t.Kind() == reflect.Int32 || t.Kind() == reflect.Float64:
			feature = fmt.Sprintf(`{"dtype":%q,"_type":"Value"}`, t.Kind())
		default:
			return "", fmt.Errorf("column %s: no Hugging Face type for %s", name, t)
		}
		columns = append(columns, fmt.Sprintf("%q:%s", name, feature))
	}
	return `{"info":{"features":{` + strings.Join(columns, ",") + `}}}`, nil
}
