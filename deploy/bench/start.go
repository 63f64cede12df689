package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

// measureStart is the time from the command to readiness on an empty data
// folder, and the memory of a pipeline that has nothing to do.
func measureStart(ctx context.Context, b *bench) error {
	port, err := freePort()
	if err != nil {
		return err
	}
	data := filepath.Join(b.scratch, "start")
	defer os.RemoveAll(data)
	began := time.Now()
	p, err := start(ctx, b.vislang, "run", "--data", data, "--quiet", "--metrics-port", fmt.Sprint(port),
		"--kafka-port", "0", "--clickhouse-port", "0", "--registry-port", "0")
	if err != nil {
		return err
	}
	for !ready(ctx, port) {
		select {
		case <-p.ended:
			return fmt.Errorf("ended before it was ready: %w", p.wait())
		case <-time.After(20 * time.Millisecond):
		}
		if time.Since(began) > 2*time.Minute {
			return fmt.Errorf("not ready after two minutes: %w", p.stop())
		}
	}
	figure("start.ready", time.Since(began).Seconds(), "s from the command to ready, empty folder")
	select {
	case <-ctx.Done():
	case <-time.After(15 * time.Second):
	}
	figure("memory.at_rest", float64(resident(p.command.Process.Pid))/(1<<20), "MiB resident, with children")
	return p.stop()
}

func ready(ctx context.Context, port int) bool {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("http://127.0.0.1:%d/readyz", port), nil)
	if err != nil {
		return false
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	response.Body.Close()
	return response.StatusCode == http.StatusOK
}

func freePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port, nil
}
