package ocr

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/otiai10/gosseract/v2"
)

// maxClients bounds the model sets that a child keeps loaded.
const maxClients = 6

// tesseract is the engine on gosseract. One client is kept for each set of
// models, because loading takes 0.1 to 0.6 s.
type tesseract struct {
	tessdata string
	clients  []client // the most recently used last
}

type client struct {
	models string
	*gosseract.Client
}

func newTesseract(tessdata string) *tesseract { return &tesseract{tessdata: tessdata} }

func (t *tesseract) version() string { return "tesseract " + gosseract.Version() }

func (t *tesseract) recognize(j job) (*Page, error) {
	c, err := t.client(j.models)
	if err != nil {
		return nil, err
	}
	mode := gosseract.PSM_AUTO
	if j.block {
		mode = gosseract.PSM_SINGLE_BLOCK
	}
	// SetPageSegMode before the first recognition would be lost, variables
	// are kept for it.
	for _, v := range [...][2]string{
		{"tessedit_pageseg_mode", strconv.Itoa(int(mode))},
		{"user_defined_dpi", strconv.Itoa(j.dpi)},
		// Trying every doubtful line inverted costs 14 % of all time.
		{"tessedit_do_invert", map[bool]string{false: "0", true: "1"}[j.inverted]},
	} {
		if err := c.SetVariable(gosseract.SettableVariable(v[0]), v[1]); err != nil {
			return nil, err
		}
	}
	if err := c.SetImageFromBytes(encodePGM(j)); err != nil {
		return nil, err
	}
	// Once: it holds text, boxes, confidences and paragraphs, and every call
	// recognises again.
	hocr, err := c.HOCRText()
	if err != nil {
		return nil, fmt.Errorf("recognise with %s: %w", c.models, err)
	}
	return parseHOCR([]byte(hocr))
}

// client returns the client of a set of models, making it if need be.
func (t *tesseract) client(models []string) (client, error) {
	if len(models) == 0 {
		return client{}, errors.New("no models given")
	}
	name := strings.Join(models, "+")
	if i := slices.IndexFunc(t.clients, func(c client) bool { return c.models == name }); i >= 0 {
		c := t.clients[i]
		t.clients = append(slices.Delete(t.clients, i, i+1), c)
		return c, nil
	}
	// Tesseract passes over a model that is missing.
	catalog, err := openCatalog(t.tessdata)
	if err != nil {
		return client{}, err
	}
	for _, m := range models {
		if !catalog.installed(m) {
			return client{}, &Error{NoModel, fmt.Errorf("model %s is not in %s: install %s", m, catalog.dir, Package(m))}
		}
	}
	if len(t.clients) == maxClients {
		t.clients[0].Close()
		t.clients = slices.Delete(t.clients, 0, 1)
	}
	c := client{name, gosseract.NewClient()}
	c.Trim = false
	if err := c.SetTessdataPrefix(catalog.dir); err != nil {
		return client{}, err
	}
	if err := c.SetLanguage(models...); err != nil {
		return client{}, err
	}
	t.clients = append(t.clients, c)
	return c, nil
}

// encodePGM writes the picture in the one format that costs nothing to read.
func encodePGM(j job) []byte {
	w, h := j.image.Rect.Dx(), j.image.Rect.Dy()
	var b bytes.Buffer
	b.Grow(w*h + 32)
	fmt.Fprintf(&b, "P5\n%d %d\n255\n", w, h)
	for y := range h {
		b.Write(j.image.Pix[y*j.image.Stride : y*j.image.Stride+w])
	}
	return b.Bytes()
}
