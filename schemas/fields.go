package schemas

import (
	"context"
	"fmt"
	"reflect"
	"time"
)

// Fields reads a record of a topic as its fields by the names of the schema,
// for people and JSON: strings, numbers, times, []byte, []any, map[string]any.
func (c *Codec) Fields(ctx context.Context, topic string, data []byte) (map[string]any, error) {
	all, err := builtins()
	if err != nil {
		return nil, err
	}
	for goType, b := range all {
		if b.topic.Name != topic {
			continue
		}
		rec := reflect.New(goType).Elem()
		if err := c.decode(ctx, rec, data, false); err != nil {
			return nil, fmt.Errorf("decode %s: %w", b.schema.name, err)
		}
		fields := b.mapping.native(rec)
		for _, f := range b.mapping.fields {
			if f.time {
				fields[f.name] = rec.FieldByIndex(f.index).Interface().(time.Time)
			}
		}
		return fields, nil
	}
	return nil, fmt.Errorf("topic %s holds no records of this program", topic)
}
