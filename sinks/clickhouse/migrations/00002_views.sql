-- Views join what several topics say about one thing. They are plain views:
-- a record is stored once, and the views are right whatever the order in which
-- the topics arrive. The joins are ANY joins on one row a key, so that a view
-- has exactly as many rows as its first table. That row is the newest one,
-- taken by GROUP BY because ClickHouse applies a condition on the key before
-- it: everything about one document is found by index.

-- +goose Up
CREATE VIEW IF NOT EXISTS documents
(
    document_id         String COMMENT 'KSUID of the fetched version: sortable by fetch time',
    url                 String COMMENT 'Canonical absolute address',
    source              LowCardinality(String) COMMENT 'Name of the source that found the document',
    fetched_at          DateTime64(3, 'UTC') COMMENT 'Time of the fetch',
    sha256              String COMMENT 'Hex SHA-256 of the bytes and their name in the blob store, empty if they could not be read',
    media_type          LowCardinality(String) COMMENT 'IANA media type of the bytes',
    bytes               Int64 COMMENT 'Size of the bytes',
    file_name           String COMMENT 'Last element of the path, for people',
    title               String COMMENT 'Title found in the document, else stated by the source, empty if none',
    language            LowCardinality(String) COMMENT 'Main language such as swh_Latn; und_Latn if unknown; empty until the text is assembled',
    language_confidence Float64 COMMENT 'Confidence of language, 0 to 1; 0 until the text is assembled',
    languages           Array(LowCardinality(String)) COMMENT 'BCP 47 tags stated by the source: evidence, not truth',
    group_id            String COMMENT 'Parallel group of documents that say the same in other languages, empty if none',
    pages               Int32 COMMENT 'Number of pages, 0 until the text is assembled',
    failed_pages        Int32 COMMENT 'Number of pages without text because they could not be read',
    sentences           Int32 COMMENT 'Number of sentences, 0 until the text is assembled',
    characters          Int64 COMMENT 'Number of characters (code points), 0 until the text is assembled',
    text_sources        Array(LowCardinality(String)) COMMENT 'Where the text comes from: html, plain, text_layer, ocr',
    license             LowCardinality(String) COMMENT 'SPDX id or address of the licence as stated, empty if none',
    license_evidence    LowCardinality(String) COMMENT 'Where the licence was stated, empty if none',
    state               String COMMENT 'done: the text is assembled; failed: the whole document is a dead letter; else processing',
    failure             String COMMENT 'Why the document failed, empty if it did not',
    stage_version       LowCardinality(String) COMMENT 'Version of the program that made the row',
    topic               LowCardinality(String) COMMENT 'Lineage: topic of the record',
    partition           Int32 COMMENT 'Lineage: partition of the record',
    offset              Int64 COMMENT 'Lineage: offset of the record',
    recorded_at         DateTime64(3, 'UTC') COMMENT 'Lineage: timestamp of the record'
)
AS SELECT
    f.document_id AS document_id, f.url AS url, f.source AS source, f.fetched_at AS fetched_at, f.sha256 AS sha256,
    f.media_type AS media_type, f.bytes AS bytes, f.file_name AS file_name,
    if(t.text_title != '', t.text_title, f.title) AS title,
    t.text_language AS language, t.language_confidence AS language_confidence, f.languages AS languages,
    f.group_id AS group_id, t.pages AS pages, t.failed_pages AS failed_pages, t.sentences AS sentences,
    t.characters AS characters, t.text_sources AS text_sources,
    f.license AS license, f.license_evidence AS license_evidence,
    multiIf(t.pages > 0, 'done', d.failed, 'failed', 'processing') AS state,
    if(t.pages > 0, '', d.failure) AS failure,
    f.stage_version AS stage_version, f.topic AS topic, f.partition AS partition, f.offset AS offset, f.recorded_at AS recorded_at
FROM fetches AS f
ANY LEFT JOIN
(
    SELECT document_id, argMax(title, at) AS text_title, argMax(language, at) AS text_language,
        argMax(texts.language_confidence, at) AS language_confidence, greatest(argMax(texts.pages, at), 1) AS pages,
        argMax(texts.failed_pages, at) AS failed_pages, argMax(texts.sentences, at) AS sentences,
        argMax(texts.characters, at) AS characters, argMax(texts.text_sources, at) AS text_sources
    FROM (SELECT *, (recorded_at, offset) AS at FROM texts) AS texts GROUP BY document_id
) AS t ON f.document_id = t.document_id
ANY LEFT JOIN
(
    SELECT document_id, argMax(error, failed_at) AS failure, true AS failed
    FROM deadletters
    WHERE document_id != '' AND page = 0 AND source_topic IN ('documents', 'page-texts')
    GROUP BY document_id
) AS d ON f.document_id = d.document_id
COMMENT 'Document versions, one row a fetch, with what is known of their text';

CREATE VIEW IF NOT EXISTS pages
(
    document_id   String COMMENT 'KSUID of the document version',
    page          Int32 COMMENT 'Page, from 1',
    text          String COMMENT 'Text of the blocks in reading order, parted by empty lines',
    language      LowCardinality(String) COMMENT 'Language of most characters of the page such as swh_Latn; empty until the document is assembled',
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
AS SELECT
    p.document_id AS document_id, p.page AS page, p.text AS text, l.language AS language, p.text_source AS text_source,
    p.confidence AS confidence, p.width AS width, p.height AS height, p.engine AS engine, p.rotation AS rotation,
    p.skew AS skew, p.blocks AS blocks, p.lines AS lines, p.failure AS failure,
    p.stage_version AS stage_version, p.topic AS topic, p.partition AS partition, p.offset AS offset, p.recorded_at AS recorded_at
FROM page_texts AS p
ANY LEFT JOIN
(
    SELECT document_id, page, argMax(page_languages.language, (recorded_at, offset)) AS language
    FROM page_languages GROUP BY document_id, page
) AS l ON p.document_id = l.document_id AND p.page = l.page
COMMENT 'Pages that were read, one row a page, with their languages';

-- +goose Down
DROP VIEW pages;
DROP VIEW documents;
