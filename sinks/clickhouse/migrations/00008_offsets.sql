-- Sentences say where they stand in their block and in their page. The offsets are
-- bytes, which length and substring of ClickHouse count in:
--   substring(pages.text, page_start + 1, block_end - block_start)
-- is the sentence.
--
-- Each statement can be repeated: a migration that was killed runs again.

-- +goose Up
ALTER TABLE all_sentences
    ADD COLUMN IF NOT EXISTS block_start Int32 DEFAULT 0 COMMENT 'Where it starts in the text of its block: bytes of UTF-8, from 0' CODEC(T64, ZSTD(1)) AFTER block_kind,
    ADD COLUMN IF NOT EXISTS block_end Int32 DEFAULT 0 COMMENT 'Where it ends there, bytes: the byte after its last; 0 if not known (rows made before there were offsets)' CODEC(T64, ZSTD(1)) AFTER block_start,
    ADD COLUMN IF NOT EXISTS page_start Int32 DEFAULT 0 COMMENT 'Where it starts in column text of its page in page_texts: bytes of UTF-8, from 0; not known where block_end is 0' CODEC(T64, ZSTD(1)) AFTER block_end;

CREATE OR REPLACE VIEW sentences
(
    document_id   String COMMENT 'KSUID of the document version',
    revision      Int64 COMMENT 'Processing of the document: 0 the first, else the Unix milliseconds at which it was begun again',
    sentence      Int32 COMMENT 'Place in the document in reading order, from 0',
    page          Int32 COMMENT 'Page, from 1',
    block         Int32 COMMENT 'Place of its block in the document, from 0',
    block_kind    LowCardinality(String) COMMENT 'Kind of its block: paragraph, heading, list_item, table, caption, code',
    block_start   Int32 COMMENT 'Where it starts in the text of its block: bytes of UTF-8, from 0',
    block_end     Int32 COMMENT 'Where it ends there, bytes: the byte after its last; 0 if not known (rows made before there were offsets)',
    page_start    Int32 COMMENT 'Where it starts in column text of its page in pages: bytes of UTF-8, from 0; not known where block_end is 0',
    text          String COMMENT 'The sentence',
    characters    Int32 COMMENT 'Number of characters (code points)',
    language      LowCardinality(String) COMMENT 'Language such as swh_Latn; und_Latn if unknown',
    quality       Float64 COMMENT 'Quality, 0 to 1: share of letters, plausible length, confidence of the page',
    group_id      String COMMENT 'Parallel group of the document, empty if none',
    license       LowCardinality(String) COMMENT 'Licence of the document as stated, empty if none',
    stage_version LowCardinality(String) COMMENT 'Version of the program that made the row',
    topic         LowCardinality(String) COMMENT 'Lineage: topic of the record',
    partition     Int32 COMMENT 'Lineage: partition of the record',
    offset        Int64 COMMENT 'Lineage: offset of the record',
    recorded_at   DateTime64(3, 'UTC') COMMENT 'Lineage: timestamp of the record'
)
AS SELECT
    document_id, revision, sentence, page, block, block_kind, block_start, block_end, page_start, text, characters,
    language, quality, group_id, license,
    stage_version, topic, partition, offset, recorded_at
FROM all_sentences
WHERE if((SELECT count() = 0 FROM texts WHERE revision > 0), revision = 0,
    revision = 0 AND document_id NOT IN (SELECT document_id FROM revised) OR revision > 0 AND (document_id, revision) IN (SELECT document_id, revision FROM revised))
COMMENT 'Sentences in reading order; several rows a record of topic texts';

-- +goose Down
CREATE OR REPLACE VIEW sentences
(
    document_id   String COMMENT 'KSUID of the document version',
    revision      Int64 COMMENT 'Processing of the document: 0 the first, else the Unix milliseconds at which it was begun again',
    sentence      Int32 COMMENT 'Place in the document in reading order, from 0',
    page          Int32 COMMENT 'Page, from 1',
    block         Int32 COMMENT 'Place of its block in the document, from 0',
    block_kind    LowCardinality(String) COMMENT 'Kind of its block: paragraph, heading, list_item, table, caption, code',
    text          String COMMENT 'The sentence',
    characters    Int32 COMMENT 'Number of characters (code points)',
    language      LowCardinality(String) COMMENT 'Language such as swh_Latn; und_Latn if unknown',
    quality       Float64 COMMENT 'Quality, 0 to 1: share of letters, plausible length, confidence of the page',
    group_id      String COMMENT 'Parallel group of the document, empty if none',
    license       LowCardinality(String) COMMENT 'Licence of the document as stated, empty if none',
    stage_version LowCardinality(String) COMMENT 'Version of the program that made the row',
    topic         LowCardinality(String) COMMENT 'Lineage: topic of the record',
    partition     Int32 COMMENT 'Lineage: partition of the record',
    offset        Int64 COMMENT 'Lineage: offset of the record',
    recorded_at   DateTime64(3, 'UTC') COMMENT 'Lineage: timestamp of the record'
)
AS SELECT
    document_id, revision, sentence, page, block, block_kind, text, characters, language, quality, group_id, license,
    stage_version, topic, partition, offset, recorded_at
FROM all_sentences
WHERE if((SELECT count() = 0 FROM texts WHERE revision > 0), revision = 0,
    revision = 0 AND document_id NOT IN (SELECT document_id FROM revised) OR revision > 0 AND (document_id, revision) IN (SELECT document_id, revision FROM revised))
COMMENT 'Sentences in reading order; several rows a record of topic texts';

ALTER TABLE all_sentences DROP COLUMN IF EXISTS block_start, DROP COLUMN IF EXISTS block_end, DROP COLUMN IF EXISTS page_start;
