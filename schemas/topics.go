package schemas

// Topics, one per record type. Internal topics start with `vislang.`.
const (
	TopicDocuments   = "documents"
	TopicPages       = "pages"
	TopicPageTexts   = "page-texts"
	TopicFigures     = "figures"
	TopicTexts       = "texts"
	TopicBitext      = "bitext"
	TopicSamples     = "samples"
	TopicDeadLetters = "deadletters"
)
