// Package schemas holds the records of every topic: the Go types, the Avro
// schemas (one .avsc file a topic), the codec between the two, the ids of
// documents and pairs, and the table of topics.
//
//	registry, err := schemas.StartRegistry(ctx, "") // or a client of a real one, and Register
//	defer registry.Close()
//	codec := schemas.NewCodec(registry.Client())
//
//	data, err := codec.Encode(ctx, &schemas.Document{DocumentID: id, URL: address})
//	doc, err := schemas.Decode[schemas.Document](ctx, codec, data)
//
// Records travel in the Confluent wire format: a zero byte, the schema's id in
// four bytes (big endian), the Avro binary encoding. A reader fetches the
// writer's schema by its id, so that old and new processes run side by side.
//
// A field of a schema is its Go field in snake case (DocumentID is
// document_id); the fields of an embedded Context stand among the record's
// own. The current schema of a topic is TOPIC.avsc. Every released one stays,
// unchanged, in released/, where its number is its id in the embedded
// registry: to change a schema edit TOPIC.avsc, let the tests tell whether old
// and new readers still understand each other, and on release copy it to
// released/ under the next number.
package schemas
