package schemas

import (
	"fmt"
	"maps"
	"slices"
)

// canRead tells whether data written with schema w can be read with schema r,
// by the rules of "Schema Resolution" in the Avro specification 1.12. The
// error names the first field that stands in the way.
func canRead(r, w *avroType) error {
	return resolver{}.check(r, w, r.name)
}

// resolver holds the pairs under way, so that a recursive schema ends.
type resolver map[[2]*avroType]bool

func (s resolver) check(r, w *avroType, path string) error {
	if s[[2]*avroType{r, w}] {
		return nil
	}
	s[[2]*avroType{r, w}] = true
	mismatch := fmt.Errorf("%s: %s cannot be read as %s", path, w.kind, r.kind)
	if w.kind == "union" { // each branch may turn up in the data
		for _, branch := range w.union {
			if err := s.check(r, branch, path); err != nil {
				return err
			}
		}
		return nil
	}
	if r.kind == "union" {
		for _, branch := range r.union {
			// A copy, since what a branch that fails assumed does not hold.
			if maps.Clone(s).check(branch, w, path) == nil {
				return nil
			}
		}
		return mismatch
	}
	if r.kind != w.kind {
		if slices.Contains(promotions(w.kind), r.kind) {
			return nil
		}
		return mismatch
	}
	switch r.kind {
	case "array", "map":
		return s.check(r.elem, w.elem, path+"[]")
	case "fixed":
		if r.name != w.name || r.size != w.size {
			return mismatch
		}
	case "enum":
		for _, symbol := range w.symbols {
			if !r.hasDef && !slices.Contains(r.symbols, symbol) {
				return fmt.Errorf("%s: symbol %s is unknown", path, symbol)
			}
		}
	case "record":
		if r.name != w.name {
			return fmt.Errorf("%s: record %s cannot be read as %s", path, w.name, r.name)
		}
		for _, f := range r.fields {
			switch written := w.field(f.name); {
			case written != nil:
				if err := s.check(f.typ, written.typ, path+"."+f.name); err != nil {
					return err
				}
			case !f.hasDef:
				return fmt.Errorf("%s.%s: not written, and has no default", path, f.name)
			}
		}
	}
	return nil
}

// promotions returns the types that a written primitive may be read as.
func promotions(written string) []string {
	switch written {
	case "int":
		return []string{"long", "float", "double"}
	case "long":
		return []string{"float", "double"}
	case "float":
		return []string{"double"}
	case "string":
		return []string{"bytes"}
	case "bytes":
		return []string{"string"}
	}
	return nil
}
