package brokers

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
)

// clusterID is what Kafka's StorageTool random-uuid once gave.
const clusterID = "Vk1zTGFuZ0thZmthVGVzdA"

// config is the server.properties of broker n.
func (c *Cluster) config(n int) string {
	address := func(name string, offset int) string {
		return fmt.Sprintf("%s://127.0.0.1:%d", name, c.port+offset+n-1)
	}
	clients := address("PLAINTEXT", 0) + "," + address("SASL", saslPort) + "," + address("TLS", tlsPort)
	var voters []string
	for i := range Count {
		voters = append(voters, fmt.Sprintf("%d@127.0.0.1:%d", i+1, c.port+controllerPort+i))
	}
	properties := map[string]string{
		"process.roles":                  "broker,controller",
		"node.id":                        fmt.Sprint(n),
		"controller.quorum.voters":       strings.Join(voters, ","),
		"controller.listener.names":      "CONTROLLER",
		"inter.broker.listener.name":     "PLAINTEXT",
		"listeners":                      clients + "," + address("CONTROLLER", controllerPort),
		"advertised.listeners":           clients,
		"listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL:SASL_SSL,TLS:SSL",
		"log.dirs":                       filepath.Join(c.broker(n), "log"),

		"sasl.enabled.mechanisms":                           "SCRAM-SHA-256,SCRAM-SHA-512",
		"listener.name.sasl.scram-sha-256.sasl.jaas.config": "org.apache.kafka.common.security.scram.ScramLoginModule required;",
		"listener.name.sasl.scram-sha-512.sasl.jaas.config": "org.apache.kafka.common.security.scram.ScramLoginModule required;",
		"ssl.keystore.type":                                 "PEM",
		"ssl.keystore.location":                             filepath.Join(c.TLSDir(), "broker.pem"),
		"ssl.truststore.type":                               "PEM",
		"ssl.truststore.location":                           filepath.Join(c.TLSDir(), "ca.pem"),
		"listener.name.tls.ssl.client.auth":                 "required",
		"authorizer.class.name":                             "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
		"super.users":                                       "User:ANONYMOUS",
		"auto.create.topics.enable":                         "false",
		"default.replication.factor":                        "3",
		"min.insync.replicas":                               "2",
		"offsets.topic.replication.factor":                  "3",
		"offsets.topic.num.partitions":                      "10", // a machine that is all brokers at once needs no 50
		"transaction.state.log.num.partitions":              "10",
		"transaction.state.log.min.isr":                     "2",
		"group.initial.rebalance.delay.ms":                  "200",
		"group.min.session.timeout.ms":                      "1000", // so that tests of zombies take seconds
		"group.consumer.session.timeout.ms":                 "6000",
		"group.consumer.min.session.timeout.ms":             "1000",
		"group.consumer.heartbeat.interval.ms":              "1000",
		"group.consumer.min.heartbeat.interval.ms":          "500",
		"group.share.enable":                                "false",
		// A transaction that its owner will not end holds readers up until
		// somebody looks.
		"transaction.abort.timed.out.transaction.cleanup.interval.ms": "2000",
	}
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		fmt.Fprintf(&b, "%s=%s\n", name, properties[name])
	}
	return b.String()
}
