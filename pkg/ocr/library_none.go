//go:build !cgo

package ocr

import "errors"

// library stands for gosseract in programs built without C.
type library struct{}

func newLibrary(string) engine { return library{} }

func (library) version() (string, error) {
	return "", &Error{Unavailable, errors.New("gosseract: this program was built without cgo")}
}

func (l library) recognize(job) (*Page, error) {
	_, err := l.version()
	return nil, err
}
