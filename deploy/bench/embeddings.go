package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"vislang/deploy/bench/alignment"
	"vislang/pkg/align"
	"vislang/pkg/embed"
)

// errNoEmbeddings is returned when no service is named.
var errNoEmbeddings = errors.New("needs -embeddings with the address of a service")

// measureEmbeddings aligns the given documents with and without an embedding
// service (`make embeddings`), and tells the strict F1 of both. Vectors are kept
// in the folder -vectors, so that a second run asks for none.
func measureEmbeddings(ctx context.Context, b *bench) (err error) {
	if b.embeddings == "" {
		return errNoEmbeddings
	}
	documents, err := alignment.Read(filepath.Join(b.eval, "align/sentences"))
	if err != nil {
		return err
	}
	client, err := embed.Open(embed.Options{URL: b.embeddings, Cache: b.vectors})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, client.Close()) }()
	with, without := map[string]*alignment.Score{}, map[string]*alignment.Score{}
	var took, plainly time.Duration
	sentences := 0
	for _, d := range documents {
		vectors, err := client.Embed(ctx, slices.Concat(d.Source, d.Target))
		if err != nil {
			return fmt.Errorf("%s of %s: %w", d.Name, d.Pair, err)
		}
		begin := processorTime()
		plain, err := align.Align(ctx, d.Source, d.Target, align.Options{})
		if err != nil {
			return err
		}
		plainly += processorTime() - begin
		begin = processorTime()
		similarity := embed.Similarity(vectors[:len(d.Source)], vectors[len(d.Source):])
		result, err := align.Align(ctx, d.Source, d.Target, align.Options{Similarity: similarity})
		if err != nil {
			return err
		}
		took += processorTime() - begin
		sentences += len(d.Source) + len(d.Target)
		for _, name := range []string{d.Set, d.Set + "." + d.Pair} {
			if with[name] == nil {
				with[name], without[name] = &alignment.Score{}, &alignment.Score{}
			}
			with[name].Add(d.Gold, result.Beads)
			without[name].Add(d.Gold, plain.Beads)
		}
	}
	for _, name := range sortedKeys(with) {
		figure("embeddings.f1."+name, with[name].F1(), fmt.Sprintf("strict F1, %.4f without", without[name].F1()))
	}
	figure("embeddings.rate", float64(sentences)/took.Seconds(), fmt.Sprintf("sentences/s of processor time once the vectors are there, %.0f without", float64(sentences)/plainly.Seconds()))
	return nil
}
