package pdf

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"io"
	"regexp"
	"strconv"
)

// maxRepair is the size up to which a damaged file is repaired.
const maxRepair = 64 << 20

var (
	objectStart = regexp.MustCompile(`(?:^|[\r\n\s])(\d{1,7})\s+\d{1,5}\s+obj\b`)
	typePage    = regexp.MustCompile(`/Type\s*/Page\b`)
	typeObjStm  = regexp.MustCompile(`/Type\s*/ObjStm\b`)
	encryptKey  = regexp.MustCompile(`/Encrypt\b`)
	countKey    = regexp.MustCompile(`/N\s+(\d+)`)
	firstKey    = regexp.MustCompile(`/First\s+(\d+)`)
	number      = regexp.MustCompile(`\d+`)
)

// repair makes a file whose end is missing readable: the list of objects and
// mostly the root of the page tree stand there. It returns the file with a new
// page tree over the pages that are left, and with the objects of its object
// streams written out; nil when no page is found. The pages keep what they
// inherit, because that is looked up by their own Parent entries.
func repair(data []byte) []byte {
	if len(data) > maxRepair || encryptKey.Match(data) {
		return nil
	}
	var added bytes.Buffer
	var pages []int
	highest, budget := 0, maxRepair
	note := func(id int, object []byte) {
		highest = max(highest, id)
		if typePage.Match(object) {
			pages = append(pages, id)
		}
	}
	starts := objectStart.FindAllSubmatchIndex(data, -1)
	for i, at := range starts {
		end := len(data)
		if i+1 < len(starts) {
			end = starts[i+1][0]
		}
		id, _ := strconv.Atoi(string(data[at[2]:at[3]]))
		object := data[at[1]:end]
		dict, rest, isStream := bytes.Cut(object, []byte("stream"))
		note(id, dict)
		if isStream && typeObjStm.Match(dict) {
			for id, object := range unpackObjects(dict, rest, &budget) {
				note(id, object)
				fmt.Fprintf(&added, "%d 0 obj\n%s\nendobj\n", id, object)
			}
			if added.Len() > maxRepair {
				return nil // a bomb
			}
		}
	}
	if len(pages) == 0 {
		return nil
	}
	root := highest + 1
	out := append(bytes.Clone(data), "\nendstream endobj\n"...)
	out = append(out, added.Bytes()...)
	out = fmt.Appendf(out, "%d 0 obj\n<</Type/Catalog/Pages %d 0 R>>\nendobj\n%d 0 obj\n<</Type/Pages/Count %d/Kids[", root, root+1, root+1, len(pages))
	for _, id := range pages {
		out = fmt.Appendf(out, "%d 0 R ", id)
	}
	return fmt.Appendf(out, "]>>\nendobj\ntrailer\n<</Size %d/Root %d 0 R>>\nstartxref\n0\n%%%%EOF\n", root+2, root)
}

// packed tells that an object in an object stream of the file matches.
func packed(file []byte, pattern *regexp.Regexp) bool {
	starts, budget := typeObjStm.FindAllIndex(file, -1), maxRepair
	for i, at := range starts {
		from, end := bytes.LastIndex(file[:at[0]], []byte("obj")), len(file)
		if i+1 < len(starts) {
			end = starts[i+1][0]
		}
		dict, rest, isStream := bytes.Cut(file[max(0, from):end], []byte("stream"))
		if !isStream {
			continue
		}
		for _, object := range unpackObjects(dict, rest, &budget) {
			if pattern.Match(object) {
				return true
			}
		}
	}
	return false
}

// unpackObjects yields the objects of an object stream (ISO 32000-1, 7.5.7) as
// far as they are there, and as far as budget bytes, which it takes from: a file
// may have many streams, and each may be a bomb without objects.
func unpackObjects(dict, stream []byte, budget *int) func(yield func(int, []byte) bool) {
	return func(yield func(int, []byte) bool) {
		n, first := firstNumber(countKey, dict), firstNumber(firstKey, dict)
		stream = bytes.TrimLeft(stream, "\r\n")
		if bytes.Contains(dict, []byte("/FlateDecode")) {
			r, err := zlib.NewReader(bytes.NewReader(stream))
			if err != nil {
				return
			}
			stream, _ = io.ReadAll(io.LimitReader(r, int64(*budget))) // what comes before an error is good
			*budget -= len(stream)
		}
		if first > len(stream) {
			return
		}
		index := number.FindAll(stream[:first], 2*n)
		for i := 0; i+1 < len(index); i += 2 {
			id, _ := strconv.Atoi(string(index[i]))
			from, _ := strconv.Atoi(string(index[i+1]))
			to := len(stream) - first
			if i+3 < len(index) {
				to, _ = strconv.Atoi(string(index[i+3]))
			}
			if from > to || first+to > len(stream) {
				return
			}
			if !yield(id, stream[first+from:first+to]) {
				return
			}
		}
	}
}

func firstNumber(key *regexp.Regexp, dict []byte) int {
	if m := key.FindSubmatch(dict); m != nil {
		n, _ := strconv.Atoi(string(m[1]))
		return n
	}
	return 0
}
