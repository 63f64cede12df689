package embedded

import (
	"errors"
	"os"
	"testing"
)

func TestSecondInstanceIsRefusedWithThePIDOfTheFirst(t *testing.T) {
	dir := t.TempDir()
	lock, err := Acquire(dir)
	if err != nil {
		t.Fatal(err)
	}
	_, err = Acquire(dir)
	var inUse *InUseError
	if !errors.As(err, &inUse) || inUse.PID != os.Getpid() {
		t.Fatalf("second Acquire: %v, want an InUseError with pid %d", err, os.Getpid())
	}
	if err := lock.Release(); err != nil {
		t.Fatal(err)
	}
	again, err := Acquire(dir)
	if err != nil {
		t.Fatalf("Acquire after Release: %v", err)
	}
	again.Release()
}

func TestRunning(t *testing.T) {
	dir := t.TempDir()
	if info, err := Running(dir); info != nil || err != nil {
		t.Fatalf("empty folder: %v, %v", info, err)
	}
	lock, err := Acquire(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Running(dir); err == nil {
		t.Fatal("a process that has not published yet must not count as reachable")
	}
	if err := lock.Publish(Info{Kafka: "127.0.0.1:1"}); err != nil {
		t.Fatal(err)
	}
	info, err := Running(dir)
	if err != nil || info == nil || info.Kafka != "127.0.0.1:1" || info.PID != os.Getpid() {
		t.Fatalf("running: %+v, %v", info, err)
	}
	lock.Release()
	if info, err := Running(dir); info != nil || err != nil {
		t.Fatalf("after Release: %v, %v", info, err)
	}
}
