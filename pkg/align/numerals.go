package align

import (
	"strconv"
	"strings"
)

// ethiopicNumbers writes Ethiopic numerals, ፩ to ፼, as ASCII digits: ፲፱፻፹፯
// becomes 1987. They have no zero and no places: a number up to 99 before ፻
// counts hundreds, one up to 9999 before ፼ counts myriads.
func ethiopicNumbers(s string) string {
	if !strings.ContainsFunc(s, isEthiopicNumeral) {
		return s
	}
	var out strings.Builder
	myriads, hundreds, units, open := 0, 0, 0, false
	flush := func() {
		if open {
			out.WriteString(strconv.Itoa(myriads + hundreds + units))
		}
		myriads, hundreds, units, open = 0, 0, 0, false
	}
	for _, r := range s {
		if !isEthiopicNumeral(r) || myriads > 1e12 {
			flush()
		}
		switch {
		case !isEthiopicNumeral(r):
			out.WriteRune(r)
			continue
		case r == '፼':
			myriads = max(1, myriads+hundreds+units) * 10_000
			hundreds, units = 0, 0
		case r == '፻':
			hundreds += max(1, units) * 100
			units = 0
		case r >= '፲':
			units += int(r-'፲'+1) * 10
		default:
			units += int(r-'፩') + 1
		}
		open = true
	}
	flush()
	return out.String()
}

func isEthiopicNumeral(r rune) bool { return r >= '፩' && r <= '፼' }
