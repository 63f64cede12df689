package clickhouse

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
)

// An intent is the metadata of every offset commit of the group. Next to a
// committed offset C it says which batch [C, End) is about to be inserted, so
// that whoever owns the partition after a crash inserts the same batch with
// the same token.
type intent struct {
	// Topic is the topic's id in hex. Offsets of a topic that was deleted
	// and created again mean other records.
	Topic string `json:"topic"`
	// At is C. A tool may keep the metadata of an offset that it moves.
	// Commits of earlier versions have none.
	At *int64 `json:"at,omitempty"`
	// Epoch counts replays: a token that was used before is dropped by
	// ClickHouse even if its rows were deleted since.
	Epoch int64 `json:"epoch"`
	// End is the end of the pending batch, 0 if none is pending.
	End int64 `json:"end,omitempty"`
	// Token is the deduplication token of the pending batch, to which each
	// table's name is added. With Reset it is the one of a batch that may
	// still be on its way.
	Token string `json:"token,omitempty"`
	// Skip are the records of the pending batch that went to the dead
	// letters, as distances from C. What becomes of a record is decided
	// before the insert and never again.
	Skip []int64 `json:"skip,omitempty"`
	// Reset says that rows of records from C on are being removed. Until that
	// is done, nothing may be loaded.
	Reset bool `json:"reset,omitempty"`
	// Counters are of the records before C. Commits of earlier versions have
	// none.
	Counters *Counters `json:"counters,omitempty"`
}

// maxSkip bounds the records of one batch that go to the dead letters: Kafka
// takes 4,096 bytes of metadata.
const maxSkip = 200

func (in intent) String() string {
	data, err := json.Marshal(in)
	if err != nil { // strings and integers only
		panic(err)
	}
	return string(data)
}

// parseIntent reads the metadata of a committed offset. It is strict: a guess
// would lose or double rows.
func parseIntent(metadata string, committed int64) (intent, error) {
	var in intent
	if metadata == "" {
		return in, fmt.Errorf("offset %d has no metadata", committed)
	}
	if err := json.Unmarshal([]byte(metadata), &in); err != nil {
		return in, fmt.Errorf("metadata %.100q of offset %d is not of this group: %w", metadata, committed, err)
	}
	if in.Topic == "" || in.Epoch < 0 || in.End != 0 && (in.End <= committed || in.Token == "") || in.End == 0 && len(in.Skip) > 0 {
		return in, fmt.Errorf("metadata %.100q of offset %d makes no sense", metadata, committed)
	}
	if in.At != nil && *in.At != committed {
		return in, fmt.Errorf("metadata %.100q of offset %d is that of offset %d", metadata, committed, *in.At)
	}
	if c := in.Counters; c != nil && (c.From < 0 || c.From > committed || c.Rows < 0 || c.Rejected < 0) {
		return in, fmt.Errorf("metadata %.100q of offset %d counts what cannot be", metadata, committed)
	}
	for _, distance := range in.Skip {
		if distance < 0 || committed+distance >= in.End {
			return in, fmt.Errorf("metadata %.100q of offset %d skips records outside the batch", metadata, committed)
		}
	}
	return in, nil
}

// skips tells whether the record at an offset went to the dead letters.
func (in intent) skips(committed, offset int64) bool {
	return slices.Contains(in.Skip, offset-committed)
}

// token names a batch once and for all.
func token(topicID string, partition int32, start, end, epoch int64) string {
	return fmt.Sprintf("%s/%d/%d-%d/%d", topicID, partition, start, end, epoch)
}

func topicID(id [16]byte) string { return hex.EncodeToString(id[:]) }
