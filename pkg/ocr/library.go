//go:build cgo

package ocr

import (
	"fmt"
	"slices"
	"strings"

	"github.com/otiai10/gosseract/v2"
)

// maxClients bounds the model sets that a child keeps loaded.
const maxClients = 6

// library is Tesseract through gosseract. One client is kept for each set of
// models, because loading takes 0.1 to 0.6 s.
type library struct {
	tessdata string
	clients  []client // the most recently used last
}

type client struct {
	models string
	*gosseract.Client
}

func newLibrary(tessdata string) engine { return &library{tessdata: tessdata} }

func (l *library) version() (string, error) {
	return Gosseract + " tesseract " + gosseract.Version(), nil
}

func (l *library) recognize(j job) (*Page, error) {
	c, err := l.client(j.models)
	if err != nil {
		return nil, err
	}
	// SetPageSegMode before the first recognition would be lost, variables
	// are kept for it.
	for _, v := range tesseractVariables(j) {
		if err := c.SetVariable(gosseract.SettableVariable(v[0]), v[1]); err != nil {
			return nil, err
		}
	}
	if err := c.SetImageFromBytes(encodeSPIX(j.image)); err != nil {
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
func (l *library) client(models []string) (client, error) {
	name := strings.Join(models, "+")
	if i := slices.IndexFunc(l.clients, func(c client) bool { return c.models == name }); i >= 0 {
		c := l.clients[i]
		l.clients = append(slices.Delete(l.clients, i, i+1), c)
		return c, nil
	}
	if err := checkModels(l.tessdata, models); err != nil {
		return client{}, err
	}
	if len(l.clients) == maxClients {
		l.clients[0].Close()
		l.clients = slices.Delete(l.clients, 0, 1)
	}
	c := client{name, gosseract.NewClient()}
	c.Trim = false
	if err := c.SetTessdataPrefix(l.tessdata); err != nil {
		return client{}, err
	}
	if err := c.SetLanguage(models...); err != nil {
		return client{}, err
	}
	l.clients = append(l.clients, c)
	return c, nil
}
