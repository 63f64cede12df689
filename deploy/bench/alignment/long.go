package alignment

import (
	"fmt"
	"hash/fnv"
	"path/filepath"
	"strings"
)

// Long makes one document of about n sentences a side from the handbook in
// English and another language (a code of its locales). The text comes again and
// again, but each time with other words: two of three are changed into made-up
// ones, the same way on each occasion within one round, so that every round has
// names and terms of its own as a chapter has. One line in twenty has a number.
func Long(assets, locale string, n int) (Document, error) {
	s, t, err := Handbook(filepath.Join(assets, "demo/site/handbook"), "en-US", locale)
	if err != nil {
		return Document{}, err
	}
	var source, target []string
	for round := 0; len(source) < n; round++ {
		for i := range s {
			a, b := disguise(s[i], round), disguise(t[i], round)
			if i%20 == round%20 {
				number := fmt.Sprintf(" %d", 100+(i*7919+round*104729)%9000)
				a, b = a+number, b+number
			}
			source, target = append(source, a), append(target, b)
		}
	}
	return Simulate("en-"+locale, "long", source[:n], target[:n], false), nil
}

// disguise changes two words of three, the same word always in the same way.
func disguise(line string, round int) string {
	words := strings.Fields(line)
	for i, w := range words {
		h := fnv.New32a()
		fmt.Fprint(h, w, round)
		if x := h.Sum32(); x%3 > 0 && len(w) > 3 {
			words[i] = syllables(x/3) + w[len(w)/2:]
		}
	}
	return strings.ToValidUTF8(strings.Join(words, " "), "")
}

// syllables spells a number as two syllables.
func syllables(x uint32) string {
	const consonants, vowels = "bdfgklmnprstvz", "aeiou"
	var out []byte
	for range 2 {
		out = append(out, consonants[x%uint32(len(consonants))], vowels[x/16%uint32(len(vowels))])
		x /= 128
	}
	return string(out)
}
