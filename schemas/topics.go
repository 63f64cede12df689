package schemas

import "strconv"

// Topics, one per record type. Internal topics start with `vislang.`.
const (
	TopicDocuments   = "documents"
	TopicPages       = "pages"
	TopicPageTexts   = "page-texts"
	TopicFigures     = "figures"
	TopicTexts       = "texts"
	TopicMatches     = "matches"
	TopicBitext      = "bitext"
	TopicSamples     = "samples"
	TopicDeadLetters = "deadletters"
)

// Topic is a topic with what it takes to create it.
type Topic struct {
	Name       string
	Record     string            // full name of its Avro record, such as vislang.Document
	Key        string            // what the key of a record is, for people
	Partitions int32             // default; more partitions let more workers share the topic
	MaxBytes   int               // largest record in bytes, encoded; below the broker's limit by the room for key and headers
	Configs    map[string]string // Kafka topic configuration
}

// BatchBytes returns the largest batch that a topic takes, by its name: what
// Kafka allows by default, or the topic's own max.message.bytes.
func BatchBytes(topic string) int32 {
	if topic == TopicDeadLetters {
		return letterBytes
	}
	return 1_000_000
}

// letterBytes lets a dead letter hold the largest record of any other topic,
// whole, with room to spare.
const letterBytes = 2 << 20

// Subject returns the topic's subject in the schema registry.
func (t Topic) Subject() string { return t.Name + "-value" }

// Retention times in milliseconds.
const (
	forever  = "-1"
	twoWeeks = "1209600000"
	oneYear  = "31536000000"
)

// Topics returns all topics in the order of the pipeline.
//
// Retention is always explicit. Documents are kept forever: they are small, and
// all else can be made from them again. Derived topics keep two weeks, the time
// there is to bring back a sink that stands still. Dead letters wait for
// people, a year; they wrap whole records, so they may be larger.
func Topics() []Topic {
	topic := func(name, record, key string, partitions int32, retention string) Topic {
		return Topic{
			Name: name, Record: "vislang." + record, Key: key, Partitions: partitions, MaxBytes: 960 << 10,
			Configs: map[string]string{"cleanup.policy": "delete", "retention.ms": retention},
		}
	}
	topics := []Topic{
		topic(TopicDocuments, "Document", "document id", 6, forever),
		topic(TopicPages, "Page", "document id and page", 12, twoWeeks),
		topic(TopicPageTexts, "PageText", "document id", 6, twoWeeks),
		topic(TopicFigures, "Figure", "document id", 6, twoWeeks),
		topic(TopicTexts, "Text", "parallel group, or document id when there is none", 6, twoWeeks),
		topic(TopicMatches, "Match", "source and target language", 6, twoWeeks),
		topic(TopicBitext, "Bitext", "source and target language", 6, twoWeeks),
		topic(TopicSamples, "Sample", "document id", 6, twoWeeks),
		topic(TopicDeadLetters, "DeadLetter", "source topic/partition/offset", 1, oneYear),
	}
	letters := &topics[len(topics)-1]
	letters.Configs["max.message.bytes"] = strconv.Itoa(letterBytes) // producers must allow as much: BatchBytes
	letters.MaxBytes = 1984 << 10
	return topics
}
