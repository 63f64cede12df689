package align

// consonantOf returns the sound class of a letter, 0 for vowels and what is no
// letter: names keep their consonants when they are written in another script
// (Wuhan, ውሃን, ووهان). Sounds that scripts confuse are one class, and weak
// ones (h, w, y, glottal stops) none.
func consonantOf(r rune) byte {
	switch {
	case r < 0x80:
		return latinSounds[r&0x7f]
	case r >= 0x1200 && r < 0x1358:
		return ethiopicSounds[(r-0x1200)/8]
	}
	return otherSounds[r]
}

// latinSounds are those of the letters a to z.
var latinSounds = func() (sounds [0x80]byte) {
	for class, letters := range soundClasses {
		for _, c := range letters {
			sounds[c] = byte(class) + 1
		}
	}
	return sounds
}()

var soundClasses = []string{"bp", "ckqgx", "dt", "fv", "j", "l", "m", "n", "r", "sz"}

// ethiopicSounds are those of the rows of the Ethiopic block, each of eight
// letters with one consonant.
var ethiopicSounds = func() (sounds [43]byte) {
	for i, c := range "hlhmsrssqqqqbvtchhnn-kkhhw-zzyddjgggtcpssfp" {
		if c < 0x80 {
			sounds[i] = latinSounds[c]
		}
	}
	return sounds
}()

// otherLetters are letters of further scripts, after folding, by a Latin letter
// of their sound. Each stands once, or chance would choose.
var otherLetters = map[string]byte{
	"بپбπβবপভফबपभמבפ":            'b',
	"تدطضثذтдτδथतदधटठडढতথদধটঠডঢ": 't',
	"كقگغکخкгхκγχकखगघকখগঘ":       'k',
	"فвфφफ":    'f',
	"لлλलল":    'l',
	"مмμमম":    'm',
	"نнνनणञনণ": 'n',
	"رрρरর":    'r',
	"سصشزظژсзшщσςζसशषসশষ": 's',
	"جچжчजझचছজঝচ":         'j',
}

var otherSounds = func() map[rune]byte {
	m := map[rune]byte{}
	for letters, latin := range otherLetters {
		for _, c := range letters {
			m[c] = latinSounds[latin]
		}
	}
	return m
}()
