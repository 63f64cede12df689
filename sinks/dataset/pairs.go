package dataset

import (
	"context"
	"fmt"
)

// pairRow is a row of the set of pairs. All columns are optional in Parquet:
// the Hugging Face loader shows raw bytes of required ones.
type pairRow struct {
	PairID           string   `parquet:"pair_id,optional" json:"pair_id"`
	SourceLanguage   string   `parquet:"source_language,optional" json:"source_language"`
	TargetLanguage   string   `parquet:"target_language,optional" json:"target_language"`
	SourceText       string   `parquet:"source_text,optional" json:"source_text"`
	TargetText       string   `parquet:"target_text,optional" json:"target_text"`
	SourceBefore     *string  `parquet:"source_before,optional" json:"source_before"`
	SourceAfter      *string  `parquet:"source_after,optional" json:"source_after"`
	TargetBefore     *string  `parquet:"target_before,optional" json:"target_before"`
	TargetAfter      *string  `parquet:"target_after,optional" json:"target_after"`
	Bead             string   `parquet:"bead,optional" json:"bead"`
	Score            *float64 `parquet:"score,optional" json:"score"`
	Health           *float64 `parquet:"health,optional" json:"health"`
	License          *string  `parquet:"license,optional" json:"license"`
	SourceURL        *string  `parquet:"source_url,optional" json:"source_url"`
	TargetURL        *string  `parquet:"target_url,optional" json:"target_url"`
	SourceDocumentID string   `parquet:"source_document_id,optional" json:"source_document_id"`
	TargetDocumentID string   `parquet:"target_document_id,optional" json:"target_document_id"`
	GroupID          *string  `parquet:"group_id,optional" json:"group_id"`
	StageVersion     *string  `parquet:"stage_version,optional" json:"stage_version"`
}

const pairColumns = `pair_id, source_language, target_language, source_text, target_text,
	source_before, source_after, target_before, target_after, bead, score, health, license,
	source_url, target_url, source_document_id, target_document_id, group_id, stage_version`

// Pairs come language pair by language pair, each document in its own order.
// Their id is made of documents and sentences, so that equal ones are neighbours.
const pairOrder = `ORDER BY source_language, target_language, source_document_id, target_document_id,
	source_sentences, target_sentences, pair_id, recorded_at, offset`

func exportPairs(ctx context.Context, o Options, p plan, dir string, set *SetReport) error {
	rows, err := o.Database.Query(p.context(ctx, o), "SELECT "+pairColumns+" FROM "+p.from+" "+pairOrder)
	if err != nil {
		return err
	}
	defer rows.Close()
	out, err := newOutput[pairRow](o, dir, Pairs, pairRowGroup)
	if err != nil {
		return err
	}
	defer out.abandon()
	var last string
	for rows.Next() {
		var row pairRow
		var before, after, targetBefore, targetAfter, license, sourceURL, targetURL, group, version string
		var score, health float64
		if err := rows.Scan(&row.PairID, &row.SourceLanguage, &row.TargetLanguage, &row.SourceText, &row.TargetText,
			&before, &after, &targetBefore, &targetAfter, &row.Bead, &score, &health, &license,
			&sourceURL, &targetURL, &row.SourceDocumentID, &row.TargetDocumentID, &group, &version); err != nil {
			return err
		}
		if row.PairID == last {
			continue
		}
		last = row.PairID
		row.SourceBefore, row.SourceAfter = text(before), text(after)
		row.TargetBefore, row.TargetAfter = text(targetBefore), text(targetAfter)
		row.Score, row.Health, row.License = &score, &health, text(license)
		row.SourceURL, row.TargetURL, row.GroupID, row.StageVersion = text(sourceURL), text(targetURL), text(group), text(version)
		if err := out.write(row, row, len(row.SourceText)+len(row.TargetText)); err != nil {
			return err
		}
		set.add(row.SourceLanguage+" "+row.TargetLanguage, license)
		o.progress(Pairs, set.Rows, p.rows)
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("read rows: %w", err)
	}
	set.Files, err = out.finish()
	return err
}

// text gives what is missing as null.
func text(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func (s *SetReport) add(language, license string) {
	s.Rows++
	s.Languages[language]++
	s.Licenses[license]++
}

func (o *Options) progress(set string, rows, total int64) {
	if o.Progress != nil {
		o.Progress(set, rows, total)
	}
}
