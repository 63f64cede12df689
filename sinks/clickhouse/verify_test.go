package clickhouse_test

import (
	"context"

	"github.com/twmb/franz-go/pkg/kgo"

	"vislang/schemas"
	"vislang/sinks/clickhouse"
	"vislang/sinks/clickhouse/verify"
)

func init() {
	clickhouse.Verify = func(ctx context.Context, kafka kgo.Opt, database string, codec *schemas.Codec, topic string) (kinds []string, err error) {
		only, err := verify.ParseRange(topic)
		if err != nil {
			return nil, err
		}
		report, err := verify.Run(ctx, verify.Options{Kafka: []kgo.Opt{kafka}, Database: database, Codec: codec, Ranges: []verify.Range{only}})
		if err != nil {
			return nil, err
		}
		for _, f := range report.Findings {
			kinds = append(kinds, f.Kind)
		}
		return kinds, nil
	}
}
