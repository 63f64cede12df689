// Package brokers runs a cluster of three Apache Kafka brokers on loopback,
// for tests and measurements: KRaft in combined mode, replication factor 3,
// two replicas in sync at least, as production has it.
//
//	cluster, err := brokers.Open("build/kafka", 19092)
//	err = cluster.Start(ctx)
//	client, err := kgo.NewClient(kgo.SeedBrokers(cluster.Addrs()...))
//	err = cluster.Kill(2) // SIGKILL
//
// The brokers are processes of their own and outlive the one that started
// them. Each listens in three ways, every one with access control:
//
//	port      PLAINTEXT, where everyone is the super user ANONYMOUS
//	port+20   SASL_SSL, with SCRAM-SHA-256 and SCRAM-SHA-512
//	port+30   SSL, with a client certificate; the user is the certificate's name, CN=…
//
// Broker n of 1, 2, 3 adds n-1 to each. Certificates are made at the first
// start, below the folder's tls: ca.pem, and client.pem with client.key.
package brokers

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// Count is how many brokers a cluster has.
const Count = 3

// Offsets of the listeners from the cluster's port.
const (
	controllerPort = 10
	saslPort       = 20
	tlsPort        = 30
)

// Cluster is three brokers with their data in a folder.
type Cluster struct {
	dir  string
	port int
	libs string // folder of the jars; set by Start
}

// Open names a cluster; nothing is started. Other clusters on the machine need
// another folder and another port.
func Open(dir string, port int) (*Cluster, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	return &Cluster{dir: dir, port: port}, nil
}

// Addrs are the plain bootstrap addresses.
func (c *Cluster) Addrs() []string { return c.addrs(0) }

// SASLAddrs are the bootstrap addresses for TLS with SASL.
func (c *Cluster) SASLAddrs() []string { return c.addrs(saslPort) }

// TLSAddrs are the bootstrap addresses for TLS with client certificates.
func (c *Cluster) TLSAddrs() []string { return c.addrs(tlsPort) }

// TLSDir is the folder of ca.pem, client.pem and client.key.
func (c *Cluster) TLSDir() string { return filepath.Join(c.dir, "tls") }

func (c *Cluster) addrs(offset int) []string {
	addrs := make([]string, Count)
	for i := range addrs {
		addrs[i] = net.JoinHostPort("127.0.0.1", strconv.Itoa(c.port+offset+i))
	}
	return addrs
}

// Start fetches Kafka if it is not in the user's cache, starts the brokers that
// do not run, and returns when all three serve.
func (c *Cluster) Start(ctx context.Context) error {
	var err error
	if c.libs, err = fetchJars(ctx); err != nil {
		return err
	}
	if err := makeCertificates(ctx, c.TLSDir()); err != nil {
		return err
	}
	for n := 1; n <= Count; n++ {
		if err := c.StartBroker(ctx, n); err != nil {
			return err
		}
	}
	return c.Wait(ctx)
}

// StartBroker starts broker n if it does not run. It does not wait for it.
func (c *Cluster) StartBroker(ctx context.Context, n int) error {
	if c.PID(n) != 0 {
		return nil
	}
	// Only now: a port taken by something else would show after a minute, as
	// a broker that does not answer.
	for _, offset := range []int{0, controllerPort, saslPort, tlsPort} {
		listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(c.port+offset+n-1)))
		if err != nil {
			return fmt.Errorf("start broker %d: %w: choose other ports", n, err)
		}
		listener.Close()
	}
	if err := os.MkdirAll(c.broker(n), 0o777); err != nil {
		return err
	}
	if err := os.WriteFile(c.properties(n), []byte(c.config(n)), 0o666); err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(c.broker(n), "log", "meta.properties")); err != nil {
		format := c.java(ctx, "kafka.tools.StorageTool", "format", "--ignore-formatted", "--cluster-id", clusterID, "--config", c.properties(n))
		if out, err := format.CombinedOutput(); err != nil {
			return fmt.Errorf("format the folder of broker %d: %w\n%s", n, err, out)
		}
	}
	log, err := os.OpenFile(c.logFile(n), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o666)
	if err != nil {
		return err
	}
	defer log.Close()
	broker := c.java(context.WithoutCancel(ctx), "kafka.Kafka", c.properties(n))
	broker.Stdout, broker.Stderr = log, log
	broker.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := broker.Start(); err != nil {
		return fmt.Errorf("start broker %d: %w", n, err)
	}
	go broker.Wait() // leaves no zombie while this process lives
	return os.WriteFile(filepath.Join(c.broker(n), "pid"), []byte(strconv.Itoa(broker.Process.Pid)), 0o666)
}

// Wait returns when every broker is in the cluster and every partition has all
// its replicas in sync.
func (c *Cluster) Wait(ctx context.Context) error {
	client, err := kgo.NewClient(kgo.SeedBrokers(c.Addrs()...), kgo.DisableClientMetrics())
	if err != nil {
		return err
	}
	defer client.Close()
	admin := kadm.NewClient(client)
	for deadline := time.Now().Add(2 * time.Minute); ; {
		attempt, cancel := context.WithTimeout(ctx, 5*time.Second)
		err := whole(attempt, admin)
		cancel()
		if err == nil {
			return nil
		}
		for n := 1; n <= Count; n++ {
			if c.PID(n) == 0 {
				return fmt.Errorf("broker %d has ended:\n%s", n, tail(c.logFile(n)))
			}
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("not ready after two minutes: %w; see %s", err, c.logFile(1))
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(200 * time.Millisecond):
		}
	}
}

func whole(ctx context.Context, admin *kadm.Client) error {
	metadata, err := admin.Metadata(ctx)
	if err != nil {
		return err
	}
	if len(metadata.Brokers) < Count {
		return fmt.Errorf("%d of %d brokers serve", len(metadata.Brokers), Count)
	}
	for _, topic := range metadata.Topics {
		for _, p := range topic.Partitions {
			if p.Err != nil || len(p.ISR) < len(p.Replicas) {
				return fmt.Errorf("%s/%d has %d of %d replicas in sync", topic.Topic, p.Partition, len(p.ISR), len(p.Replicas))
			}
		}
	}
	return nil
}

// Kill ends broker n as a crash would.
func (c *Cluster) Kill(n int) error { return c.signal(n, syscall.SIGKILL) }

// Stop ends all brokers cleanly.
func (c *Cluster) Stop() error {
	var errs []error
	for n := 1; n <= Count; n++ {
		errs = append(errs, c.signal(n, syscall.SIGTERM))
	}
	// The last to go has no quorum left to hand its leadership to, and would
	// wait for one.
	for n := 1; n <= Count; n++ {
		for deadline := time.Now().Add(15 * time.Second); c.PID(n) != 0; time.Sleep(50 * time.Millisecond) {
			if time.Now().After(deadline) {
				errs = append(errs, c.signal(n, syscall.SIGKILL))
				break
			}
		}
	}
	return errors.Join(errs...)
}

func (c *Cluster) signal(n int, signal syscall.Signal) error {
	pid := c.PID(n)
	if pid == 0 {
		return nil
	}
	if err := syscall.Kill(pid, signal); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("signal broker %d: %w", n, err)
	}
	return nil
}

// PID is the process of broker n, 0 if it does not run.
func (c *Cluster) PID(n int) int {
	data, err := os.ReadFile(filepath.Join(c.broker(n), "pid"))
	if err != nil {
		return 0
	}
	pid, err := strconv.Atoi(string(data))
	if err != nil {
		return 0
	}
	// A number may have gone to another program since. An ended process that
	// nobody has waited for has no command line.
	command, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	if err != nil || !strings.Contains(string(command), c.properties(n)) {
		return 0
	}
	return pid
}

func (c *Cluster) broker(n int) string     { return filepath.Join(c.dir, strconv.Itoa(n)) }
func (c *Cluster) properties(n int) string { return filepath.Join(c.broker(n), "server.properties") }
func (c *Cluster) logFile(n int) string    { return filepath.Join(c.broker(n), "broker.log") }

func (c *Cluster) java(ctx context.Context, class string, arguments ...string) *exec.Cmd {
	return exec.CommandContext(ctx, "java", append([]string{
		"-Xmx400m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
		"-Dorg.slf4j.simpleLogger.showDateTime=true", "-Dorg.slf4j.simpleLogger.dateTimeFormat=HH:mm:ss.SSS",
		"-cp", filepath.Join(c.libs, "*"), class,
	}, arguments...)...)
}

func tail(path string) string {
	data, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	return string(data[max(0, len(data)-3000):])
}
