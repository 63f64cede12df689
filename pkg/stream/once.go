package stream

import (
	"context"
	"errors"
)

// Once has a stage process one record without a broker, as tests and tools
// need it. State is the table of the record's partition and is changed like
// the runtime would: only if Process returns nil. Emitted records have topic,
// key and value.
func Once(ctx context.Context, stage Stage, state map[string][]byte, in Record) (emitted []Record, letters []error, err error) {
	out := newOutput(mapLayer(state))
	if err := errors.Join(stage.Process(ctx, in, out), out.err); err != nil {
		return nil, nil, err
	}
	for key, value := range out.state.changes {
		if value == nil {
			delete(state, key)
		} else {
			state[key] = value
		}
	}
	for _, e := range out.emitted {
		emitted = append(emitted, Record{Topic: e.topic, Key: e.key, Value: e.value})
	}
	return emitted, out.letters, nil
}
