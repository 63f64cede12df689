package pdf

// upright turns the page so that most of its text runs from left to right, and
// notes the degrees clockwise it was turned by.
func (c *content) upright() {
	var votes [4]int
	for _, ch := range c.chars {
		if ch.generated || ch.style >= len(c.styles) {
			continue
		}
		if q := quarters(c.styles[ch.style]); q >= 0 {
			votes[q]++
		}
	}
	best := 0
	for q, n := range votes {
		if n > votes[best] {
			best = q
		}
	}
	if best == 0 {
		return
	}
	m := turn(best, c.width, c.height)
	for i := range c.chars {
		ch := &c.chars[i]
		ch.box = m.rect(ch.box.X0, ch.box.Y0, ch.box.X1, ch.box.Y1)
		ch.x, ch.y = m.apply(ch.x, ch.y)
	}
	for i := range c.styles {
		c.styles[i].dx, c.styles[i].dy = m.linear(c.styles[i].dx, c.styles[i].dy)
	}
	for i, p := range c.pictures {
		c.pictures[i].box = m.rect(p.box.X0, p.box.Y0, p.box.X1, p.box.Y1)
		c.pictures[i].seen = m.rect(p.seen.X0, p.seen.Y0, p.seen.X1, p.seen.Y1)
	}
	for i, s := range c.shapes {
		c.shapes[i].box = m.rect(s.box.X0, s.box.Y0, s.box.X1, s.box.Y1)
	}
	if best%2 == 1 {
		c.width, c.height = c.height, c.width
	}
	c.turned = 360 - 90*best
}

// asDisplayed maps a box of the upright page back to the page as displayed,
// which is width by height points.
func asDisplayed(box Rect, rotation int, width, height float64) Rect {
	m := turn((360-rotation)/90, width, height)
	det := m.a*m.d - m.b*m.c // 1
	inverse := matrix{m.d / det, -m.b / det, -m.c / det, m.a / det, (m.c*m.f - m.d*m.e) / det, (m.b*m.e - m.a*m.f) / det}
	return inverse.rect(box.X0, box.Y0, box.X1, box.Y1)
}
