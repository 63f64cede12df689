package align

import "math"

// span is a run of neighbouring sentences of one side.
type span struct {
	length    float64 // letters and digits
	log       float64 // of length
	anchors   []int32 // distinct, ascending
	signature uint64  // a bit for each anchor: spans without a common bit share none
	missing   float64 // evidence against a bead that shares none of them
}

// spans[k][i] is the run of k+1 sentences from i.
type spans [widest][]span

func (c *corpus) spans(side []sentence) (out spans) {
	for k := 0; k < widest && k < len(side); k++ {
		out[k] = make([]span, len(side)-k)
		for i := range out[k] {
			if k == 0 {
				out[0][i] = c.span(&side[i])
			} else {
				out[k][i] = c.join(&out[k-1][i], &out[0][i+k])
			}
		}
	}
	return out
}

func (c *corpus) span(s *sentence) span {
	out := span{length: s.length, log: math.Log(s.length), anchors: s.anchors, missing: s.alone}
	for _, a := range s.anchors {
		out.missing += c.anchors[a].missing
		out.signature |= 1 << (uint(a) % 64)
	}
	return out
}

func (c *corpus) join(a, b *span) span {
	out := span{length: a.length + b.length, signature: a.signature | b.signature, missing: a.missing + b.missing}
	out.log = math.Log(out.length)
	out.anchors = union(a.anchors, b.anchors)
	if len(out.anchors) < len(a.anchors)+len(b.anchors) {
		for x, y := a.anchors, b.anchors; len(x) > 0 && len(y) > 0; { // missing once, not twice
			switch {
			case x[0] < y[0]:
				x = x[1:]
			case x[0] > y[0]:
				y = y[1:]
			default:
				out.missing -= c.anchors[x[0]].missing
				x, y = x[1:], y[1:]
			}
		}
	}
	return out
}

// union merges two ascending lists.
func union(a, b []int32) []int32 {
	if len(a) == 0 {
		return b
	}
	if len(b) == 0 {
		return a
	}
	out := make([]int32, 0, len(a)+len(b))
	for len(a) > 0 && len(b) > 0 {
		switch {
		case a[0] < b[0]:
			out, a = append(out, a[0]), a[1:]
		case a[0] > b[0]:
			out, b = append(out, b[0]), b[1:]
		default:
			out, a, b = append(out, a[0]), a[1:], b[1:]
		}
	}
	return append(append(out, a...), b...)
}
