-- Where the text of a page comes from and why, as data; what a document calls
-- its pages, and its outline.
--
-- Each statement can be repeated: a migration that was killed runs again.

-- +goose Up
ALTER TABLE page_texts
    ADD COLUMN IF NOT EXISTS label String COMMENT 'What the document itself calls the page, such as iv or A-3; empty if it does not say' AFTER page,
    ADD COLUMN IF NOT EXISTS reason LowCardinality(String) COMMENT 'Why the text comes from there: trusted_text_layer, untrusted_text_layer, no_text_layer, picture, parts or blank; empty for HTML and plain text' AFTER confidence,
    ADD COLUMN IF NOT EXISTS evidence String COMMENT 'What speaks for or against the text layer, for people; empty if nothing was found' CODEC(ZSTD(3)) AFTER reason,
    ADD COLUMN IF NOT EXISTS `measures.name` Array(LowCardinality(String)) COMMENT 'What the text layer was judged by' AFTER evidence,
    ADD COLUMN IF NOT EXISTS `measures.value` Array(Float64) COMMENT 'The count or share of each measure' AFTER `measures.name`,
    COMMENT COLUMN text_source 'html, plain, text_layer, ocr; mixed: text_layer and ocr; none if the page could not be read';

ALTER TABLE texts
    ADD COLUMN IF NOT EXISTS `outline.level` Array(Int32) COMMENT 'Depths of the bookmarks of the document, from 1' AFTER characters,
    ADD COLUMN IF NOT EXISTS `outline.title` Array(String) COMMENT 'What the bookmarks say' AFTER `outline.level`,
    ADD COLUMN IF NOT EXISTS `outline.page` Array(Int32) COMMENT 'Pages that the bookmarks lead to, from 1; 0 if to none' AFTER `outline.title`;

CREATE OR REPLACE VIEW outlines
(
    document_id   String COMMENT 'KSUID of the document version',
    revision      Int64 COMMENT 'Processing of the document: 0 the first, else the Unix milliseconds at which it was begun again',
    entry         Int32 COMMENT 'Place in the outline, from 1',
    level         Int32 COMMENT 'Depth, from 1',
    title         String COMMENT 'What the bookmark says',
    page          Int32 COMMENT 'Page that it leads to, from 1; 0 if to none',
    stage_version LowCardinality(String) COMMENT 'Version of the program that made the row',
    topic         LowCardinality(String) COMMENT 'Lineage: topic of the record',
    partition     Int32 COMMENT 'Lineage: partition of the record',
    offset        Int64 COMMENT 'Lineage: offset of the record',
    recorded_at   DateTime64(3, 'UTC') COMMENT 'Lineage: timestamp of the record'
)
AS SELECT
    document_id, revision, entry, level, title, page, stage_version, topic, partition, offset, recorded_at
FROM (SELECT document_id, revision, stage_version, topic, partition, offset, recorded_at,
    `outline.level` AS levels, `outline.title` AS titles, `outline.page` AS outline_pages FROM texts
    WHERE if((SELECT count() = 0 FROM texts WHERE revision > 0), revision = 0,
    revision = 0 AND document_id NOT IN (SELECT document_id FROM revised) OR revision > 0 AND (document_id, revision) IN (SELECT document_id, revision FROM revised)))
ARRAY JOIN levels AS level, titles AS title, outline_pages AS page, arrayMap(n -> toInt32(n), arrayEnumerate(levels)) AS entry
COMMENT 'Bookmarks of documents, one row a bookmark';

CREATE OR REPLACE VIEW pages
(
    document_id   String COMMENT 'KSUID of the document version',
    revision      Int64 COMMENT 'Processing of the document: 0 the first, else the Unix milliseconds at which it was begun again',
    page          Int32 COMMENT 'Page, from 1',
    text          String COMMENT 'Text of the blocks in reading order, parted by empty lines',
    language      LowCardinality(String) COMMENT 'Language of most characters of the page such as swh_Latn; empty until the document is assembled',
    label         String COMMENT 'What the document itself calls the page, such as iv or A-3; empty if it does not say',
    text_source   LowCardinality(String) COMMENT 'html, plain, text_layer, ocr; mixed: text_layer and ocr; none if the page could not be read',
    confidence    Float64 COMMENT 'Mean confidence of the words, 0 to 1; 1 for born-digital text',
    reason        LowCardinality(String) COMMENT 'Why the text comes from there: trusted_text_layer, untrusted_text_layer, no_text_layer, picture, parts or blank; empty for HTML and plain text',
    evidence      String COMMENT 'What speaks for or against the text layer, for people; empty if nothing was found',
    measures      Map(LowCardinality(String), Float64) COMMENT 'What the text layer was judged by: characters, unmapped, misplaced_signs and the like; a count that is 0 is left out',
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
    p.document_id AS document_id, p.revision AS revision, p.page AS page, p.text AS text, l.language AS language, p.label AS label,
    p.text_source AS text_source, p.confidence AS confidence, p.reason AS reason, p.evidence AS evidence,
    CAST((p.`measures.name`, p.`measures.value`), 'Map(LowCardinality(String), Float64)') AS measures, p.width AS width, p.height AS height, p.engine AS engine, p.rotation AS rotation,
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
DROP VIEW outlines;
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
ALTER TABLE texts DROP COLUMN `outline.page`, DROP COLUMN `outline.title`, DROP COLUMN `outline.level`;
ALTER TABLE page_texts DROP COLUMN `measures.value`, DROP COLUMN `measures.name`, DROP COLUMN evidence, DROP COLUMN reason, DROP COLUMN label;
