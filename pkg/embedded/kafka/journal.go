package kafka

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
)

const journalName = "transaction-journal"

// ending is a transaction that is about to be committed.
type ending struct {
	ProducerID int64     `json:"producer_id"`
	Epoch      int16     `json:"epoch"`
	Time       time.Time `json:"time"`
	Offsets    []offset  `json:"offsets,omitempty"`
}

// offset is a group's commit inside a transaction.
type offset struct {
	Group     string   `json:"group"`
	Topic     string   `json:"topic,omitempty"`
	TopicID   [16]byte `json:"topic_id"` // when the request names the topic by id
	Partition int32    `json:"partition"`
	Offset    int64    `json:"offset"`
	Metadata  *string  `json:"metadata,omitempty"`
}

// journal makes the end of a transaction atomic.
//
// kfake commits a transaction by writing a marker into each of its partitions
// and then the offsets of its groups, one file after the other: a kill in
// between leaves half a transaction. The journal holds the transaction that is
// being committed, written before kfake begins; recover finishes it. One slot
// is enough because kfake ends one transaction at a time.
type journal struct {
	file *os.File

	mu      sync.Mutex
	offsets map[producer][]offset // of the transactions that are open
}

type producer struct {
	id    int64
	epoch int16
}

func openJournal(dir string) (*journal, error) {
	file, err := os.OpenFile(filepath.Join(dir, journalName), os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return nil, fmt.Errorf("open transaction journal: %w", err)
	}
	return &journal{file: file, offsets: map[producer][]offset{}}, nil
}

// watch makes the journal see what the broker is asked to do.
func (j *journal) watch(cluster *kfake.Cluster) {
	cluster.ControlKey(int16(kmsg.TxnOffsetCommit), func(req kmsg.Request) (kmsg.Response, error, bool) {
		j.committing(req.(*kmsg.TxnOffsetCommitRequest))
		return nil, nil, false
	})
	cluster.ControlKey(int16(kmsg.EndTxn), func(req kmsg.Request) (kmsg.Response, error, bool) {
		end := req.(*kmsg.EndTxnRequest)
		if err := j.ending(producer{end.ProducerID, end.ProducerEpoch}, end.Commit); err != nil {
			// Without the journal the commit could be torn: refuse it. The
			// client sees the connection break and tries again.
			return nil, err, true
		}
		return nil, nil, false
	})
}

func (j *journal) committing(req *kmsg.TxnOffsetCommitRequest) {
	j.mu.Lock()
	defer j.mu.Unlock()
	p := producer{req.ProducerID, req.ProducerEpoch}
	for _, topic := range req.Topics {
		for _, partition := range topic.Partitions {
			j.offsets[p] = append(j.offsets[p], offset{
				Group: req.Group, Topic: topic.Topic, TopicID: topic.TopicID,
				Partition: partition.Partition, Offset: partition.Offset, Metadata: partition.Metadata,
			})
		}
	}
}

// expect names the offsets of a transaction that does not carry them itself.
func (j *journal) expect(p producer, offsets []offset) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.offsets[p] = offsets
}

func (j *journal) ending(p producer, commit bool) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	offsets := j.offsets[p]
	delete(j.offsets, p)
	if !commit {
		return nil
	}
	return j.write(ending{ProducerID: p.id, Epoch: p.epoch, Time: time.Now(), Offsets: offsets})
}

// write replaces the slot: length, checksum, JSON. A torn write fails the
// checksum, and then the transaction had not begun to commit.
func (j *journal) write(e ending) error {
	data, err := json.Marshal(e)
	if err != nil {
		return err
	}
	slot := binary.LittleEndian.AppendUint32(nil, uint32(len(data)))
	slot = binary.LittleEndian.AppendUint32(slot, crc32.ChecksumIEEE(data))
	if _, err := j.file.WriteAt(append(slot, data...), 0); err != nil {
		return fmt.Errorf("write transaction journal: %w", err)
	}
	return nil
}

// read returns the transaction that was committed last, nil if there is none.
func (j *journal) read() (*ending, error) {
	slot, err := io.ReadAll(io.NewSectionReader(j.file, 0, 64<<20))
	if err != nil {
		return nil, fmt.Errorf("read transaction journal: %w", err)
	}
	if len(slot) < 8 {
		return nil, nil
	}
	size := binary.LittleEndian.Uint32(slot)
	if int64(size) > int64(len(slot)-8) {
		return nil, nil
	}
	data := slot[8 : 8+size]
	if crc32.ChecksumIEEE(data) != binary.LittleEndian.Uint32(slot[4:]) {
		return nil, nil
	}
	var e ending
	if err := json.Unmarshal(data, &e); err != nil {
		return nil, errors.Join(errors.New("read transaction journal"), err)
	}
	return &e, nil
}

func (j *journal) close() error { return j.file.Close() }
