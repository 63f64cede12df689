// Command kafka starts and stops three Apache Kafka brokers on loopback (see
// deploy/brokers), for tests and measurements on the real thing:
//
//	go run ./deploy/kafka start
//	go run ./deploy/kafka stop
//	eval "$(go run ./deploy/kafka env)"    # where the tests find them
//	go run ./deploy/kafka -dir /data/kafka -port 29092 start
//
// start prints the bootstrap addresses, and does nothing when they run already.
// Their data stay in the folder; remove it for a fresh cluster.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"vislang/deploy/brokers"
)

func main() {
	dir := flag.String("dir", "build/kafka", "folder of the brokers' data")
	port := flag.Int("port", 19092, "port of the first broker; the listeners of all take this and those up to 32 above")
	flag.Usage = func() {
		fmt.Fprintln(os.Stderr, "usage: kafka [flags] start|stop|env")
		flag.PrintDefaults()
	}
	flag.Parse()
	if flag.NArg() != 1 {
		flag.Usage()
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, flag.Arg(0), *dir, *port); err != nil {
		fmt.Fprintln(os.Stderr, "kafka:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, command, dir string, port int) error {
	cluster, err := brokers.Open(dir, port)
	if err != nil {
		return err
	}
	switch command {
	case "start":
		if err := cluster.Start(ctx); err != nil {
			return err
		}
		fmt.Println("plain                 ", strings.Join(cluster.Addrs(), ","))
		fmt.Println("TLS, SASL/SCRAM       ", strings.Join(cluster.SASLAddrs(), ","))
		fmt.Println("TLS, client's too     ", strings.Join(cluster.TLSAddrs(), ","))
		fmt.Println("authority and client  ", cluster.TLSDir())
		return nil
	case "env":
		fmt.Printf("export VISLANG_TEST_BROKERS=%s\n", strings.Join(cluster.Addrs(), ","))
		fmt.Printf("export VISLANG_TEST_BROKERS_SASL=%s\n", strings.Join(cluster.SASLAddrs(), ","))
		fmt.Printf("export VISLANG_TEST_BROKERS_TLS=%s\n", strings.Join(cluster.TLSAddrs(), ","))
		fmt.Printf("export VISLANG_TEST_TLS=%s\n", cluster.TLSDir())
		return nil
	case "stop":
		return cluster.Stop()
	}
	flag.Usage()
	os.Exit(2)
	return nil
}
