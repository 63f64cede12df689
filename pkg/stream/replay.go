package stream

import (
	"encoding/json"
	"strconv"
	"time"
)

// Headers of a record that was written again so that one stage handles it
// once more. All others that read its topic have handled the first writing and
// pass over this one.
const (
	HeaderReplayStage = "vislang-replay-stage" // the stage, or sink, that it is meant for
	HeaderAttempts    = "vislang-attempts"     // attempts made so far, decimal
	HeaderFirstFailed = "vislang-first-failed" // Unix milliseconds of the first failure, decimal
	HeaderOrigin      = "vislang-origin"       // topic/partition/offset of the first writing
)

// HeaderEarlier names earlier failures that are to be counted if they happen
// again, as EncodeEarlier writes them. What a stage makes of a record with
// this header has it too.
const HeaderEarlier = "vislang-earlier"

// Earlier is a failure of a part of a document, at any stage.
type Earlier struct {
	Stage    string    `json:"stage"`
	Part     int       `json:"part"` // number of the page, 0 for the whole
	Attempts int       `json:"attempts"`
	First    time.Time `json:"first"`
}

// EncodeEarlier returns the value of HeaderEarlier.
func EncodeEarlier(all []Earlier) []byte {
	data, err := json.Marshal(all)
	if err != nil { // strings, numbers and times only
		panic(err)
	}
	return data
}

// EarlierOf returns the failures of a part that a record's headers name, as
// one.
func EarlierOf(in Record, stage string, part int) (found Earlier) {
	var all []Earlier
	if json.Unmarshal(in.Header(HeaderEarlier), &all) != nil {
		return found // written by somebody else
	}
	for _, e := range all {
		if e.Stage == stage && e.Part == part {
			found.Attempts = max(found.Attempts, e.Attempts)
			if found.First.IsZero() || e.First.Before(found.First) {
				found.First = e.First
			}
		}
	}
	return found
}

// Replay is what the headers of a record say about earlier attempts at it.
// The zero value stands for a record that was written once.
type Replay struct {
	Stage    string // the only one that handles the record; "" means all
	Attempts int
	First    time.Time
	Origin   string
}

// ReplayOf reads the headers of a record, given by a function that returns
// the value of one or nil.
func ReplayOf(header func(key string) []byte) Replay {
	r := Replay{Stage: string(header(HeaderReplayStage)), Origin: string(header(HeaderOrigin))}
	if n, err := strconv.Atoi(string(header(HeaderAttempts))); err == nil && n > 0 {
		r.Attempts = n
	}
	if ms, err := strconv.ParseInt(string(header(HeaderFirstFailed)), 10, 64); err == nil {
		r.First = time.UnixMilli(ms).UTC()
	}
	return r
}

// For tells whether a stage is to handle the record.
func (r Replay) For(stage string) bool { return r.Stage == "" || r.Stage == stage }

// Headers are those that ReplayOf reads.
func (r Replay) Headers() []Header {
	return []Header{
		{HeaderReplayStage, []byte(r.Stage)},
		{HeaderAttempts, []byte(strconv.Itoa(r.Attempts))},
		{HeaderFirstFailed, []byte(strconv.FormatInt(r.First.UnixMilli(), 10))},
		{HeaderOrigin, []byte(r.Origin)},
	}
}

// Header returns the value of the last header with a key, nil if there is
// none.
func (r *Record) Header(key string) []byte {
	for i := len(r.Headers) - 1; i >= 0; i-- {
		if r.Headers[i].Key == key {
			return r.Headers[i].Value
		}
	}
	return nil
}
