// Package confidence turns what a recognition engine says of its own sureness
// into probabilities.
//
//	scale := confidence.Default()
//	p := scale.Line(confidence.Line{Mean: 0.93, Weakest: 0.71, Page: 0.91, Characters: 62, Unknown: 0.04})
//	// 0.31: how probable it is that fewer than 5 % of the line's characters are wrong
//
// An engine is as sure of a letter that its model does not know, and takes for
// the nearest that it does, as of any other. So the share of a language's
// letters that the models lack (Unknown, from unknown.tsv) counts beside what
// the engine says. The weights are fitted by logistic regression (Cox 1958) on
// recognised pages with known text, by the command in fit:
//
//	go run ./pkg/ocr/confidence/fit -pages FOLDER -udhr share/vislang/udhr
package confidence

import (
	_ "embed"
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"sync"
)

//go:embed weights.json
var weights []byte

//go:embed unknown.tsv
var unknown string

// Line is what is known of a recognised line. Confidences are the engine's, 0 to 1.
type Line struct {
	Mean       float64 // of its characters
	Weakest    float64 // of its words
	Page       float64 // mean of the page
	Characters int
	Unknown    float64 // share of the language's letters that the models lack
}

// Word is what is known of a recognised word.
type Word struct {
	Confidence float64
	Line       float64 // mean of its line
	Characters int
	Unknown    float64
}

// Scale holds the fitted weights.
type Scale struct {
	LineWeights []float64 `json:"line"`
	WordWeights []float64 `json:"word"`
}

// Default returns the scale that was fitted with this program.
func Default() *Scale { return defaultScale() }

var defaultScale = sync.OnceValue(func() *Scale {
	var s Scale
	if err := json.Unmarshal(weights, &s); err != nil {
		panic("weights.json: " + err.Error())
	}
	return &s
})

// Line returns the probability that fewer than 5 % of the line's characters
// are wrong.
func (s *Scale) Line(l Line) float64 { return probability(s.LineWeights, l.Features()) }

// Word returns the probability that the word is right to the letter.
func (s *Scale) Word(w Word) float64 { return probability(s.WordWeights, w.Features()) }

// Features are what the line's weights multiply.
func (l Line) Features() []float64 {
	return []float64{1, logit(l.Mean), logit(l.Weakest), logit(l.Page), math.Log(float64(max(l.Characters, 1))), lack(l.Unknown)}
}

// Features are what the word's weights multiply.
func (w Word) Features() []float64 {
	return []float64{1, logit(w.Confidence), logit(w.Line), math.Log(float64(max(w.Characters, 1))), lack(w.Unknown)}
}

// lack saturates: the second per cent of letters unknown tells less than the first.
func lack(share float64) float64 { return math.Log1p(100 * share) }

func logit(p float64) float64 {
	p = min(max(p, 0.01), 0.995)
	return math.Log(p / (1 - p))
}

func probability(weights, features []float64) float64 {
	var sum float64
	for i, w := range weights {
		sum += w * features[i]
	}
	return 1 / (1 + math.Exp(-sum))
}

// Unknown returns the share of a language's letters that its recognition
// models lack; 0 when that is not known. Label is as `ewe_Latn`.
func Unknown(label string) float64 { return unknownShares()[label] }

var unknownShares = sync.OnceValue(func() map[string]float64 {
	shares := map[string]float64{}
	for line := range strings.Lines(unknown) {
		if f := strings.Fields(line); len(f) >= 2 && f[0] != "#" {
			if share, err := strconv.ParseFloat(f[1], 64); err == nil {
				shares[f[0]] = share
			}
		}
	}
	return shares
})
