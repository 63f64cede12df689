-- Every table has a deduplication window: without it ClickHouse forgets insert
-- tokens at once and a batch that is sent again after a crash would double its
-- rows. No table is partitioned: a block must land as one part. The order keys
-- follow the questions people ask (slices by language; everything of one
-- document), not the order of arrival.

-- +goose Up
ALTER TABLE goose_db_version MODIFY SETTING non_replicated_deduplication_window = 10000;
ALTER TABLE goose_db_version MODIFY COMMENT 'Migrations that were applied';

CREATE TABLE IF NOT EXISTS fetches
(
    document_id      String COMMENT 'KSUID of the fetched version: sortable by fetch time',
    url              String COMMENT 'Canonical absolute address' CODEC(ZSTD(1)),
    source           LowCardinality(String) COMMENT 'Name of the source that found the document',
    fetched_at       DateTime64(3, 'UTC') COMMENT 'Time of the fetch',
    sha256           String COMMENT 'Hex SHA-256 of the bytes and their name in the blob store, empty if they could not be read',
    media_type       LowCardinality(String) COMMENT 'IANA media type of the bytes',
    bytes            Int64 COMMENT 'Size of the bytes',
    file_name        String COMMENT 'Last element of the path, for people' CODEC(ZSTD(1)),
    title            String COMMENT 'Title stated by the source, empty if none' CODEC(ZSTD(1)),
    languages        Array(LowCardinality(String)) COMMENT 'BCP 47 tags stated by the source: evidence, not truth',
    group_id         String COMMENT 'Parallel group of documents that say the same in other languages, empty if none',
    license          LowCardinality(String) COMMENT 'SPDX id or address of the licence as stated, empty if none',
    license_evidence LowCardinality(String) COMMENT 'Where the licence was stated, empty if none',
    fetch_error      String COMMENT 'Why the bytes could not be read, empty if they could',
    resources        Nested(url String, sha256 String, media_type LowCardinality(String), bytes Int64) COMMENT 'Pictures that an HTML document refers to, fetched with it',
    stage_version    LowCardinality(String) COMMENT 'Version of the program that made the row',
    topic            LowCardinality(String) COMMENT 'Lineage: topic of the record',
    partition        Int32 COMMENT 'Lineage: partition of the record',
    offset           Int64 COMMENT 'Lineage: offset of the record',
    recorded_at      DateTime64(3, 'UTC') COMMENT 'Lineage: timestamp of the record'
)
ENGINE = MergeTree
ORDER BY document_id
SETTINGS non_replicated_deduplication_window = 10000
COMMENT 'Fetched document versions, one row a record of topic documents. Query the view documents for what is known of them since';

CREATE TABLE IF NOT EXISTS texts
(
    document_id         String COMMENT 'KSUID of the document version',
    group_id            String COMMENT 'Parallel group, empty if none',
    url                 String COMMENT 'Canonical absolute address' CODEC(ZSTD(1)),
    title               String COMMENT 'Best title known, empty if none' CODEC(ZSTD(1)),
    language            LowCardinality(String) COMMENT 'Main language, ISO 639-3 and ISO 15924 script such as swh_Latn; und_Latn if unknown',
    language_confidence Float64 COMMENT 'Confidence of language, 0 to 1',
    declared_languages  Array(LowCardinality(String)) COMMENT 'BCP 47 tags stated by the source: evidence, not truth',
    pages               Int32 COMMENT 'Number of pages',
    failed_pages        Int32 COMMENT 'Number of pages without text because they could not be read',
    text_sources        Array(LowCardinality(String)) COMMENT 'Where the text of the pages comes from: html, plain, text_layer, ocr',
    blocks              Int32 COMMENT 'Number of blocks (paragraphs, headings, tables, …)',
    sentences           Int32 COMMENT 'Number of sentences',
    characters          Int64 COMMENT 'Number of characters (code points) of all blocks',
    license             LowCardinality(String) COMMENT 'SPDX id or address of the licence as stated, empty if none',
    stage_version       LowCardinality(String) COMMENT 'Version of the program that made the row',
    topic               LowCardinality(String) COMMENT 'Lineage: topic of the record',
    partition           Int32 COMMENT 'Lineage: partition of the record',
    offset              Int64 COMMENT 'Lineage: offset of the record',
    recorded_at         DateTime64(3, 'UTC') COMMENT 'Lineage: timestamp of the record'
)
ENGINE = MergeTree
ORDER BY document_id
SETTINGS non_replicated_deduplication_window = 10000
COMMENT 'Documents whose text is assembled, one row a record of topic texts';

CREATE TABLE IF NOT EXISTS page_languages
(
    document_id   String COMMENT 'KSUID of the document version',
    page          Int32 COMMENT 'Page, from 1',
    language      LowCardinality(String) COMMENT 'Language of most characters of the page, such as swh_Latn; und_Latn if unknown',
    share         Float64 COMMENT 'Share of the characters of the page in that language, 0 to 1',
    characters    Int64 COMMENT 'Number of characters (code points) of the page in reading order',
    stage_version LowCardinality(String) COMMENT 'Version of the program that made the row',
    topic         LowCardinality(String) COMMENT 'Lineage: topic of the record',
    partition     Int32 COMMENT 'Lineage: partition of the record',
    offset        Int64 COMMENT 'Lineage: offset of the record',
    recorded_at   DateTime64(3, 'UTC') COMMENT 'Lineage: timestamp of the record'
)
ENGINE = MergeTree
ORDER BY (document_id, page)
SETTINGS non_replicated_deduplication_window = 10000
COMMENT 'Languages of pages, found when the document is assembled; several rows a record of topic texts';

CREATE TABLE IF NOT EXISTS sentences
(
    document_id   String COMMENT 'KSUID of the document version',
    sentence      Int32 COMMENT 'Place in the document in reading order, from 0',
    page          Int32 COMMENT 'Page, from 1',
    block         Int32 COMMENT 'Place of its block in the document, from 0',
    block_kind    LowCardinality(String) COMMENT 'Kind of its block: paragraph, heading, list_item, table, caption, code',
    text          String COMMENT 'The sentence' CODEC(ZSTD(3)),
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
ENGINE = MergeTree
ORDER BY (language, document_id, sentence)
SETTINGS non_replicated_deduplication_window = 10000
COMMENT 'Sentences in reading order; several rows a record of topic texts';

CREATE TABLE IF NOT EXISTS page_texts
(
    document_id   String COMMENT 'KSUID of the document version',
    page          Int32 COMMENT 'Page, from 1',
    text          String COMMENT 'Text of the blocks in reading order, parted by empty lines' CODEC(ZSTD(3)),
    text_source   LowCardinality(String) COMMENT 'html, plain, text_layer, ocr; none if the page could not be read',
    confidence    Float64 COMMENT 'Mean confidence of the words, 0 to 1; 1 for born-digital text',
    width         Int32 COMMENT 'Width of the upright page in pixels, in points for a text layer, 0 for HTML',
    height        Int32 COMMENT 'Height of the upright page in pixels, in points for a text layer, 0 for HTML',
    engine        LowCardinality(String) COMMENT 'What read the page, with version and models',
    rotation      Int32 COMMENT 'Degrees clockwise that the image was turned by to stand upright: 0, 90, 180, 270',
    skew          Float64 COMMENT 'Degrees of skew that were corrected',
    blocks        Int32 COMMENT 'Number of blocks',
    lines         Int32 COMMENT 'Number of lines in table lines',
    failure       String COMMENT 'Why the page could not be read, empty if it could',
    stage_version LowCardinality(String) COMMENT 'Version of the program that made the row',
    topic         LowCardinality(String) COMMENT 'Lineage: topic of the record',
    partition     Int32 COMMENT 'Lineage: partition of the record',
    offset        Int64 COMMENT 'Lineage: offset of the record',
    recorded_at   DateTime64(3, 'UTC') COMMENT 'Lineage: timestamp of the record'
)
ENGINE = MergeTree
ORDER BY (document_id, page)
SETTINGS non_replicated_deduplication_window = 10000
COMMENT 'Pages that were read, one row a record of topic page-texts. Query the view pages for their languages too';

CREATE TABLE IF NOT EXISTS lines
(
    document_id   String COMMENT 'KSUID of the document version',
    page          Int32 COMMENT 'Page, from 1',
    line          Int32 COMMENT 'Place on the page in reading order, from 1',
    text          String COMMENT 'Text of the line' CODEC(ZSTD(3)),
    x             Int32 COMMENT 'Left edge on the upright page, pixels (points for a text layer) from the left',
    y             Int32 COMMENT 'Top edge on the upright page, pixels (points for a text layer) from the top',
    width         Int32 COMMENT 'Width, pixels (points for a text layer)',
    height        Int32 COMMENT 'Height, pixels (points for a text layer)',
    confidence    Float64 COMMENT 'Confidence, 0 to 1',
    text_source   LowCardinality(String) COMMENT 'text_layer or ocr',
    stage_version LowCardinality(String) COMMENT 'Version of the program that made the row',
    topic         LowCardinality(String) COMMENT 'Lineage: topic of the record',
    partition     Int32 COMMENT 'Lineage: partition of the record',
    offset        Int64 COMMENT 'Lineage: offset of the record',
    recorded_at   DateTime64(3, 'UTC') COMMENT 'Lineage: timestamp of the record'
)
ENGINE = MergeTree
ORDER BY (document_id, page, line)
SETTINGS non_replicated_deduplication_window = 10000
COMMENT 'Lines recognised on a page image or found in a text layer; several rows a record of topic page-texts';

CREATE TABLE IF NOT EXISTS bitext
(
    pair_id            String COMMENT 'Hex id made of both documents and the sentences of the bead',
    source_document_id String COMMENT 'Document version of the source side',
    target_document_id String COMMENT 'Document version of the target side',
    group_id           String COMMENT 'Parallel group of both documents',
    source_language    LowCardinality(String) COMMENT 'Language of the source side such as eng_Latn',
    target_language    LowCardinality(String) COMMENT 'Language of the target side such as swh_Latn',
    source_text        String COMMENT 'Source sentences of the bead, joined by spaces' CODEC(ZSTD(3)),
    target_text        String COMMENT 'Target sentences of the bead, joined by spaces' CODEC(ZSTD(3)),
    source_sentences   Array(Int32) COMMENT 'Column sentence in table sentences, source side',
    target_sentences   Array(Int32) COMMENT 'Column sentence in table sentences, target side',
    source_before      String COMMENT 'Source sentence before the bead, empty at the start' CODEC(ZSTD(3)),
    source_after       String COMMENT 'Source sentence after the bead, empty at the end' CODEC(ZSTD(3)),
    target_before      String COMMENT 'Target sentence before the bead, empty at the start' CODEC(ZSTD(3)),
    target_after       String COMMENT 'Target sentence after the bead, empty at the end' CODEC(ZSTD(3)),
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
ENGINE = MergeTree
ORDER BY (source_language, target_language, source_document_id, target_document_id, pair_id)
SETTINGS non_replicated_deduplication_window = 10000
COMMENT 'Aligned sentence beads, one row a record of topic bitext';

CREATE TABLE IF NOT EXISTS figures
(
    figure_id        String COMMENT 'Hex id made of document, page, place and image',
    document_id      String COMMENT 'KSUID of the document version',
    group_id         String COMMENT 'Parallel group of the document, empty if none',
    url              String COMMENT 'Canonical absolute address of the document' CODEC(ZSTD(1)),
    page             Int32 COMMENT 'Page, from 1',
    kind             LowCardinality(String) COMMENT 'picture, chart, map or table; picture when unknown',
    caption          String COMMENT 'Best caption candidate, empty if none' CODEC(ZSTD(3)),
    caption_language LowCardinality(String) COMMENT 'Language of the caption such as swh_Latn, empty without a caption',
    x                Int32 COMMENT 'Left edge on the page, pixels from the left, 0 in HTML',
    y                Int32 COMMENT 'Top edge on the page, pixels from the top, 0 in HTML',
    width            Int32 COMMENT 'Width of the image in pixels',
    height           Int32 COMMENT 'Height of the image in pixels',
    image_sha256     String COMMENT 'Hex SHA-256 of the image and its name in the blob store',
    media_type       LowCardinality(String) COMMENT 'IANA media type of the image',
    candidates       Nested(text String, origin LowCardinality(String)) COMMENT 'Texts that may be the caption and where they stood: figcaption, alt, title, nearby',
    license          LowCardinality(String) COMMENT 'Licence of the document as stated, empty if none',
    stage_version    LowCardinality(String) COMMENT 'Version of the program that made the row',
    topic            LowCardinality(String) COMMENT 'Lineage: topic of the record',
    partition        Int32 COMMENT 'Lineage: partition of the record',
    offset           Int64 COMMENT 'Lineage: offset of the record',
    recorded_at      DateTime64(3, 'UTC') COMMENT 'Lineage: timestamp of the record'
)
ENGINE = MergeTree
ORDER BY (document_id, page, figure_id)
SETTINGS non_replicated_deduplication_window = 10000
COMMENT 'Pictures, charts, maps and tables, one row a record of topic figures';

CREATE TABLE IF NOT EXISTS samples
(
    sample_id     String COMMENT 'Id of the sample',
    figure_id     String COMMENT 'Figure in table figures',
    document_id   String COMMENT 'KSUID of the document version',
    group_id      String COMMENT 'Parallel group of the document, empty if none',
    kind          LowCardinality(String) COMMENT 'Kind of task such as caption or ocr',
    instruction   String COMMENT 'What is asked of the model' CODEC(ZSTD(3)),
    response      String COMMENT 'What the model should answer' CODEC(ZSTD(3)),
    language      LowCardinality(String) COMMENT 'Language of the response such as swh_Latn',
    split_group   String COMMENT 'Samples of one split group go to the same split of a dataset',
    license       LowCardinality(String) COMMENT 'Licence of the document as stated, empty if none',
    stage_version LowCardinality(String) COMMENT 'Version of the program that made the row',
    topic         LowCardinality(String) COMMENT 'Lineage: topic of the record',
    partition     Int32 COMMENT 'Lineage: partition of the record',
    offset        Int64 COMMENT 'Lineage: offset of the record',
    recorded_at   DateTime64(3, 'UTC') COMMENT 'Lineage: timestamp of the record'
)
ENGINE = MergeTree
ORDER BY (language, kind, document_id, sample_id)
SETTINGS non_replicated_deduplication_window = 10000
COMMENT 'Vision-language samples, one row a record of topic samples';

CREATE TABLE IF NOT EXISTS deadletters
(
    source_topic     LowCardinality(String) COMMENT 'Topic of the record that failed',
    source_partition Int32 COMMENT 'Partition of the record that failed',
    source_offset    Int64 COMMENT 'Offset of the record that failed',
    stage            LowCardinality(String) COMMENT 'Stage that could not process it',
    class            LowCardinality(String) COMMENT 'Short machine name of the reason such as unsupported, corrupt, too_large',
    error            String COMMENT 'The error' CODEC(ZSTD(3)),
    attempts         Int32 COMMENT 'Number of attempts',
    first_failed_at  DateTime64(3, 'UTC') COMMENT 'Time of the first failure',
    failed_at        DateTime64(3, 'UTC') COMMENT 'Time of the last failure',
    document_id      String COMMENT 'Document version, empty if the record could not even be decoded',
    url              String COMMENT 'Address of the document, empty if unknown' CODEC(ZSTD(1)),
    page             Int32 COMMENT 'Page from 1, 0 if the whole document failed',
    key              String COMMENT 'Key of the record that failed',
    value_bytes      Int64 COMMENT 'Size of the value of the record that failed; the dead letter in the topic holds it whole',
    stage_version    LowCardinality(String) COMMENT 'Version of the program that made the row',
    topic            LowCardinality(String) COMMENT 'Lineage: topic of the record',
    partition        Int32 COMMENT 'Lineage: partition of the record',
    offset           Int64 COMMENT 'Lineage: offset of the record',
    recorded_at      DateTime64(3, 'UTC') COMMENT 'Lineage: timestamp of the record'
)
ENGINE = MergeTree
ORDER BY (stage, class, failed_at, source_topic, source_partition, source_offset)
SETTINGS non_replicated_deduplication_window = 10000
COMMENT 'Records that could not be processed, one row a record of topic deadletters';

-- +goose Down
DROP TABLE deadletters;
DROP TABLE samples;
DROP TABLE figures;
DROP TABLE bitext;
DROP TABLE lines;
DROP TABLE page_texts;
DROP TABLE sentences;
DROP TABLE page_languages;
DROP TABLE texts;
DROP TABLE fetches;
