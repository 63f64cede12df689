package schemas

import "errors"

// Errors of Encode and Decode. All but ErrRegistry are for good: trying again
// does not help.
var (
	// ErrNotAvro says that the bytes lack the header of the wire format.
	ErrNotAvro = errors.New("not in the Avro wire format")
	// ErrUnknownSchema says that the registry has no schema of that id.
	ErrUnknownSchema = errors.New("unknown schema id")
	// ErrOtherRecord says that the bytes are a record of another kind.
	ErrOtherRecord = errors.New("schema of another record")
	// ErrIncompatible says that the writer's schema cannot be read as ours.
	ErrIncompatible = errors.New("incompatible schema")
	// ErrTruncated says that the bytes end before the record does.
	ErrTruncated = errors.New("truncated record")
	// ErrCorrupt says that the bytes break Avro's encoding.
	ErrCorrupt = errors.New("corrupt record")
	// ErrTrailing says that bytes follow the end of the record.
	ErrTrailing = errors.New("bytes after the end of the record")
	// ErrNotRecord says that a Go value is not one of this package's records.
	ErrNotRecord = errors.New("not a record of a topic")
	// ErrTooLarge says that an encoded record would pass its topic's MaxBytes.
	// Kafka would refuse it.
	ErrTooLarge = errors.New("record too large")
	// ErrNotRegistered says that the registry lacks one of our schemas
	// (see Register).
	ErrNotRegistered = errors.New("schema not registered")
	// ErrRegistry says that the registry could not be asked.
	ErrRegistry = errors.New("schema registry")
)
