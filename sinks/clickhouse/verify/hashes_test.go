package verify

import "testing"

// Another run on the same input has the same hashes; other content has not.
func TestHashes(t *testing.T) {
	_, db := database(t)
	hash := func(table string) TableHash {
		t.Helper()
		all, err := Hashes(t.Context(), db)
		if err != nil {
			t.Fatal(err)
		}
		if len(all) != 11 {
			t.Errorf("%d tables", len(all))
		}
		for _, h := range all {
			if h.Table == table {
				return h
			}
		}
		t.Fatalf("no table %s", table)
		return TableHash{}
	}
	fill := func(documents [2]string, offset string) {
		exec(t, db, "TRUNCATE TABLE fetches")
		exec(t, db, "TRUNCATE TABLE all_sentences")
		exec(t, db, "TRUNCATE TABLE all_bitext")
		for i, id := range documents {
			url := "https://a.example/" + string("ab"[i])
			exec(t, db, "INSERT INTO fetches (document_id, url, sha256, fetched_at, offset) VALUES ('"+id+"', '"+url+"', 'x', now64(), "+offset+")")
			exec(t, db, "INSERT INTO all_sentences (document_id, sentence, text, stage_version, partition, offset, recorded_at) VALUES ('"+id+"', 1, 'habari', '"+offset+"', 2, "+offset+", now64())")
		}
		exec(t, db, "INSERT INTO all_bitext (pair_id, source_document_id, target_document_id, source_text, offset) VALUES ('"+offset+"', '"+documents[0]+"', '"+documents[1]+"', 'hello', "+offset+")")
	}
	fill([2]string{"id1", "id2"}, "1")
	sentences, fetches, bitext := hash("all_sentences"), hash("fetches"), hash("all_bitext")
	if sentences.Rows != 2 || len(sentences.Hash) != 16 {
		t.Errorf("%+v", sentences)
	}
	fill([2]string{"id3", "id4"}, "7")
	if hash("all_sentences") != sentences || hash("fetches") != fetches || hash("all_bitext") != bitext {
		t.Error("a run with other ids, times and offsets has other hashes")
	}
	for _, change := range []string{
		"ALTER TABLE all_sentences UPDATE text = 'habarI' WHERE document_id = 'id3' SETTINGS mutations_sync = 1",
		"DELETE FROM all_sentences WHERE document_id = 'id3'",
		"INSERT INTO all_sentences SELECT * FROM all_sentences LIMIT 1",
		"INSERT INTO all_sentences SELECT * REPLACE ('id4' AS document_id) FROM (SELECT * FROM all_sentences WHERE document_id = 'id3')",
	} {
		exec(t, db, change)
		if hash("all_sentences") == sentences {
			t.Errorf("not noticed: %s", change)
		}
		fill([2]string{"id3", "id4"}, "7")
	}
}
