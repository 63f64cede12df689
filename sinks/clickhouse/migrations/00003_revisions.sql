-- Documents can be processed again. What is made of one carries the revision of
-- that processing, all of them stay in the tables as Kafka has them, and people
-- query views that show one revision of a document: the latest whose text is
-- there. The tables that had the names of the views get names of their own;
-- their insert tokens stay (a table keeps its folder when it is renamed).
--
-- Each statement can be repeated: a migration that was killed runs again.

-- +goose Up
RENAME TABLE IF EXISTS sentences TO all_sentences;
RENAME TABLE IF EXISTS lines TO all_lines;
RENAME TABLE IF EXISTS bitext TO all_bitext;
RENAME TABLE IF EXISTS figures TO all_figures;
RENAME TABLE IF EXISTS samples TO all_samples;

ALTER TABLE texts ADD COLUMN IF NOT EXISTS revision Int64 DEFAULT 0 COMMENT 'Processing of the document: 0 the first, else the Unix milliseconds at which it was begun again' CODEC(T64, ZSTD(1)) AFTER document_id;
ALTER TABLE page_languages ADD COLUMN IF NOT EXISTS revision Int64 DEFAULT 0 COMMENT 'Processing of the document: 0 the first, else the Unix milliseconds at which it was begun again' CODEC(T64, ZSTD(1)) AFTER document_id;
ALTER TABLE all_sentences ADD COLUMN IF NOT EXISTS revision Int64 DEFAULT 0 COMMENT 'Processing of the document: 0 the first, else the Unix milliseconds at which it was begun again' CODEC(T64, ZSTD(1)) AFTER document_id;
ALTER TABLE page_texts ADD COLUMN IF NOT EXISTS revision Int64 DEFAULT 0 COMMENT 'Processing of the document: 0 the first, else the Unix milliseconds at which it was begun again' CODEC(T64, ZSTD(1)) AFTER document_id;
ALTER TABLE all_lines ADD COLUMN IF NOT EXISTS revision Int64 DEFAULT 0 COMMENT 'Processing of the document: 0 the first, else the Unix milliseconds at which it was begun again' CODEC(T64, ZSTD(1)) AFTER document_id;
ALTER TABLE all_figures ADD COLUMN IF NOT EXISTS revision Int64 DEFAULT 0 COMMENT 'Processing of the document: 0 the first, else the Unix milliseconds at which it was begun again' CODEC(T64, ZSTD(1)) AFTER document_id;
ALTER TABLE all_samples ADD COLUMN IF NOT EXISTS revision Int64 DEFAULT 0 COMMENT 'Processing of the document: 0 the first, else the Unix milliseconds at which it was begun again' CODEC(T64, ZSTD(1)) AFTER document_id;
ALTER TABLE all_bitext ADD COLUMN IF NOT EXISTS source_revision Int64 DEFAULT 0 COMMENT 'Revision of the source document' CODEC(T64, ZSTD(1)) AFTER source_document_id, ADD COLUMN IF NOT EXISTS target_revision Int64 DEFAULT 0 COMMENT 'Revision of the target document' CODEC(T64, ZSTD(1)) AFTER target_document_id;

-- Which documents were processed again is asked in every query. Granules with
-- none of them are passed over, so that it costs nothing while there are none.
ALTER TABLE texts ADD INDEX IF NOT EXISTS revised revision TYPE minmax GRANULARITY 1;

ALTER TABLE deadletters
    ADD COLUMN IF NOT EXISTS source_recorded_at DateTime64(3, 'UTC') COMMENT 'Timestamp of the record that failed' AFTER source_offset,
    ADD COLUMN IF NOT EXISTS partial Bool COMMENT 'True if the stage went on without what failed, such as a page of a document' AFTER stage,
    ADD COLUMN IF NOT EXISTS revision Int64 DEFAULT 0 COMMENT 'Revision of the document' AFTER document_id,
    ADD COLUMN IF NOT EXISTS `headers.key` Array(String) COMMENT 'Names of the headers of the record that failed' AFTER value_bytes,
    ADD COLUMN IF NOT EXISTS `headers.value` Array(String) COMMENT 'Values of the headers of the record that failed' AFTER `headers.key`;

ALTER TABLE all_sentences MODIFY COMMENT 'All revisions of the rows of the view sentences, with their lineage';
ALTER TABLE all_lines MODIFY COMMENT 'All revisions of the rows of the view lines, with their lineage';
ALTER TABLE all_bitext MODIFY COMMENT 'All revisions of the rows of the view bitext, with their lineage';
ALTER TABLE all_figures MODIFY COMMENT 'All revisions of the rows of the view figures, with their lineage';
ALTER TABLE all_samples MODIFY COMMENT 'All revisions of the rows of the view samples, with their lineage';

-- +goose Down
RENAME TABLE all_sentences TO sentences;
RENAME TABLE all_lines TO lines;
RENAME TABLE all_bitext TO bitext;
RENAME TABLE all_figures TO figures;
RENAME TABLE all_samples TO samples;
