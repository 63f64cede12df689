package alignment

import "slices"

// Broken are pairs of texts that a health score must refuse, made of good
// ones. other is a document of another text in the target's language (or any),
// for whole and for its part.
func Broken(d Document, other []string) map[string]Document {
	clone := func(source, target []string) Document {
		return Document{Pair: d.Pair, Name: d.Name, Set: d.Set, Source: source, Target: target}
	}
	n := len(d.Target)
	half := n / 2
	swapped := append(slices.Clone(d.Target[half:]), d.Target[:half]...)
	broken := map[string]Document{
		"halves swapped": clone(d.Source, swapped),
	}
	if len(other) > 0 {
		broken["another text"] = clone(d.Source, other)
	}
	return broken
}
