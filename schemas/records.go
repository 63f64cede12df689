package schemas

import "time"

// Document is one fetched version of a document: its provenance and the place
// of its bytes. Topic: documents. Key: DocumentID.
type Document struct {
	DocumentID      string     // KSUID of fetch time, canonical URL and content (NewDocumentID)
	Revision        int64      // see Context
	URL             string     // canonical absolute address: http(s)://… or file:///… (percent-encoded)
	Source          string     // name of the source that found it
	FetchedAt       time.Time  // UTC, milliseconds
	SHA256          string     // hex SHA-256 of the bytes, which is also their name in the blob store; "" when FetchError is set
	MediaType       string     // IANA media type without parameters, by content first
	Bytes           int64      // size of the bytes
	FileName        string     // last path element, valid UTF-8 (bad bytes replaced), for people
	Title           string     // title stated by the source; "" if none
	Languages       []string   // BCP 47 tags stated by the source: evidence, not truth
	GroupID         string     // parallel group (documents that say the same in other languages); "" if none is declared
	License         string     // SPDX id or the licence's address as stated; "" if none
	LicenseEvidence string     // where License was stated, e.g. `link rel=license`; "" if none
	FetchError      string     // why the bytes could not be read; such a document ends as a dead letter
	Resources       []Resource // pictures the document refers to, fetched with it
}

// Resource is a picture that an HTML document refers to.
type Resource struct {
	URL       string // absolute address as the document refers to it, resolved
	SHA256    string // name in the blob store
	MediaType string
	Bytes     int64
}

// Context is what every record about a document carries along, so that a join
// needs no second input.
//
// A document that is processed again keeps its id and gets a higher Revision,
// which all that is made of it carries. People see the highest one whose Text
// is there.
type Context struct {
	DocumentID string
	Revision   int64 // 0 the first time, then the Unix milliseconds at which it was begun again
	URL        string
	GroupID    string   // "" if none
	Title      string   // best title known so far
	Languages  []string // declared BCP 47 tags
	License    string
	Pages      int32 // pages of the document, counted from 1; an HTML document has 1
}

// Page is one page image that needs OCR. Topic: pages. Key: DocumentID + page.
type Page struct {
	Context
	Page      int32  // from 1
	Image     string // blob name (hex SHA-256) of the page image
	MediaType string
	Width     int32 // pixels
	Height    int32
	DPI       int32 // resolution of Image, 0 if unknown
	Marks
	Provenance
	TextLayer string   // blob name of the PageText of a page of which only Regions need OCR; Image is "" then
	Regions   []Region // in reading order
	// What tells the language of a page of a document that declares none: the
	// languages of pages with a text layer before it, the nearest first; or, of
	// a long document that has none, the blob name of an earlier page image.
	Neighbours []string
	Sample     string
}

// Region is a part of a page that its text layer does not tell. Coordinates are
// points of the upright page, origin at the top left.
type Region struct {
	Image   string // blob name
	X, Y    int32
	Width   int32
	Height  int32
	Picture bool   // a picture that may hold text; else text that the text layer has wrong
	Aside   bool   // its text is no part of the reading order: only lines
	Block   int32  // its text stands before this one of the text layer's blocks, from 0
	Detail  string // what speaks for reading it, for people
}

// Marks are what a document says of a page besides its content.
type Marks struct {
	Label   string     // what the document itself calls the page, such as `iv`; "" if it does not say
	Outline []Bookmark // of the document, the part that leads here; on page 1 what leads nowhere, too
}

// Bookmark is an entry of a document's outline.
type Bookmark struct {
	Entry int32 // place in the outline, from 1
	Level int32 // depth, from 1
	Title string
	Page  int32 // that it leads to, from 1; 0 if to none
}

// Provenance says why the text of a page is taken from where it is.
type Provenance struct {
	Reason   string    // one of the constants below; "" for HTML and plain text
	Evidence string    // what was found, for people
	Measures []Measure // what the decision was made by
}

// Measure is a count or share that was measured on a page, such as
// `misplaced_signs`.
type Measure struct {
	Name  string
	Value float64
}

// Reasons to take a page's text from where it is.
const (
	ReasonPicture   = "picture"              // it is a picture: OCR
	ReasonNoLayer   = "no_text_layer"        // a scan: OCR
	ReasonUntrusted = "untrusted_text_layer" // OCR
	ReasonTrusted   = "trusted_text_layer"
	ReasonParts     = "parts" // its text layer lacks parts: OCR for those
	ReasonBlank     = "blank" // nothing is on it
)

// Text sources of a page.
const (
	SourceHTML      = "html"
	SourcePlain     = "plain"      // a plain text file
	SourceTextLayer = "text_layer" // of a PDF
	SourceOCR       = "ocr"
	SourceMixed     = "mixed" // some lines of the text layer, some by OCR
	SourceNone      = "none"  // the page could not be read; Failure says why
)

// PageText is the text of one page. Topic: page-texts. Key: DocumentID.
type PageText struct {
	Context
	Page       int32
	TextSource string  // one of the constants above
	Engine     string  // what made it, with version and models: `tesseract 5.3.0 tir+amh`, `pdfium …`
	Confidence float64 // mean confidence of the words, 0 to 1; 1 for born-digital text, 0 for SourceNone
	Provenance
	Marks
	Width    int32 // pixels (OCR) or points (PDF) of the upright page; 0 for HTML
	Height   int32
	Rotation int32   // degrees clockwise that the image was turned by to stand upright: 0, 90, 180, 270
	Skew     float64 // degrees that were corrected
	Blocks   []Block
	Lines    []Line // recognised lines (OCR) or lines of the text layer
	Failure  string // only with SourceNone
	BodyBlob string // blob that holds Blocks and Lines when the record would pass 512 KiB; else ""
}

// Block kinds.
const (
	BlockParagraph = "paragraph"
	BlockHeading   = "heading"
	BlockListItem  = "list_item"
	BlockTable     = "table" // rows by \n, cells by \t
	BlockCaption   = "caption"
	BlockCode      = "code"
)

// Block is a run of text that belongs together, in reading order.
type Block struct {
	Page     int32
	Kind     string // one of the constants above
	Text     string
	Language string // `swh_Latn`; "" until assemble identifies it
}

// Line is one line of a page image or text layer. Coordinates are pixels of
// the upright page (points for a text layer), origin at the top left.
type Line struct {
	Text       string
	X, Y       int32
	Width      int32
	Height     int32
	Confidence float64 // 0 to 1
	TextSource string  // of a page with SourceMixed; "" is the page's
}

// Figure is one picture, chart, map or table region. Topic: figures. Key:
// DocumentID.
type Figure struct {
	Context
	FigureID   string // hex, from document, page, place and image
	Page       int32
	Kind       string // `picture`, `chart`, `map`, `table`; `picture` when unknown
	Image      string // blob name
	MediaType  string
	X, Y       int32 // place on the page; 0 in HTML
	Width      int32 // pixels of the image
	Height     int32
	Caption    string // best candidate; "" if none
	Language   string // of the caption, `swh_Latn`; "" if no caption
	Candidates []CaptionCandidate
}

// CaptionCandidate is a text that may be a figure's caption.
type CaptionCandidate struct {
	Text   string
	Origin string // `figcaption`, `alt`, `title`, `nearby`
}

// Text is a whole document in reading order. Topic: texts. Key: GroupID, or
// DocumentID when there is none.
type Text struct {
	Context
	Language    string  // `swh_Latn`, `und_Latn`
	Confidence  float64 // of Language, 0 to 1
	TextSources []string
	FailedPages int32 // pages without text because they could not be read
	Outline     []Bookmark
	Blocks      []Block
	Sentences   []Sentence
	BodyBlob    string // blob that holds Blocks and Sentences when the record would pass 512 KiB
}

// Sentence is a sentence in reading order: Text is the text of its block from
// Start to before End.
type Sentence struct {
	Page     int32
	Block    int32 // index into Text.Blocks
	Start    int32 // bytes
	End      int32 // bytes; 0 in records from before there were offsets
	Text     string
	Language string
	Quality  float64 // 0 to 1: share of letters, plausible length, page confidence
}

// States of a match.
const (
	MatchDeclared  = "declared"  // both documents are of one parallel group
	MatchFound     = "found"     // each is the other's best counterpart
	MatchRetracted = "retracted" // was found, and no longer holds
)

// Match says that two documents are translations of each other, or no longer
// are; the last one of a MatchID holds. Topic: matches. Key: language pair.
type Match struct {
	MatchID          string // hex, from both documents
	SourceDocumentID string
	SourceRevision   int64
	TargetDocumentID string
	TargetRevision   int64
	GroupID          string
	SourceLanguage   string
	TargetLanguage   string
	State            string  // one of the constants above
	Score            float64 // nats of evidence; 0 when declared
	Margin           float64 // nats by which Score exceeds the next best of either document; 0 when declared or there is none
	Signs            float64 // parts of Score: shared numbers and names,
	Lengths          float64 // letters and lines,
	Health           float64 // health of the sentence alignment,
	Words            float64 // known translations
	SourceText       string  // blob that holds the encoded Text
	TargetText       string
}

// Bitext is one aligned sentence bead. Topic: bitext. Key: language pair.
type Bitext struct {
	PairID           string // hex, from both documents and the bead's sentences
	SourceDocumentID string
	SourceRevision   int64 // of the source document, see Context
	TargetDocumentID string
	TargetRevision   int64
	GroupID          string
	SourceLanguage   string
	TargetLanguage   string
	SourceText       string
	TargetText       string
	SourceSentences  []int32 // indexes into the source Text's Sentences
	TargetSentences  []int32
	SourceBefore     string // the sentence before, for context; "" at the start
	SourceAfter      string
	TargetBefore     string
	TargetAfter      string
	Bead             string  // `1-1`, `2-1`, …
	Score            float64 // confidence 0 to 1
	Health           float64 // of the document pair, 0 to 1
	Features         string  // what the aligner knew besides both texts: `lexicon embeddings:MODEL`
	License          string
}

// Sample is one vision-language sample. Topic: samples. Key: DocumentID.
type Sample struct {
	SampleID    string
	FigureID    string
	DocumentID  string
	Revision    int64 // see Context
	GroupID     string
	Kind        string // `caption`, `ocr`, …
	Instruction string
	Response    string
	Language    string
	SplitGroup  string
	License     string
}

// DeadLetter is a record that cannot be processed, whole, with the error.
// Topic: deadletters. Key: source topic/partition/offset.
type DeadLetter struct {
	SourceTopic     string
	SourcePartition int32
	SourceOffset    int64
	SourceTimestamp time.Time
	Stage           string
	Partial         bool   // the stage went on without what failed, such as a page of a document
	Class           string // short machine name of the reason: `unsupported`, `corrupt`, `too_large`, …
	Error           string
	Attempts        int32
	FirstFailedAt   time.Time
	FailedAt        time.Time
	DocumentID      string // "" if the record could not even be decoded
	Revision        int64  // of that document
	URL             string
	Page            int32 // 0 if the whole document
	Key             []byte
	Value           []byte // the record as it was
	Headers         []Header
}

// Header is a Kafka record header.
type Header struct {
	Key   string
	Value []byte
}
