package clickhouse

// Counters say what became of the records since an offset. They travel in the
// commit metadata, so that tables can be checked against them without reading
// Kafka, and when Kafka no longer has the records.
type Counters struct {
	From     int64  `json:"from"`               // the first offset that counts
	Rows     int64  `json:"rows"`               // records with a row in their topic's own table
	Sum      uint64 `json:"sum"`                // of OffsetHash of those, modulo 2^64
	Rejected int64  `json:"rejected,omitempty"` // records that are dead letters instead
}

// OffsetHash spreads an offset over 64 bits. A sum of hashes tells sets of
// offsets apart which have the same size and sum. It is ClickHouse's
// intHash64.
func OffsetHash(offset int64) uint64 {
	x := uint64(offset) ^ 0x4cf2d2baae6da887
	x = (x ^ x>>33) * 0xff51afd7ed558ccd
	x = (x ^ x>>33) * 0xc4ceb9fe1a85ec53
	return x ^ x>>33
}

// row counts a record that makes rows.
func (c *Counters) row(offset int64) {
	c.Rows++
	c.Sum += OffsetHash(offset)
}

func (c *Counters) add(more Counters) {
	c.Rows += more.Rows
	c.Sum += more.Sum
	c.Rejected += more.Rejected
}

// Committed is what a commit of the group says beside the offset.
type Committed struct {
	TopicID  string // hex; offsets of a topic that was made anew mean other records
	End      int64  // end of the batch that is being inserted, 0 if there is none
	Counters *Counters
}

// ParseMetadata reads the metadata of an offset that the group committed.
func ParseMetadata(metadata string, committed int64) (Committed, error) {
	in, err := parseIntent(metadata, committed)
	return Committed{TopicID: in.Topic, End: in.End, Counters: in.Counters}, err
}
