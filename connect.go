package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"
	"github.com/twmb/franz-go/pkg/sr"

	"vislang/pkg/blob"
	"vislang/pkg/config"
	"vislang/pkg/embedded"
	"vislang/pkg/embedded/clickhouse"
	"vislang/pkg/embedded/kafka"
	"vislang/schemas"
)

// addConnectionFlags adds the flags that say which engines to use. All
// commands share them.
func addConnectionFlags(flags *pflag.FlagSet) {
	flags.String("data", "./data", "data folder of the embedded engines and blobs")
	flags.String("brokers", "", "Kafka brokers, host:port,…; empty: embedded")
	flags.String("database", "", "ClickHouse address, http://user:password@host:8123/vislang or clickhouse://…; empty: embedded")
	flags.String("blobs", "", "blob store, a folder or s3://bucket?region=…; empty: DATA/blobs")
	flags.String("registry", "", "schema registry address; empty: embedded")
	flags.Int("kafka-port", 9092, "port of the embedded Kafka; 0 takes a free one")
	flags.Int("clickhouse-port", 8123, "port of the embedded ClickHouse; 0 takes a free one")
	flags.Int("registry-port", 8081, "port of the embedded schema registry; 0 takes a free one")
	flags.Bool("kafka-tls", false, "use TLS towards the brokers")
	flags.String("kafka-ca", "", "file with the authorities that sign the brokers' certificates, PEM; empty: the system's")
	flags.String("kafka-cert", "", "file with the client's certificate, PEM")
	flags.String("kafka-key", "", "file with the key of --kafka-cert, PEM")
	flags.String("kafka-sasl", "", "SASL mechanism: PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512")
	flags.String("kafka-user", "", "SASL user")
	flags.String("kafka-password", "", "SASL password")
	config.Secret(flags, "kafka-password")
	flags.Int("replication", 0, "copies of each partition of the topics created; 0: 3, or 1 with fewer brokers")
	flags.Duration("session-timeout", 15*time.Second, "how long a group waits for a member that shows no life")
	flags.String("log-level", "warn", "debug, info, warn or error; JSON lines on standard error")
}

// connection is the set of engines a command works with, own or foreign.
type connection struct {
	kafka    []kgo.Opt
	brokers  []string
	copies   int    // of the partitions of new topics; 0: by the number of brokers
	database string // clickhouse-go DSN
	registry *sr.Client
	blobs    *blob.Store
	info     embedded.Info
	log      *slog.Logger
	lock     *embedded.Lock // set when this process owns the data folder
	closers  []func() error
}

// Close stops what this process started, in reverse order.
func (c *connection) Close() error {
	var errs []error
	for i := len(c.closers) - 1; i >= 0; i-- {
		errs = append(errs, c.closers[i]())
	}
	c.closers = nil
	return errors.Join(errs...)
}

func (c *connection) onClose(f func() error) { c.closers = append(c.closers, f) }

// connectionMode says how a command gets at the engines of the data folder.
type connectionMode int

const (
	own       connectionMode = iota // start them, on the configured ports; refuse a folder in use
	join                            // use those of a running process, else start them on free ports
	joinKafka                       // join, without a database unless one runs: starting it takes long
)

// noDatabase stands for a database that is not wanted.
const noDatabase = "none"

// connect opens the engines that the flags name.
func connect(cmd *cobra.Command, mode connectionMode, log *slog.Logger) (_ *connection, err error) {
	ctx := cmd.Context()
	flags := cmd.Flags()
	data, _ := flags.GetString("data")
	brokers, _ := flags.GetString("brokers")
	database, _ := flags.GetString("database")
	registry, _ := flags.GetString("registry")
	blobs, _ := flags.GetString("blobs")
	c := &connection{log: log}
	defer func() {
		if err != nil {
			c.Close()
		}
	}()

	kafkaPort, _ := flags.GetInt("kafka-port")
	clickhousePort, _ := flags.GetInt("clickhouse-port")
	registryPort, _ := flags.GetInt("registry-port")
	if brokers == "" || database == "" {
		if mode != own {
			kafkaPort, clickhousePort, registryPort = 0, 0, 0
			running, err := embedded.Running(data)
			if err != nil {
				return nil, err
			}
			if running != nil {
				c.info = *running
				brokers = firstOf(brokers, running.Kafka)
				database = firstOf(database, running.ClickHouse)
				registry = firstOf(registry, running.Registry)
			} else if _, err := os.Stat(data); err != nil && (mode == join || brokers == "") {
				return nil, fmt.Errorf("there is no data folder %s: name it with --data, or fill one with `vislang run --data %s SOURCE`", data, data)
			}
		}
	}
	if mode == joinKafka && database == "" {
		database = noDatabase
	}
	if brokers == "" || database == "" {
		if c.lock, err = embedded.Acquire(data); err != nil {
			return nil, err
		}
		c.onClose(c.lock.Release)
	}
	if brokers == "" {
		broker, err := kafka.Start(ctx, kafka.Options{Dir: filepath.Join(data, "kafka"), Port: kafkaPort, Log: log})
		if err != nil {
			return nil, err
		}
		c.onClose(broker.Close)
		brokers = broker.Addr()
	}
	c.info.Kafka = brokers
	if c.kafka, err = kafkaOptions(flags, brokers); err != nil {
		return nil, err
	}
	c.copies, _ = flags.GetInt("replication")
	c.brokers = strings.Split(brokers, ",")
	if err := c.checkKafka(ctx); err != nil {
		return nil, err
	}
	if database == "" {
		server, err := clickhouse.Start(ctx, clickhouse.Options{
			Dir: filepath.Join(data, "clickhouse"), Addr: fmt.Sprintf("127.0.0.1:%d", clickhousePort), Log: log,
		})
		if err != nil {
			return nil, err
		}
		c.onClose(server.Close)
		database = server.URL()
		c.info.ClickHouse = database
	}
	if database == noDatabase {
		database = ""
	} else if c.database, err = dsn(database); err != nil {
		return nil, usageError{err}
	}
	if registry == "" {
		server, err := schemas.StartRegistry(ctx, fmt.Sprintf("127.0.0.1:%d", registryPortFor(c.lock != nil, registryPort)))
		if err != nil {
			return nil, err
		}
		c.onClose(server.Close)
		c.registry = server.Client()
		registry = server.URL()
	} else if c.registry, err = sr.NewClient(sr.URLs(registry)); err != nil {
		return nil, usageError{fmt.Errorf("--registry %s: %w", config.Mask(registry), err)}
	}
	c.info.Registry = registry
	if blobs == "" {
		blobs = filepath.Join(data, "blobs")
	}
	if c.blobs, err = blob.Open(ctx, blobs); err != nil {
		return nil, err
	}
	c.onClose(c.blobs.Close)
	return c, nil
}

// registryPortFor keeps the embedded registry of a process that only borrows
// engines off the fixed port: several such processes share a machine.
func registryPortFor(owner bool, port int) int {
	if owner {
		return port
	}
	return 0
}

// publish tells other processes where the engines are.
func (c *connection) publish() error {
	if c.lock == nil {
		return nil
	}
	c.info.Started = time.Now().UTC().Truncate(time.Second)
	return c.lock.Publish(c.info)
}

// checkKafka asks all brokers at once: one that hangs must not hide another
// that answers.
func (c *connection) checkKafka(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	answers := make(chan error, len(c.brokers))
	for _, broker := range c.brokers {
		client, err := kgo.NewClient(append(slices.Clone(c.kafka), kgo.SeedBrokers(broker))...)
		if err != nil {
			return usageError{fmt.Errorf("--brokers: %w", err)}
		}
		go func() {
			defer client.Close()
			answers <- client.Ping(ctx)
		}()
	}
	var err error
	for range c.brokers {
		if err = <-answers; err == nil {
			return nil
		}
	}
	return fmt.Errorf("no Kafka broker answers at %s: %w: check --brokers, and --kafka-tls, --kafka-sasl if it asks for them", strings.Join(c.brokers, ","), err)
}

func kafkaOptions(flags *pflag.FlagSet, brokers string) ([]kgo.Opt, error) {
	opts := []kgo.Opt{
		kgo.SeedBrokers(strings.Split(brokers, ",")...),
		kgo.ClientID("vislang"),
		kgo.SoftwareNameAndVersion("vislang", version),
		kgo.DisableClientMetrics(),
		kgo.DialTimeout(5 * time.Second), // there are other brokers
	}
	if secure, err := kafkaTLS(flags); err != nil {
		return nil, usageError{err}
	} else if secure != nil {
		opts = append(opts, kgo.DialTLSConfig(secure))
	}
	session, _ := flags.GetDuration("session-timeout")
	if session < time.Second {
		return nil, usageError{fmt.Errorf("--session-timeout %s: at least 1s", session)}
	}
	opts = append(opts, kgo.SessionTimeout(session), kgo.HeartbeatInterval(min(2*time.Second, session/4)))
	mechanism, _ := flags.GetString("kafka-sasl")
	user, _ := flags.GetString("kafka-user")
	password, _ := flags.GetString("kafka-password")
	switch strings.ToUpper(mechanism) {
	case "":
	case "PLAIN":
		opts = append(opts, kgo.SASL(plain.Auth{User: user, Pass: password}.AsMechanism()))
	case "SCRAM-SHA-256":
		opts = append(opts, kgo.SASL(scram.Auth{User: user, Pass: password}.AsSha256Mechanism()))
	case "SCRAM-SHA-512":
		opts = append(opts, kgo.SASL(scram.Auth{User: user, Pass: password}.AsSha512Mechanism()))
	default:
		return nil, usageError{fmt.Errorf("--kafka-sasl %s: not one of PLAIN, SCRAM-SHA-256, SCRAM-SHA-512", mechanism)}
	}
	return opts, nil
}

// kafkaTLS is nil when the brokers are to be spoken to in the clear.
func kafkaTLS(flags *pflag.FlagSet) (*tls.Config, error) {
	secure, _ := flags.GetBool("kafka-tls")
	ca, _ := flags.GetString("kafka-ca")
	cert, _ := flags.GetString("kafka-cert")
	key, _ := flags.GetString("kafka-key")
	if !secure {
		if ca+cert+key != "" {
			return nil, errors.New("--kafka-ca, --kafka-cert and --kafka-key need --kafka-tls")
		}
		return nil, nil
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if ca != "" {
		pem, err := os.ReadFile(ca)
		if err != nil {
			return nil, fmt.Errorf("--kafka-ca: %w", err)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("--kafka-ca: %s holds no certificate in PEM", ca)
		}
	}
	if (cert == "") != (key == "") {
		return nil, errors.New("--kafka-cert and --kafka-key go together")
	}
	if cert != "" {
		pair, err := tls.LoadX509KeyPair(cert, key)
		if err != nil {
			return nil, fmt.Errorf("--kafka-cert, --kafka-key: %w", err)
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return config, nil
}

// explained adds to an error of Kafka's access control what to do about it.
func explained(err error) error {
	for _, denied := range []struct {
		err  error
		rule string
	}{
		{kerr.TopicAuthorizationFailed, "READ on the topics that a stage reads, WRITE on those that it writes"},
		{kerr.GroupAuthorizationFailed, "READ on the group of the stage's name"},
		{kerr.TransactionalIDAuthorizationFailed, "WRITE and DESCRIBE on transactional ids that begin with --instance"},
		{kerr.ClusterAuthorizationFailed, "IDEMPOTENT_WRITE on the cluster"},
	} {
		if errors.Is(err, denied.err) {
			return fmt.Errorf("%w: the Kafka user lacks a permission, here %s; docs/OPERATIONS.md lists all that each stage needs", err, denied.rule)
		}
	}
	return err
}

// dsn completes a database address for clickhouse-go.
func dsn(address string) (string, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return "", fmt.Errorf("--database %s is not an address like http://host:8123/vislang", config.Mask(address))
	}
	switch u.Scheme {
	case "http", "https", "clickhouse", "tcp":
	default:
		return "", fmt.Errorf("--database %s: scheme %q is not one of http, https, clickhouse, tcp", config.Mask(address), u.Scheme)
	}
	if strings.Trim(u.Path, "/") == "" {
		u.Path = "/" + clickhouse.DefaultDatabase
	}
	return u.String(), nil
}

// newLogger makes the process's logger: JSON lines, so that machines can read
// what people grep.
func newLogger(flags *pflag.FlagSet, w io.Writer) (*slog.Logger, error) {
	name, _ := flags.GetString("log-level")
	var level slog.Level
	if err := level.UnmarshalText([]byte(name)); err != nil {
		return nil, usageError{fmt.Errorf("--log-level %s: not one of debug, info, warn, error", name)}
	}
	return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level})), nil
}

func firstOf(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}
