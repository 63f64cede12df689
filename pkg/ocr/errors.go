package ocr

import "errors"

// Class is a short machine name of why a page could not be recognised.
type Class string

// Classes of errors.
const (
	Timeout Class = "timeout"       // the page took more wall or CPU time than allowed
	Crashed Class = "crashed"       // the engine died
	Memory  Class = "out_of_memory" // the engine wanted more memory than allowed
	Corrupt Class = "corrupt"       // not a picture, or a damaged one
	TooBig  Class = "too_large"     // more pixels than allowed
	NoModel Class = "no_model"      // the language or script has no model, or it is not installed

	// Unavailable says that no engine works here: the machine is at fault,
	// not the page.
	Unavailable Class = "unavailable"
)

// Error is a failure of one page. Errors of the caller's context and of the
// pool itself are no *Error.
type Error struct {
	Class Class
	Err   error
}

func (e *Error) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// ClassOf returns the class of a page's failure, "" if err is none.
func ClassOf(err error) Class {
	var e *Error
	if errors.As(err, &e) {
		return e.Class
	}
	return ""
}
