-- Pairs of documents are rows of their own: declared by their source, or found,
-- and retracted when a better counterpart or a newer text comes. Nothing is
-- deleted: the views leave out what no longer holds.

-- +goose Up
CREATE TABLE IF NOT EXISTS all_matches
(
    match_id           String COMMENT 'Hex id made of both documents',
    source_document_id String COMMENT 'Document version of the source side',
    source_revision    Int64 COMMENT 'Revision of the source document',
    target_document_id String COMMENT 'Document version of the target side',
    target_revision    Int64 COMMENT 'Revision of the target document',
    group_id           String COMMENT 'Parallel group of both documents, empty if none is declared',
    source_language    LowCardinality(String) COMMENT 'Language of the source document such as eng_Latn',
    target_language    LowCardinality(String) COMMENT 'Language of the target document such as swh_Latn',
    state              LowCardinality(String) COMMENT 'declared: of one parallel group; found: each is the best counterpart of the other; retracted: was found, and no longer holds',
    score              Float64 COMMENT 'Evidence for the pair in nats, 0 when declared',
    margin             Float64 COMMENT 'Nats by which score exceeds the next best of either document, 0 when declared or without another',
    signs              Float64 COMMENT 'Part of score: numbers and names of both and of one alone',
    lengths            Float64 COMMENT 'Part of score: letters and lines',
    health             Float64 COMMENT 'Part of score: health of the alignment of their sentences',
    words              Float64 COMMENT 'Part of score: translations known from other pairs',
    source_text        String COMMENT 'Blob of the source text that was compared',
    target_text        String COMMENT 'Blob of the target text that was compared',
    stage_version      LowCardinality(String) COMMENT 'Version of the program that made the row',
    topic              LowCardinality(String) COMMENT 'Lineage: topic of the record',
    partition          Int32 COMMENT 'Lineage: partition of the record',
    offset             Int64 COMMENT 'Lineage: offset of the record',
    recorded_at        DateTime64(3, 'UTC') COMMENT 'Lineage: timestamp of the record'
)
ENGINE = MergeTree
ORDER BY (source_language, target_language, match_id)
SETTINGS non_replicated_deduplication_window = 10000
COMMENT 'All decisions about the rows of the view matches, with their lineage: one row a record of topic matches';

ALTER TABLE all_bitext ADD COLUMN IF NOT EXISTS features LowCardinality(String) DEFAULT '' COMMENT 'What the aligner knew besides both texts: lexicon, embeddings and their model' AFTER health;

CREATE OR REPLACE VIEW matches
(
    match_id           String COMMENT 'Hex id made of both documents',
    source_document_id String COMMENT 'Document version of the source side',
    source_revision    Int64 COMMENT 'Revision of the source document',
    target_document_id String COMMENT 'Document version of the target side',
    target_revision    Int64 COMMENT 'Revision of the target document',
    group_id           String COMMENT 'Parallel group of both documents, empty if none is declared',
    source_language    LowCardinality(String) COMMENT 'Language of the source document such as eng_Latn',
    target_language    LowCardinality(String) COMMENT 'Language of the target document such as swh_Latn',
    state              LowCardinality(String) COMMENT 'declared: of one parallel group; found: each is the best counterpart of the other; retracted: was found, and no longer holds',
    score              Float64 COMMENT 'Evidence for the pair in nats, 0 when declared',
    margin             Float64 COMMENT 'Nats by which score exceeds the next best of either document, 0 when declared or without another',
    signs              Float64 COMMENT 'Part of score: numbers and names of both and of one alone',
    lengths            Float64 COMMENT 'Part of score: letters and lines',
    health             Float64 COMMENT 'Part of score: health of the alignment of their sentences',
    words              Float64 COMMENT 'Part of score: translations known from other pairs',
    source_text        String COMMENT 'Blob of the source text that was compared',
    target_text        String COMMENT 'Blob of the target text that was compared',
    stage_version      LowCardinality(String) COMMENT 'Version of the program that made the row',
    topic              LowCardinality(String) COMMENT 'Lineage: topic of the record',
    partition          Int32 COMMENT 'Lineage: partition of the record',
    offset             Int64 COMMENT 'Lineage: offset of the record',
    recorded_at        DateTime64(3, 'UTC') COMMENT 'Lineage: timestamp of the record'
)
AS SELECT match_id, source_document_id, source_revision, target_document_id, target_revision, group_id, source_language, target_language, state, score, margin, signs, lengths, health, words, source_text, target_text, stage_version, topic, partition, offset, recorded_at
FROM all_matches
ORDER BY match_id, recorded_at DESC, offset DESC
LIMIT 1 BY match_id
COMMENT 'Pairs of documents that are translations of each other, one row a pair with what holds now';

CREATE OR REPLACE VIEW bitext
(
    pair_id            String COMMENT 'Hex id made of both documents and the sentences of the bead',
    source_document_id String COMMENT 'Document version of the source side',
    source_revision    Int64 COMMENT 'Revision of the source document',
    target_document_id String COMMENT 'Document version of the target side',
    target_revision    Int64 COMMENT 'Revision of the target document',
    group_id           String COMMENT 'Parallel group of both documents',
    source_language    LowCardinality(String) COMMENT 'Language of the source side such as eng_Latn',
    target_language    LowCardinality(String) COMMENT 'Language of the target side such as swh_Latn',
    source_text        String COMMENT 'Source sentences of the bead, joined by spaces',
    target_text        String COMMENT 'Target sentences of the bead, joined by spaces',
    source_sentences   Array(Int32) COMMENT 'Column sentence in table sentences, source side',
    target_sentences   Array(Int32) COMMENT 'Column sentence in table sentences, target side',
    source_before      String COMMENT 'Source sentence before the bead, empty at the start',
    source_after       String COMMENT 'Source sentence after the bead, empty at the end',
    target_before      String COMMENT 'Target sentence before the bead, empty at the start',
    target_after       String COMMENT 'Target sentence after the bead, empty at the end',
    bead               LowCardinality(String) COMMENT 'Numbers of source and target sentences: 1-1, 2-1, …',
    score              Float64 COMMENT 'Confidence of the bead, 0 to 1',
    health             Float64 COMMENT 'Health of the alignment of the two documents, 0 to 1',
    features           LowCardinality(String) COMMENT 'What the aligner knew besides both texts: lexicon, embeddings and their model',
    license            LowCardinality(String) COMMENT 'Licence as stated, empty if none',
    stage_version      LowCardinality(String) COMMENT 'Version of the program that made the row',
    topic              LowCardinality(String) COMMENT 'Lineage: topic of the record',
    partition          Int32 COMMENT 'Lineage: partition of the record',
    offset             Int64 COMMENT 'Lineage: offset of the record',
    recorded_at        DateTime64(3, 'UTC') COMMENT 'Lineage: timestamp of the record'
)
AS SELECT
    pair_id, source_document_id, source_revision, target_document_id, target_revision, group_id, source_language,
    target_language, source_text, target_text, source_sentences, target_sentences, source_before, source_after,
    target_before, target_after, bead, score, health, features, license, stage_version, topic, partition, offset, recorded_at
FROM all_bitext
WHERE (source_revision = 0 AND ((SELECT count() = 0 FROM revised) OR source_document_id NOT IN (SELECT document_id FROM revised))
    OR source_revision > 0 AND (source_document_id, source_revision) IN (SELECT document_id, revision FROM revised))
    AND (target_revision = 0 AND ((SELECT count() = 0 FROM revised) OR target_document_id NOT IN (SELECT document_id FROM revised))
    OR target_revision > 0 AND (target_document_id, target_revision) IN (SELECT document_id, revision FROM revised))
    AND ((SELECT count() = 0 FROM all_matches WHERE state = 'retracted')
    OR (source_document_id, target_document_id) NOT IN (SELECT source_document_id, target_document_id FROM matches WHERE state = 'retracted'))
COMMENT 'Aligned sentence beads of the pairs of documents that hold, one row a record of topic bitext';

CREATE OR REPLACE VIEW sentence_groups
(
    document_id   String COMMENT 'Document version in the pivot language',
    language      LowCardinality(String) COMMENT 'The pivot language, which is that of the source side in bitext',
    sentences     Array(Int32) COMMENT 'Its sentences in this group, a run: column sentence in table sentences',
    text          String COMMENT 'Text of these sentences, joined by spaces',
    languages     Array(String) COMMENT 'Languages that translate any of them, in order',
    translations  Map(String, String) COMMENT 'Text by language, its beads joined by spaces',
    score         Float64 COMMENT 'Least confidence of the beads in it',
    health        Float64 COMMENT 'Least health of the alignments in it',
    stage_version LowCardinality(String) COMMENT 'Version of the program that made the text of the pivot document',
    topic         LowCardinality(String) COMMENT 'Lineage: topic of that text',
    partition     Int32 COMMENT 'Lineage: partition of that text',
    offset        Int64 COMMENT 'Lineage: offset of that text',
    recorded_at   DateTime64(3, 'UTC') COMMENT 'Lineage: timestamp of that text'
)
AS WITH
    beads AS
    (
        SELECT source_document_id AS document_id, source_language, target_language, target_text, score, health,
            arrayMin(source_sentences) AS first, arrayMax(source_sentences) AS last
        FROM bitext WHERE notEmpty(source_sentences)
    ),
    -- A group begins where no bead of any language reaches over.
    begun AS
    (
        SELECT *, if(first > max(last) OVER (PARTITION BY document_id ORDER BY first, last, target_language
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) OR row_number() OVER (PARTITION BY document_id ORDER BY first, last, target_language) = 1, 1, 0) AS begins
        FROM beads
    ),
    numbered AS
    (
        SELECT *, sum(begins) OVER (PARTITION BY document_id ORDER BY first, last, target_language ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS number
        FROM begun
    ),
    by_language AS
    (
        SELECT document_id, number, any(source_language) AS pivot, target_language, min(first) AS begin, max(last) AS end,
            arrayStringConcat(arrayMap(x -> x.2, arraySort(groupArray((first, target_text)))), ' ') AS translation,
            min(score) AS least_score, min(health) AS least_health
        FROM numbered
        GROUP BY document_id, number, target_language
    ),
    grouped AS
    (
        SELECT document_id, number, any(pivot) AS language, arrayJoin(range(toUInt32(min(begin)), toUInt32(max(end)) + 1)) AS at,
            arraySort(groupArray((toString(target_language), translation))) AS parts, min(least_score) AS score, min(least_health) AS health
        FROM by_language
        GROUP BY document_id, number
    )
SELECT g.document_id AS document_id, any(g.language) AS language, arraySort(groupArray(s.sentence)) AS sentences,
    arrayStringConcat(arrayMap(x -> x.2, arraySort(groupArray((s.sentence, s.text)))), ' ') AS text,
    any(arrayMap(x -> x.1, g.parts)) AS languages,
    any(CAST(g.parts, 'Map(String, String)')) AS translations, any(g.score) AS score, any(g.health) AS health,
    any(s.stage_version) AS stage_version, any(s.topic) AS topic, any(s.partition) AS partition, any(s.offset) AS offset, any(s.recorded_at) AS recorded_at
FROM grouped AS g
INNER JOIN sentences AS s ON s.document_id = g.document_id AND s.sentence = toInt32(g.at)
GROUP BY g.document_id, g.number
COMMENT 'Sentences of a pivot document with their translations in every language, one row a group that no bead of any language crosses';

-- +goose Down
DROP VIEW sentence_groups;
CREATE OR REPLACE VIEW bitext
(
    pair_id            String COMMENT 'Hex id made of both documents and the sentences of the bead',
    source_document_id String COMMENT 'Document version of the source side',
    source_revision    Int64 COMMENT 'Revision of the source document',
    target_document_id String COMMENT 'Document version of the target side',
    target_revision    Int64 COMMENT 'Revision of the target document',
    group_id           String COMMENT 'Parallel group of both documents',
    source_language    LowCardinality(String) COMMENT 'Language of the source side such as eng_Latn',
    target_language    LowCardinality(String) COMMENT 'Language of the target side such as swh_Latn',
    source_text        String COMMENT 'Source sentences of the bead, joined by spaces',
    target_text        String COMMENT 'Target sentences of the bead, joined by spaces',
    source_sentences   Array(Int32) COMMENT 'Column sentence in table sentences, source side',
    target_sentences   Array(Int32) COMMENT 'Column sentence in table sentences, target side',
    source_before      String COMMENT 'Source sentence before the bead, empty at the start',
    source_after       String COMMENT 'Source sentence after the bead, empty at the end',
    target_before      String COMMENT 'Target sentence before the bead, empty at the start',
    target_after       String COMMENT 'Target sentence after the bead, empty at the end',
    bead               LowCardinality(String) COMMENT 'Numbers of source and target sentences: 1-1, 2-1, …',
    score              Float64 COMMENT 'Confidence of the bead, 0 to 1',
    health             Float64 COMMENT 'Health of the alignment of the two documents, 0 to 1',
    license            LowCardinality(String) COMMENT 'Licence as stated, empty if none',
    stage_version      LowCardinality(String) COMMENT 'Version of the program that made the row',
    topic              LowCardinality(String) COMMENT 'Lineage: topic of the record',
    partition          Int32 COMMENT 'Lineage: partition of the record',
    offset             Int64 COMMENT 'Lineage: offset of the record',
    recorded_at        DateTime64(3, 'UTC') COMMENT 'Lineage: timestamp of the record'
)
AS SELECT
    pair_id, source_document_id, source_revision, target_document_id, target_revision, group_id, source_language,
    target_language, source_text, target_text, source_sentences, target_sentences, source_before, source_after,
    target_before, target_after, bead, score, health, license, stage_version, topic, partition, offset, recorded_at
FROM all_bitext
WHERE (source_revision = 0 AND ((SELECT count() = 0 FROM revised) OR source_document_id NOT IN (SELECT document_id FROM revised))
    OR source_revision > 0 AND (source_document_id, source_revision) IN (SELECT document_id, revision FROM revised))
    AND (target_revision = 0 AND ((SELECT count() = 0 FROM revised) OR target_document_id NOT IN (SELECT document_id FROM revised))
    OR target_revision > 0 AND (target_document_id, target_revision) IN (SELECT document_id, revision FROM revised))
COMMENT 'Aligned sentence beads, one row a record of topic bitext';
DROP VIEW matches;
ALTER TABLE all_bitext DROP COLUMN features;
DROP TABLE all_matches;
