package main

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"vislang/deploy/bench/alignment"
)

// chart is a picture of curves over two axes, drawn as SVG.
type chart struct {
	title, x, y    string
	from, to       [2]float64 // of each axis
	curves         []curve
	diagonal, dots bool
}

type curve struct {
	name   string
	points [][2]float64
}

// draw returns the SVG.
func (c chart) draw() string {
	const width, height, left, top, side = 720, 520, 60, 40, 420
	var out strings.Builder
	at := func(p [2]float64) (x, y float64) {
		return left + side*(p[0]-c.from[0])/(c.to[0]-c.from[0]), top + side - side*(p[1]-c.from[1])/(c.to[1]-c.from[1])
	}
	fmt.Fprintf(&out, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" font-family="sans-serif" font-size="12">`+"\n", width, height, width, height)
	fmt.Fprintf(&out, `<rect width="%d" height="%d" fill="white"/>`+"\n", width, height)
	fmt.Fprintf(&out, `<text x="%d" y="24" font-size="15">%s</text>`+"\n", left, c.title)
	for k := range 6 {
		f := float64(k) / 5
		p := [2]float64{c.from[0] + f*(c.to[0]-c.from[0]), c.from[1] + f*(c.to[1]-c.from[1])}
		x, y := at(p)
		fmt.Fprintf(&out, `<path d="M%.1f %dV%dM%d %.1fH%d" stroke="#ddd"/>`+"\n", x, top, top+side, left, y, left+side)
		fmt.Fprintf(&out, `<text x="%.1f" y="%d" text-anchor="middle">%.2f</text><text x="%d" y="%.1f" text-anchor="end">%.2f</text>`+"\n", x, top+side+18, p[0], left-8, y+4, p[1])
	}
	fmt.Fprintf(&out, `<text x="%d" y="%d" text-anchor="middle">%s</text>`+"\n", left+side/2, top+side+40, c.x)
	fmt.Fprintf(&out, `<text transform="translate(16 %d) rotate(-90)" text-anchor="middle">%s</text>`+"\n", top+side/2, c.y)
	if c.diagonal {
		fmt.Fprintf(&out, `<path d="M%d %dL%d %d" stroke="#888" stroke-dasharray="4"/>`+"\n", left, top+side, left+side, top)
	}
	fmt.Fprintf(&out, `<clipPath id="c"><rect x="%d" y="%d" width="%d" height="%d"/></clipPath>`+"\n", left-4, top-4, side+8, side+8)
	for k, curve := range c.curves {
		color := fmt.Sprintf("hsl(%d,65%%,%d%%)", k*360/len(c.curves), 40+k%2*12)
		out.WriteString(`<path clip-path="url(#c)" fill="none" stroke-width="1.6" stroke="` + color + `" d="`)
		for n, p := range curve.points {
			x, y := at(p)
			fmt.Fprintf(&out, "%c%.1f %.1f", "ML"[min(n, 1)], x, y)
		}
		out.WriteString("\"/>\n")
		if c.dots {
			for _, p := range curve.points {
				x, y := at(p)
				fmt.Fprintf(&out, `<circle cx="%.1f" cy="%.1f" r="3" fill="%s"/>`+"\n", x, y, color)
			}
		}
		y := top + 12 + k*16
		fmt.Fprintf(&out, `<path d="M%d %dh20" stroke="%s" stroke-width="3"/><text x="%d" y="%d">%s</text>`+"\n", left+side+16, y-4, color, left+side+42, y, curve.name)
	}
	out.WriteString("</svg>\n")
	return out.String()
}

// drawAlignment draws how far the confidence of pairs can be believed, and what
// a threshold on it costs and brings, by language.
func drawAlignment(documents []aligned, folder string) error {
	reliability := chart{
		title: "Confidence of pairs and how many of them are right", x: "confidence", y: "share of right pairs",
		to: [2]float64{1, 1}, diagonal: true, dots: true,
	}
	for _, kind := range kinds(documents) {
		c := curve{name: kind}
		for _, bin := range calibration(documents, kind) {
			if bin.all >= 20 {
				c.points = append(c.points, [2]float64{bin.confidence / bin.all, bin.right / bin.all})
			}
		}
		reliability.curves = append(reliability.curves, c)
	}
	recall := chart{
		title: "Precision and recall by the least confidence asked for", x: "recall", y: "precision",
		from: [2]float64{0.5, 0.9}, to: [2]float64{1, 1},
	}
	byPair := map[string][]aligned{}
	for _, d := range documents {
		if name := d.kind(); strings.HasPrefix(name, "tico") || d.Set == "real" {
			byPair[d.Pair+" "+d.Set] = append(byPair[d.Pair+" "+d.Set], d)
		}
	}
	for _, name := range sortedKeys(byPair) {
		recall.curves = append(recall.curves, curve{name, precisionRecall(byPair[name])})
	}
	for name, c := range map[string]chart{"alignment-reliability.svg": reliability, "alignment-precision-recall.svg": recall} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(c.draw()), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// precisionRecall returns the curve over thresholds, of pairs with both sides.
func precisionRecall(documents []aligned) [][2]float64 {
	type pair struct {
		score float64
		right bool
	}
	var pairs []pair
	gold := 0.0
	for _, d := range documents {
		for i, right := range alignment.Right(d.Gold, d.result.Beads) {
			if b := d.result.Beads[i]; len(b.Source) > 0 && len(b.Target) > 0 {
				pairs = append(pairs, pair{b.Score, right})
			}
		}
		for _, b := range d.Gold {
			if len(b.Source) > 0 && len(b.Target) > 0 {
				gold++
			}
		}
	}
	slices.SortFunc(pairs, func(a, b pair) int { return cmp.Compare(b.score, a.score) })
	var points [][2]float64
	right := 0.0
	for n, p := range pairs {
		if p.right {
			right++
		}
		if step := max(1, len(pairs)/100); n%step == step-1 || n == len(pairs)-1 {
			points = append(points, [2]float64{right / gold, right / float64(n+1)})
		}
	}
	return points
}
