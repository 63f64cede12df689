package confidence

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

// Fit finds the weights that made the data.
func TestFit(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	want := []float64{0.5, 2, -1}
	var samples []Sample
	for range 20_000 {
		features := []float64{1, r.NormFloat64(), r.NormFloat64()}
		samples = append(samples, Sample{features, r.Float64() < probability(want, features)})
	}
	got, err := Fit(samples, []int{1}, []int{2})
	if err != nil {
		t.Fatal(err)
	}
	for i := range want {
		if math.Abs(got[i]-want[i]) > 0.1 {
			t.Errorf("weights %v, want %v", got, want)
		}
	}
	// A weight of the wrong sign is held at 0.
	if got, err = Fit(samples, []int{2}, []int{1}); err != nil || got[1] != 0 || got[2] != 0 {
		t.Errorf("weights %v, %v", got, err)
	}
	if _, err := Fit(nil, nil, nil); err == nil {
		t.Error("fitted to nothing")
	}
	if _, err := Fit([]Sample{{[]float64{0}, true}}, nil, nil); err == nil {
		t.Error("fitted to a feature that is always 0")
	}
}

func TestDefault(t *testing.T) {
	s := Default()
	sure := Line{Mean: 0.97, Weakest: 0.95, Page: 0.96, Characters: 60}
	if n := len(sure.Features()); len(s.LineWeights) != n {
		t.Fatalf("%d weights, %d features", len(s.LineWeights), n)
	}
	if n := len(Word{}.Features()); len(s.WordWeights) != n {
		t.Fatalf("%d weights, %d features", len(s.WordWeights), n)
	}
	p := s.Line(sure)
	if p < 0.9 || p > 1 {
		t.Errorf("a sure line has %v", p)
	}
	for name, l := range map[string]Line{
		"a weak word":     {Mean: 0.97, Weakest: 0.3, Page: 0.96, Characters: 60},
		"unknown letters": {Mean: 0.97, Weakest: 0.95, Page: 0.96, Characters: 60, Unknown: 0.1},
		"unsure":          {Mean: 0.7, Weakest: 0.6, Page: 0.96, Characters: 60},
		"of a bad page":   {Mean: 0.97, Weakest: 0.95, Page: 0.5, Characters: 60},
	} {
		if q := s.Line(l); q > p || q < 0 {
			t.Errorf("%s: %v, without %v", name, q, p)
		}
	}
	if p := s.Line(Line{Mean: 0.95, Weakest: 0.9, Page: 0.9, Characters: 60, Unknown: Unknown("ewe_Latn")}); p > 0.5 {
		t.Errorf("a line of Ewe, of whose letters the model lacks many, has %v", p)
	}
	if a, b := s.Word(Word{Confidence: 0.97, Line: 0.95, Characters: 6}), s.Word(Word{Confidence: 0.5, Line: 0.95, Characters: 6}); a < b || a > 1 {
		t.Errorf("a sure word %v, an unsure one %v", a, b)
	}
}

func TestUnknown(t *testing.T) {
	if Unknown("eng_Latn") != 0 || Unknown("") != 0 || Unknown("ewe_Latn") < 0.05 {
		t.Error(Unknown("eng_Latn"), Unknown("ewe_Latn"))
	}
	for line := range strings.Lines(unknown) {
		if f := strings.Fields(line); f[0] != "#" && (len(f) != 3 || Unknown(f[0]) <= 0 || Unknown(f[0]) > 1) {
			t.Errorf("row %q", line)
		}
	}
}
