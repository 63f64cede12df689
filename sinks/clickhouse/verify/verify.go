// Package verify checks what the ClickHouse sink promises: that the tables say
// what the topics say, each committed record once.
//
//	hashes, err := verify.Hashes(ctx, db) // equal for two runs on the same input
package verify
