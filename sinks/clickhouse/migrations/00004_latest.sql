-- What people query: of each document the latest revision whose text is there,
-- and what has revision 0 of documents that were never processed again. The
-- scalar subquery is a constant by the time a query is planned, and an if with a
-- constant condition is replaced by its branch: while nothing was ever processed
-- again, a query reads one column more, which is all zeros.

-- +goose Up
CREATE OR REPLACE VIEW revised
(
    document_id   String COMMENT 'KSUID of the document version',
    revision      Int64 COMMENT 'Latest processing whose text is there: the Unix milliseconds at which it was begun',
    stage_version LowCardinality(String) COMMENT 'Version of the program that made the text',
    topic         LowCardinality(String) COMMENT 'Lineage: topic of the text',
    partition     Int32 COMMENT 'Lineage: partition of the text',
    offset        Int64 COMMENT 'Lineage: offset of the text',
    recorded_at   DateTime64(3, 'UTC') COMMENT 'Lineage: timestamp of the text'
)
AS SELECT
    document_id, max(t.revision) AS revision, argMax(t.stage_version, at) AS stage_version, argMax(t.topic, at) AS topic,
    argMax(t.partition, at) AS partition, argMax(t.offset, at) AS offset, max(t.recorded_at) AS recorded_at
FROM (SELECT *, (revision, offset) AS at FROM texts WHERE revision > 0) AS t
GROUP BY document_id
COMMENT 'Documents that were processed again, one row a document';

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

CREATE OR REPLACE VIEW lines
(
    document_id   String COMMENT 'KSUID of the document version',
    revision      Int64 COMMENT 'Processing of the document: 0 the first, else the Unix milliseconds at which it was begun again',
    page          Int32 COMMENT 'Page, from 1',
    line          Int32 COMMENT 'Place on the page in reading order, from 1',
    text          String COMMENT 'Text of the line',
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
AS SELECT
    document_id, revision, page, line, text, x, y, width, height, confidence, text_source, stage_version, topic,
    partition, offset, recorded_at
FROM all_lines
WHERE if((SELECT count() = 0 FROM texts WHERE revision > 0), revision = 0,
    revision = 0 AND document_id NOT IN (SELECT document_id FROM revised) OR revision > 0 AND (document_id, revision) IN (SELECT document_id, revision FROM revised))
COMMENT 'Lines recognised on a page image or found in a text layer; several rows a record of topic page-texts';

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
WHERE if((SELECT count() = 0 FROM texts WHERE revision > 0), source_revision = 0,
    source_revision = 0 AND source_document_id NOT IN (SELECT document_id FROM revised) OR source_revision > 0 AND (source_document_id, source_revision) IN (SELECT document_id, revision FROM revised))
    AND if((SELECT count() = 0 FROM texts WHERE revision > 0), target_revision = 0,
    target_revision = 0 AND target_document_id NOT IN (SELECT document_id FROM revised) OR target_revision > 0 AND (target_document_id, target_revision) IN (SELECT document_id, revision FROM revised))
COMMENT 'Aligned sentence beads, one row a record of topic bitext';

CREATE OR REPLACE VIEW figures
(
    figure_id           String COMMENT 'Hex id made of document, page, place and image',
    document_id         String COMMENT 'KSUID of the document version',
    revision            Int64 COMMENT 'Processing of the document: 0 the first, else the Unix milliseconds at which it was begun again',
    group_id            String COMMENT 'Parallel group of the document, empty if none',
    url                 String COMMENT 'Canonical absolute address of the document',
    page                Int32 COMMENT 'Page, from 1',
    kind                LowCardinality(String) COMMENT 'picture, chart, map or table; picture when unknown',
    caption             String COMMENT 'Best caption candidate, empty if none',
    caption_language    LowCardinality(String) COMMENT 'Language of the caption such as swh_Latn, empty without a caption',
    x                   Int32 COMMENT 'Left edge on the page, pixels from the left, 0 in HTML',
    y                   Int32 COMMENT 'Top edge on the page, pixels from the top, 0 in HTML',
    width               Int32 COMMENT 'Width of the image in pixels',
    height              Int32 COMMENT 'Height of the image in pixels',
    image_sha256        String COMMENT 'Hex SHA-256 of the image and its name in the blob store',
    media_type          LowCardinality(String) COMMENT 'IANA media type of the image',
    `candidates.text`   Array(String) COMMENT 'Texts that may be the caption and where they stood: figcaption, alt, title, nearby',
    `candidates.origin` Array(LowCardinality(String)) COMMENT 'Texts that may be the caption and where they stood: figcaption, alt, title, nearby',
    license             LowCardinality(String) COMMENT 'Licence of the document as stated, empty if none',
    stage_version       LowCardinality(String) COMMENT 'Version of the program that made the row',
    topic               LowCardinality(String) COMMENT 'Lineage: topic of the record',
    partition           Int32 COMMENT 'Lineage: partition of the record',
    offset              Int64 COMMENT 'Lineage: offset of the record',
    recorded_at         DateTime64(3, 'UTC') COMMENT 'Lineage: timestamp of the record'
)
AS SELECT
    figure_id, document_id, revision, group_id, url, page, kind, caption, caption_language, x, y, width, height,
    image_sha256, media_type, `candidates.text`, `candidates.origin`, license, stage_version, topic, partition,
    offset, recorded_at
FROM all_figures
WHERE if((SELECT count() = 0 FROM texts WHERE revision > 0), revision = 0,
    revision = 0 AND document_id NOT IN (SELECT document_id FROM revised) OR revision > 0 AND (document_id, revision) IN (SELECT document_id, revision FROM revised))
COMMENT 'Pictures, charts, maps and tables, one row a record of topic figures';

CREATE OR REPLACE VIEW samples
(
    sample_id     String COMMENT 'Id of the sample',
    figure_id     String COMMENT 'Figure in table figures',
    document_id   String COMMENT 'KSUID of the document version',
    revision      Int64 COMMENT 'Processing of the document: 0 the first, else the Unix milliseconds at which it was begun again',
    group_id      String COMMENT 'Parallel group of the document, empty if none',
    kind          LowCardinality(String) COMMENT 'Kind of task such as caption or ocr',
    instruction   String COMMENT 'What is asked of the model',
    response      String COMMENT 'What the model should answer',
    language      LowCardinality(String) COMMENT 'Language of the response such as swh_Latn',
    split_group   String COMMENT 'Samples of one split group go to the same split of a dataset',
    license       LowCardinality(String) COMMENT 'Licence of the document as stated, empty if none',
    stage_version LowCardinality(String) COMMENT 'Version of the program that made the row',
    topic         LowCardinality(String) COMMENT 'Lineage: topic of the record',
    partition     Int32 COMMENT 'Lineage: partition of the record',
    offset        Int64 COMMENT 'Lineage: offset of the record',
    recorded_at   DateTime64(3, 'UTC') COMMENT 'Lineage: timestamp of the record'
)
AS SELECT
    sample_id, figure_id, document_id, revision, group_id, kind, instruction, response, language, split_group,
    license, stage_version, topic, partition, offset, recorded_at
FROM all_samples
WHERE if((SELECT count() = 0 FROM texts WHERE revision > 0), revision = 0,
    revision = 0 AND document_id NOT IN (SELECT document_id FROM revised) OR revision > 0 AND (document_id, revision) IN (SELECT document_id, revision FROM revised))
COMMENT 'Vision-language samples, one row a record of topic samples';

CREATE OR REPLACE VIEW documents
(
    document_id         String COMMENT 'KSUID of the fetched version: sortable by fetch time',
    revision            Int64 COMMENT 'Processing whose text is shown: 0 the first, else the Unix milliseconds at which it was begun again',
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
    f.document_id AS document_id, t.revision AS revision, f.url AS url, f.source AS source, f.fetched_at AS fetched_at, f.sha256 AS sha256,
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
    SELECT document_id, argMax(texts.revision, at) AS revision, argMax(title, at) AS text_title, argMax(language, at) AS text_language,
        argMax(texts.language_confidence, at) AS language_confidence, greatest(argMax(texts.pages, at), 1) AS pages,
        argMax(texts.failed_pages, at) AS failed_pages, argMax(texts.sentences, at) AS sentences,
        argMax(texts.characters, at) AS characters, argMax(texts.text_sources, at) AS text_sources
    FROM (SELECT *, (revision, recorded_at, offset) AS at FROM texts) AS texts GROUP BY document_id
) AS t ON f.document_id = t.document_id
ANY LEFT JOIN
(
    SELECT document_id, argMax(error, failed_at) AS failure, true AS failed
    FROM deadletters
    WHERE document_id != '' AND page = 0 AND source_topic IN ('documents', 'page-texts')
    GROUP BY document_id
) AS d ON f.document_id = d.document_id
COMMENT 'Document versions, one row a fetch, with what is known of their text';

CREATE OR REPLACE VIEW pages
(
    document_id   String COMMENT 'KSUID of the document version',
    revision      Int64 COMMENT 'Processing of the document: 0 the first, else the Unix milliseconds at which it was begun again',
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
    p.document_id AS document_id, p.revision AS revision, p.page AS page, p.text AS text, l.language AS language, p.text_source AS text_source,
    p.confidence AS confidence, p.width AS width, p.height AS height, p.engine AS engine, p.rotation AS rotation,
    p.skew AS skew, p.blocks AS blocks, p.lines AS lines, p.failure AS failure,
    p.stage_version AS stage_version, p.topic AS topic, p.partition AS partition, p.offset AS offset, p.recorded_at AS recorded_at
FROM (SELECT * FROM page_texts WHERE if((SELECT count() = 0 FROM texts WHERE revision > 0), revision = 0,
    revision = 0 AND document_id NOT IN (SELECT document_id FROM revised) OR revision > 0 AND (document_id, revision) IN (SELECT document_id, revision FROM revised))) AS p
ANY LEFT JOIN
(
    SELECT document_id, revision, page, argMax(page_languages.language, (recorded_at, offset)) AS language
    FROM page_languages GROUP BY document_id, revision, page
) AS l ON p.document_id = l.document_id AND p.revision = l.revision AND p.page = l.page
COMMENT 'Pages that were read, one row a page, with their languages';

-- +goose Down
DROP VIEW sentences;
DROP VIEW lines;
DROP VIEW bitext;
DROP VIEW figures;
DROP VIEW samples;
DROP VIEW revised;
