package dataset

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// writeCard writes README.md: metadata that the Hugging Face hub and loader
// read, then what people want to know.
func writeCard(dir string, o Options, r *Report) error {
	var b strings.Builder
	writeCardMetadata(&b, o, r)
	b.WriteString("\n# Dataset made by VisLang\n\n")
	for _, set := range r.Sets {
		fmt.Fprintf(&b, "- `%s`: %d %s\n", set.Name, set.Rows, map[string]string{
			Pairs: "aligned sentence pairs with their context", Figures: "figures with captions",
		}[set.Name])
	}
	if o.has(Parquet) {
		b.WriteString("\n```python\nfrom datasets import load_dataset\n\n")
		for _, set := range r.Sets {
			fmt.Fprintf(&b, "%s = load_dataset(\"path/to/this/folder\", \"%s\", split=\"train\")\n", set.Name, set.Name)
		}
		b.WriteString("```\n")
	}
	b.WriteString("\n## How it was made\n\n")
	fmt.Fprintf(&b, "Exported by vislang %s. `stage_version` says what made a row, the document ids and addresses where it comes from.\n\n", o.Version)
	for _, set := range r.Sets {
		fmt.Fprintf(&b, "- `%s`: %s\n", set.Name, howChosen(o, set))
	}
	b.WriteString("\nThe text is as it stands in the documents, by extraction or character recognition; no text was written or translated by a machine. " +
		"`score` is the aligner's confidence from 0 to 1; nobody has reviewed the rows.\n")
	b.WriteString("\n## Licences\n\nEach row belongs to its source. `license` is what the source states; where it states nothing, find out before you use the row.\n")
	for _, set := range r.Sets {
		writeCounts(&b, set.Name+", by licence", "licence", "none stated", set.Licenses)
	}
	b.WriteString("\n## Languages\n")
	for _, set := range r.Sets {
		writeCounts(&b, set.Name+", by language", "language", "unknown", set.Languages)
	}
	return os.WriteFile(filepath.Join(dir, "README.md"), []byte(b.String()), 0o666)
}

func writeCardMetadata(b *strings.Builder, o Options, r *Report) {
	languages, licenses := map[string]bool{}, map[string]bool{}
	var rows int64
	for _, set := range r.Sets {
		rows += set.Rows
		for key := range set.Languages {
			for label := range strings.FieldsSeq(key) {
				if code, _, _ := strings.Cut(label, "_"); code != "und" {
					languages[code] = true
				}
			}
		}
		for license := range set.Licenses {
			licenses[license] = true
		}
	}
	b.WriteString("---\npretty_name: VisLang export\n")
	// The hub knows its own names of licences; rows of several are "other".
	license := "other"
	if len(licenses) == 1 {
		for stated := range licenses {
			license = hubLicense(stated)
		}
	}
	fmt.Fprintf(b, "license: %s\n", license)
	if len(languages) > 0 {
		b.WriteString("language:\n")
		for _, code := range slices.Sorted(maps.Keys(languages)) {
			fmt.Fprintf(b, "- %q\n", code) // quoted: YAML reads a bare `no` as false
		}
	}
	fmt.Fprintf(b, "size_categories:\n- %s\ntask_categories:\n", sizeCategory(rows))
	for _, set := range r.Sets {
		fmt.Fprintf(b, "- %s\n", map[string]string{Pairs: "translation", Figures: "image-to-text"}[set.Name])
	}
	b.WriteString("configs:\n")
	for _, set := range r.Sets {
		path := set.Name + "/data/train-*.parquet"
		if !o.has(Parquet) {
			path = set.Name + "/train.jsonl"
		}
		fmt.Fprintf(b, "- config_name: %s\n  data_files:\n  - split: train\n    path: %s\n", set.Name, path)
	}
	b.WriteString("---\n")
}

func howChosen(o Options, set SetReport) string {
	var how []string
	if set.Name == Pairs {
		how = append(how, fmt.Sprintf("score at least %g", o.MinScore))
	} else {
		how = append(how, "figures with a caption and a raster image")
	}
	switch {
	case set.Filtered:
		how = append(how, fmt.Sprintf("rows where `%s`", strings.Join(strings.Fields(o.Where), " ")))
	case o.Where != "":
		how = append(how, fmt.Sprintf("the condition `%s` names columns this set does not have, so it was not applied", strings.Join(strings.Fields(o.Where), " ")))
	}
	if set.Unreadable > 0 {
		how = append(how, fmt.Sprintf("%d left out because their image could not be read", set.Unreadable))
	}
	return strings.Join(how, "; ") + "."
}

// writeCounts writes a table, most rows first.
func writeCounts(b *strings.Builder, title, column, empty string, counts map[string]int64) {
	fmt.Fprintf(b, "\n%s:\n\n| %s | rows |\n|---|---:|\n", title, column)
	keys := slices.Sorted(maps.Keys(counts))
	slices.SortStableFunc(keys, func(x, y string) int { return int(counts[y] - counts[x]) })
	for _, key := range keys {
		label := strings.ReplaceAll(key, "|", `\|`)
		if strings.TrimSpace(key) == "" {
			label = empty
		}
		fmt.Fprintf(b, "| %s | %d |\n", label, counts[key])
	}
}

// hubLicense returns the hub's identifier of a licence, other if it has none.
func hubLicense(stated string) string {
	id := strings.ToLower(strings.TrimSpace(stated))
	if rest, ok := strings.CutPrefix(strings.TrimPrefix(strings.TrimPrefix(id, "https://"), "http://"), "creativecommons.org/"); ok {
		parts := strings.Split(rest, "/")
		if len(parts) >= 3 && parts[0] == "licenses" {
			id = "cc-" + parts[1] + "-" + parts[2]
		} else if len(parts) >= 2 && parts[1] == "zero" {
			id = "cc0-1.0"
		}
	}
	switch id {
	case "cc0-1.0", "apache-2.0", "mit", "odbl", "cc-by-2.0", "cc-by-2.5", "cc-by-3.0", "cc-by-4.0", "cc-by-sa-3.0", "cc-by-sa-4.0",
		"cc-by-nc-2.0", "cc-by-nc-3.0", "cc-by-nc-4.0", "cc-by-nd-4.0", "cc-by-nc-nd-3.0", "cc-by-nc-nd-4.0",
		"cc-by-nc-sa-2.0", "cc-by-nc-sa-3.0", "cc-by-nc-sa-4.0":
		return id
	}
	return "other"
}

// sizeCategory returns the hub's size category.
func sizeCategory(rows int64) string {
	names := []string{"n<1K", "1K<n<10K", "10K<n<100K", "100K<n<1M", "1M<n<10M", "10M<n<100M", "100M<n<1B", "1B<n<10B"}
	limit := int64(1000)
	for _, name := range names {
		if rows < limit {
			return name
		}
		limit *= 10
	}
	return "10B<n<100B"
}
