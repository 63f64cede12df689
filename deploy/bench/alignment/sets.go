package alignment

import (
	"errors"
	"fmt"
	"path/filepath"
)

// codes of the declarations, by the language of the pair's name. They were
// chosen for their languages, not for their results.
var declarations = [][2]string{
	{"am", "amh"}, {"ar", "arb"}, {"bn", "ben"}, {"ckb", "ckb"}, {"ee", "ewe"}, {"es", "spa"}, {"fa", "pes_2"},
	{"fr", "fra"}, {"ha", "hau_NG"}, {"hi", "hin"}, {"id", "ind"}, {"ig", "ibo"}, {"kmr", "kmr"}, {"lg", "lug"},
	{"ln", "lin"}, {"mg", "plt"}, {"my", "mya"}, {"ne", "nep"}, {"ny", "nya_chinyanja"}, {"om", "gax"},
	{"rn", "run"}, {"rw", "kin"}, {"sn", "sna"}, {"so", "som"}, {"st", "sot"}, {"sw", "swh"}, {"ti", "tir"},
	{"tl", "tgl"}, {"tn", "tsn"}, {"ur", "urd"}, {"wo", "wol"}, {"xh", "xho"}, {"yo", "yor"}, {"zu", "zul"},
}

// unseen are codes of declarations that no parameter was chosen on, and no trial
// looked at: languages of Africa, Asia and the Americas, and a few others.
var unseen = []string{
	"afr", "bam", "bem", "ceb", "dag", "dyu", "fon", "fuf", "gaa", "guj", "hat_popular", "ilo", "kan", "kbp", "kde",
	"khm", "kir", "kmb", "kng", "koo", "lao", "lua", "lus", "mal", "mar", "men", "mos", "nbl", "nso", "pam", "pan",
	"por_BR", "quz", "rus", "sin", "ssw", "suk", "tam", "tel", "tem", "tet", "tgk", "tha", "tiv", "toi", "tpi", "tso_MZ",
	"tur", "ukr", "umb", "uzn_latn", "ven", "vie", "vmw", "yao",
}

// Unseen returns documents of the declaration as Made does, in languages that it
// has not.
func Unseen(assets string) ([]Document, error) {
	var documents []Document
	for _, code := range unseen {
		s, t, err := Declaration(filepath.Join(assets, "udhr"), "eng", code)
		if errors.Is(err, errFew) {
			continue // its paragraphs are cut otherwise
		}
		if err != nil {
			return nil, err
		}
		for _, noise := range []bool{false, true} {
			documents = append(documents, Simulate("en-"+code, "unseen", s, t, noise))
		}
	}
	return documents, nil
}

// handbooks are locales of the Debian handbook by language.
var handbooks = [][2]string{
	{"ar", "ar-MA"}, {"de", "de-DE"}, {"es", "es-ES"}, {"fa", "fa-IR"}, {"fr", "fr-FR"},
	{"id", "id-ID"}, {"it", "it-IT"}, {"pt", "pt-BR"}, {"ru", "ru-RU"},
}

// handbookLines is the length of the documents that a handbook is cut into.
const handbookLines = 210

// Made returns documents simulated from the translations in the folder of
// assets, each language with English, clean and with noise.
func Made(assets string) ([]Document, error) {
	var documents []Document
	for _, l := range declarations {
		s, t, err := Declaration(filepath.Join(assets, "udhr"), "eng", l[1])
		if err != nil {
			return nil, err
		}
		for _, noise := range []bool{false, true} {
			documents = append(documents, Simulate("en-"+l[0], "declaration", s, t, noise))
		}
	}
	for _, l := range handbooks {
		s, t, err := Handbook(filepath.Join(assets, "demo/site/handbook"), "en-US", l[1])
		if err != nil {
			return nil, err
		}
		for n := 0; len(s) > 0; n++ {
			end := min(len(s), handbookLines)
			for _, noise := range []bool{false, true} {
				documents = append(documents, Simulate("en-"+l[0], fmt.Sprintf("handbook-%d", n), s[:end], t[:end], noise))
			}
			s, t = s[end:], t[end:]
		}
	}
	return documents, nil
}
