package align

import (
	_ "embed"
	"strconv"
	"strings"
	"sync"
)

//go:embed numbers.tsv
var numbersFile string

// numerals are the spelled-out numbers of all languages by the hash of the
// word. A word that is different numbers in two languages is none.
var numerals = sync.OnceValue(func() map[uint64]int {
	values := map[uint64]int{}
	r := reader{foldings: foldings()}
	for line := range strings.Lines(numbersFile) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		for _, field := range strings.Split(strings.TrimSpace(line), "\t")[1:] {
			number, forms, _ := strings.Cut(field, "=")
			n, err := strconv.Atoi(number)
			if err != nil {
				panic("align: numbers.tsv: " + field)
			}
			for _, form := range strings.Split(forms, ",") {
				if strings.Contains(form, " ") {
					continue
				}
				r.read(form)
				if old, ok := values[r.full]; ok && old != n {
					n = 0
				}
				values[r.full] = n
			}
		}
	}
	return values
})

// ethiopicNumber reads Ethiopic numerals, ፩ to ፼: ፲፱፻፹፯ is 1987. They have no
// zero and no places: a number up to 99 before ፻ counts hundreds, one up to
// 9999 before ፼ counts myriads.
type ethiopicNumber struct{ myriads, hundreds, units int }

func (n *ethiopicNumber) add(r rune) {
	switch {
	case n.myriads > 1e12: // no number
	case r == '፼':
		*n = ethiopicNumber{myriads: max(1, n.value()) * 10_000}
	case r == '፻':
		n.hundreds += max(1, n.units) * 100
		n.units = 0
	case r >= '፲':
		n.units += int(r-'፲'+1) * 10
	default:
		n.units += int(r-'፩') + 1
	}
}

func (n *ethiopicNumber) value() int { return n.myriads + n.hundreds + n.units }

func isEthiopicNumeral(r rune) bool { return r >= '፩' && r <= '፼' }

// roman reads a Roman numeral in small letters, 0 if it is none.
func roman(letters []uint16) int {
	n, last := 0, 1000
	for k := 0; k < len(letters); k++ {
		v := romanValue(letters[k])
		if v == 0 || v > last {
			return 0
		}
		if k+1 < len(letters) {
			if next := romanValue(letters[k+1]); next == 5*v || next == 10*v {
				v = next - v
				k++
			}
		}
		n, last = n+v, v
	}
	return n
}

func romanValue(c uint16) int {
	switch c {
	case 'i':
		return 1
	case 'v':
		return 5
	case 'x':
		return 10
	case 'l':
		return 50
	case 'c':
		return 100
	}
	return 0
}
