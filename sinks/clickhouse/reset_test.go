package clickhouse

import (
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"

	"vislang/schemas"
)

// A reset that is cut short keeps the sink from loading until it is repeated;
// then every record has its row once.
func TestResetCutShort(t *testing.T) {
	b := newBench(t, 1)
	b.produce(b.samples(0, 100)...)
	sink := b.start(b.options())
	b.drained()
	if err := sink.stop(); err != nil {
		t.Fatal(err)
	}
	to := func(offset int64) kadm.Offsets {
		offsets := kadm.Offsets{}
		offsets.AddOffset(schemas.TopicSamples, 0, offset, -1)
		return offsets
	}
	if err := Reset(t.Context(), b.admin, "http://127.0.0.1:1/vislang", to(40)); err == nil {
		t.Fatal("a database that does not answer removed rows")
	}
	ended := make(chan error, 1)
	go func() { ended <- b.start(b.options()).wait() }()
	select {
	case err := <-ended:
		if err == nil || !strings.Contains(err.Error(), "repeat `vislang groups reset") {
			t.Errorf("the sink ended with %v", err)
		}
	case <-time.After(30 * time.Second):
		t.Fatal("the sink runs though a reset has not ended")
	}
	b.wantSamples(100)
	// The repetition with a later target covers what the first one began.
	if err := Reset(t.Context(), b.admin, b.dsn, to(60)); err != nil {
		t.Fatal(err)
	}
	if n := b.count("SELECT count() FROM all_samples"); n != 40 {
		t.Errorf("%d rows before the sink loads again, want those of the offsets below 40", n)
	}
	sink = b.start(b.options())
	b.drained()
	b.wantSamples(100)
	if err := sink.stop(); err != nil {
		t.Error(err)
	}
	// And again, to the same place: the tokens are new ones.
	if err := Reset(t.Context(), b.admin, b.dsn, to(40)); err != nil {
		t.Fatal(err)
	}
	b.start(b.options())
	b.drained()
	b.wantSamples(100)
}
