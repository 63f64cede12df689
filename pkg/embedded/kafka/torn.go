package kafka

import (
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Sizes in the log files of kfake.
const (
	indexEntry  = 15 // one entry of an .idx file
	batchHeader = 12 // offset and length at the start of a record batch (KIP-98)
)

// cutTorn cuts off the log what a kill left half written. kfake writes a batch
// to a segment and then its entry to the index beside it. A kill in between
// leaves a batch without entry, which the next start would take for a batch
// outside of any transaction, and every later entry for that of another batch.
// The batch was not acknowledged, so that it may go.
func cutTorn(dir string) error {
	segments, err := filepath.Glob(filepath.Join(dir, "partitions", "*", "*.dat"))
	if err != nil {
		return err
	}
	slices.Sort(segments)
	for _, segment := range segments {
		if err := cutSegment(segment, strings.TrimSuffix(segment, ".dat")+".idx"); err != nil {
			return fmt.Errorf("mend log segment %s: %w", segment, err)
		}
	}
	return nil
}

func cutSegment(segment, index string) error {
	file, err := os.OpenFile(segment, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer file.Close()
	entries := int64(0)
	if info, err := os.Stat(index); err == nil {
		entries = info.Size() / indexEntry
	} else if !os.IsNotExist(err) {
		return err
	}
	info, err := file.Stat()
	if err != nil {
		return err
	}
	position, batches := int64(0), int64(0)
	for batches < entries {
		next, err := batchEnd(file, position, info.Size())
		if err != nil {
			return err
		}
		if next < 0 {
			break
		}
		position = next
		batches++
	}
	if position < info.Size() {
		// More than one batch without entry is no torn write: somebody lost
		// the index, and cutting would lose acknowledged records.
		if next, err := batchEnd(file, position, info.Size()); err != nil {
			return err
		} else if next >= 0 && next < info.Size() {
			return fmt.Errorf("its index has entries for only %d batches", entries)
		}
		if err := file.Truncate(position); err != nil {
			return err
		}
	}
	if entries == 0 {
		return nil
	}
	return os.Truncate(index, batches*indexEntry)
}

// batchEnd is where the batch at position ends, -1 if it is not whole.
func batchEnd(r io.ReaderAt, position, size int64) (int64, error) {
	if position+batchHeader > size {
		return -1, nil
	}
	var header [batchHeader]byte
	if _, err := r.ReadAt(header[:], position); err != nil {
		return -1, err
	}
	end := position + batchHeader + int64(int32(binary.BigEndian.Uint32(header[8:])))
	if end <= position || end > size {
		return -1, nil
	}
	return end, nil
}
