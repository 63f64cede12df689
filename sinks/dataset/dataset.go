// Package dataset exports what the pipeline made as datasets that people
// train on: aligned sentence pairs and captioned figures, each as Parquet that
// Hugging Face `datasets` opens and as JSON Lines, with a card.
//
//	report, err := dataset.Export(ctx, dataset.Options{
//		Database: conn, Blobs: store, Dir: "swahili", Where: "target_language = 'swh_Latn'", MinScore: 0.5,
//	})
//
// The folder then holds
//
//	README.md                                     the card
//	SHA256SUMS                                    of every other file
//	pairs/data/train-00000-of-00001.parquet       load_dataset("swahili", "pairs")
//	pairs/train.jsonl
//	figures/data/train-00000-of-00001.parquet     load_dataset("swahili", "figures")
//	figures/train.jsonl, figures/images/…         one line a figure, its image beside it
//
// Rows come in the order of their documents, so the same data gives the same
// bytes. The folder appears whole or not at all.
package dataset

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
)

// Names of the sets and formats.
const (
	Pairs   = "pairs"
	Figures = "figures"
	Parquet = "parquet"
	JSONL   = "jsonl"
)

// Sets returns the names of all sets.
func Sets() []string { return []string{Pairs, Figures} }

// Formats returns the names of all formats.
func Formats() []string { return []string{Parquet, JSONL} }

// ErrNothing says that no row fits.
var ErrNothing = errors.New("no rows to export")

// Blobs reads images, such as *blob.Store.
type Blobs interface {
	Get(ctx context.Context, name string) ([]byte, error)
}

// Options say what to export and where to.
type Options struct {
	Database driver.Conn
	Blobs    Blobs
	Dir      string
	Force    bool     // replace an earlier export in Dir
	Sets     []string // of Sets; none means all
	Formats  []string // of Formats; none means all
	Where    string   // SQL condition on the columns of a set; "" takes all rows
	MinScore float64  // least score of a pair, 0 to 1
	Version  string   // of the program, for the card
	// Progress, if set, is told how many rows of a set are written.
	Progress func(set string, rows, total int64)
}

// Report says what was exported.
type Report struct {
	Dir  string      `json:"dir"`
	Sets []SetReport `json:"sets"`
}

// SetReport says what was exported of one set.
type SetReport struct {
	Name       string           `json:"name"`
	Rows       int64            `json:"rows"`
	Filtered   bool             `json:"filtered"` // Where was applied
	Unreadable int64            `json:"unreadable,omitempty"`
	Languages  map[string]int64 `json:"languages"` // rows by language, or by language pair
	Licenses   map[string]int64 `json:"licenses"`  // rows by licence, "" for those that state none
	Files      []string         `json:"files"`     // relative to Dir
}

// Export writes the datasets. It counts first: ErrNothing if there are no
// rows, and an error if Where fits the columns of no set.
func Export(ctx context.Context, o Options) (*Report, error) {
	if len(o.Sets) == 0 {
		o.Sets = Sets()
	}
	if len(o.Formats) == 0 {
		o.Formats = Formats()
	}
	stage, err := newStaging(o.Dir, o.Force)
	if err != nil {
		return nil, err
	}
	plans, err := planSets(ctx, o)
	if err != nil {
		return nil, err
	}
	if err := stage.begin(); err != nil {
		return nil, err
	}
	defer stage.discard()
	report := &Report{Dir: o.Dir}
	for _, plan := range plans {
		if plan.rows == 0 {
			continue
		}
		set, err := exportSet(ctx, o, plan, stage.dir)
		if err != nil {
			return nil, fmt.Errorf("export %s: %w", plan.name, err)
		}
		if set.Rows > 0 {
			report.Sets = append(report.Sets, *set)
		}
	}
	if len(report.Sets) == 0 {
		return nil, ErrNothing
	}
	if err := writeCard(stage.dir, o, report); err != nil {
		return nil, err
	}
	return report, stage.commit(ctx)
}

func exportSet(ctx context.Context, o Options, plan plan, dir string) (*SetReport, error) {
	set := &SetReport{Name: plan.name, Filtered: plan.filtered, Languages: map[string]int64{}, Licenses: map[string]int64{}}
	switch plan.name {
	case Pairs:
		return set, exportPairs(ctx, o, plan, dir, set)
	case Figures:
		return set, exportFigures(ctx, o, plan, dir, set)
	}
	return nil, fmt.Errorf("there is no such set")
}

func (o *Options) has(format string) bool { return slices.Contains(o.Formats, format) }
