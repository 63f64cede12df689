// Package producers defines what a source of documents is. Each kind of
// source is a package of its own below this one.
//
//	type one struct{ doc *schemas.Document }
//
//	func (o one) Name() string { return "one" }
//	func (o one) Read(ctx context.Context, out producers.Output) error {
//		out.Found(1)
//		if out.Seen(o.doc.URL) == nil { // an earlier pass did not have it
//			if err := out.Document(ctx, o.doc, o.doc.URL, []byte(o.doc.SHA256)); err != nil {
//				return err
//			}
//		}
//		out.Done(1)
//		return nil
//	}
package producers

import (
	"context"

	"vislang/schemas"
)

// Source is one place that documents come from.
type Source interface {
	// Name is stable over passes; it goes into Document.Source.
	Name() string
	// Read makes one pass to the end of the source. It returns an error when
	// the source as a whole cannot be read, not when a single document
	// cannot. After an error or cancellation the next Read goes on from what
	// Output remembers.
	Read(ctx context.Context, out Output) error
}

// Output takes what a source finds. Its methods may be called by several
// goroutines at once.
type Output interface {
	// Seen is what an earlier call of Document remembered under key, nil if
	// nothing. The keys of one source do not meet those of another.
	Seen(key string) []byte
	// Document hands over a new document version and remembers memory under
	// key: both or neither. A nil doc only remembers.
	Document(ctx context.Context, doc *schemas.Document, key string, memory []byte) error
	// Found says that n more things are known to be there.
	Found(n int)
	// Done says that n of them were read or found unchanged.
	Done(n int)
}

// Options is what the operator states about every document of a source. What
// a document states about itself goes before it.
type Options struct {
	Language string // BCP 47 tag; "" if none
	Group    string // parallel group of all documents; "" if none
	License  string // SPDX id or address; "" if none
}

// Apply fills what doc does not state itself.
func (o Options) Apply(doc *schemas.Document) {
	if len(doc.Languages) == 0 && o.Language != "" {
		doc.Languages = []string{o.Language}
	}
	if doc.GroupID == "" {
		doc.GroupID = o.Group
	}
	if doc.License == "" && o.License != "" {
		doc.License, doc.LicenseEvidence = o.License, "source option"
	}
}
