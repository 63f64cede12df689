package alignment

import (
	"hash/fnv"
	"math/rand/v2"
	"strconv"
	"strings"
	"unicode"

	"vislang/pkg/align"
)

// Shares of beads by what was done to parallel lines, as in the shared
// development data: of each side, lines dropped, pairs and triples joined.
const (
	dropped = 0.083
	joined2 = 0.058
	joined3 = 0.008
)

// Simulate makes a document of parallel lines: some are dropped from one side
// and some joined on one. With noise it also has page furniture on both sides,
// and letters lost, confused and run together as in recognised print.
func Simulate(pair, name string, source, target []string, noise bool) Document {
	d := Document{Pair: pair, Name: name, Set: "std"}
	if noise {
		d.Set = "ocr"
	}
	r := newRandom(pair + name + d.Set)
	add := func(s, t []string) {
		b := align.Bead{}
		for _, line := range s {
			b.Source = append(b.Source, len(d.Source))
			d.Source = append(d.Source, line)
		}
		for _, line := range t {
			b.Target = append(b.Target, len(d.Target))
			d.Target = append(d.Target, line)
		}
		d.Gold = append(d.Gold, b)
	}
	page := 1
	for i := 0; i < len(source); {
		if noise && r.Float64() < 0.02 {
			add([]string{furniture(r, page)}, nil)
		}
		if noise && r.Float64() < 0.02 {
			add(nil, []string{furniture(r, page)})
			page++
		}
		n := 1
		x := r.Float64()
		switch {
		case x < dropped:
			add(source[i:i+1], nil)
		case x < 2*dropped:
			add(nil, target[i:i+1])
		default:
			x = (x - 2*dropped) / (1 - 2*dropped)
			if x < 2*joined3 {
				n = 3
			} else if x < 2*(joined3+joined2) {
				n = 2
			}
			n = min(n, len(source)-i)
			s, t := source[i:i+n], target[i:i+n]
			if n > 1 && r.IntN(2) == 0 {
				s = []string{strings.Join(s, " ")}
			} else if n > 1 {
				t = []string{strings.Join(t, " ")}
			}
			add(s, t)
		}
		i += n
	}
	if noise {
		for _, side := range [][]string{d.Source, d.Target} {
			for i, line := range side {
				side[i] = misread(r, line)
			}
		}
	}
	return d
}

func newRandom(seed string) *rand.Rand {
	h := fnv.New64a()
	h.Write([]byte(seed))
	return rand.New(rand.NewPCG(h.Sum64(), 1))
}

func furniture(r *rand.Rand, page int) string {
	n := strconv.Itoa(page)
	return []string{"Page " + n, n + " | 2019", "Annex " + n, "Photo: UNHCR", "Source: Ministry of Health", "https://www.who.int/"}[r.IntN(6)]
}

var confused = map[rune]rune{'o': '0', 'l': '1', 'e': 'c', 's': '5', 'i': 'l', 'h': 'b', 'n': 'r', 'a': 'o', '8': '3', '5': 'S', '0': 'O'}

// misread damages about a character in 40.
func misread(r *rand.Rand, line string) string {
	var out strings.Builder
	for _, c := range line {
		x := r.Float64()
		switch {
		case x < 0.010 && c != ' ', x < 0.012 && c == ' ':
			continue
		case x < 0.022:
			if to, ok := confused[c]; ok {
				c = to
			} else if unicode.IsLetter(c) && c > 0x250 && r.IntN(3) == 0 {
				c++ // of the same block, mostly a similar letter
			}
		case x < 0.0225:
			c = unicode.ReplacementChar
		}
		out.WriteRune(c)
	}
	if out.Len() == 0 {
		return line
	}
	return out.String()
}
