package clickhouse

import (
	"errors"
	"runtime"
	"testing"
	"time"
)

func TestMemoryLimit(t *testing.T) {
	s, err := Start(t.Context(), Options{Dir: t.TempDir(), Addr: "127.0.0.1:0", MaxMemory: 256 << 20})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var e *Error
	if _, err := s.Query(t.Context(), "SELECT length(groupArray(number)) FROM numbers(1000000000)", ""); !errors.As(err, &e) || e.Code != 241 {
		t.Errorf("a result of 8 GB: %v", err)
	}
	if _, err := s.Query(t.Context(), "SELECT 1", ""); err != nil {
		t.Error(err)
	}
}

// The rest of the process must not count against the engine's limit.
func TestMemoryOfTheProcessIsNotCounted(t *testing.T) {
	s := start(t, t.TempDir())
	ballast := make([]byte, 1500<<20)
	for i := 0; i < len(ballast); i += 4096 {
		ballast[i] = 1
	}
	time.Sleep(2 * time.Second) // the engine looks at its memory now and then
	if got, err := s.Query(t.Context(), "SELECT uniqExact(number) FROM numbers(1000000)", ""); err != nil || string(got) != "1000000\n" {
		t.Errorf("%q, %v", got, err)
	}
	runtime.KeepAlive(ballast)
}
