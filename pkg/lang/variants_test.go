package lang

import "testing"

func TestDeclarationTellsVariantsApart(t *testing.T) {
	var trainer Trainer
	for part, text := range corpus["eng_Latn"] {
		trainer.Add("eng_Latn", part, text)
	}
	// Two variants that the words tell apart clearly, but only the words of
	// this tiny corpus do.
	for part, text := range corpus["swh_Latn"] {
		trainer.Add("ind_Latn", part, text)
		trainer.Add("zlm_Latn", part, text+" kadhalika vilevile isipokuwa")
	}
	m, _, err := trainer.Train()
	if err != nil {
		t.Fatal(err)
	}
	text := corpus["swh_Latn"][1] + " kadhalika vilevile isipokuwa kadhalika vilevile isipokuwa"
	if label, _ := m.Identify(text); label != "zlm_Latn" {
		t.Fatalf("without a declaration: %s", label)
	}
	if label, sure := m.IdentifyWith(text, "id"); label != "ind_Latn" || sure <= 0.5 {
		t.Errorf("declared Indonesian: %s, %g", label, sure)
	}
	if label, _ := m.IdentifyWith(text, "en"); label != "zlm_Latn" {
		t.Errorf("a declaration of another language: %s", label)
	}
}

func TestVariantsAreLabels(t *testing.T) {
	for label := range variants {
		if FromTag(label) != label {
			t.Errorf("variants.txt: %s is %s", label, FromTag(label))
		}
	}
}
