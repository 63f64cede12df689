package align

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
