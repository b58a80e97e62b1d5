package e2e

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/IBM/sarama"

	"kafka_burndown_exporter/test/e2e/kubeapi"
	"kafka_burndown_exporter/test/kafka"
	"kafka_burndown_exporter/test/pki"
)

// brokers is a Kafka with every kind of listener that a shipped kafka trigger uses.
type brokers struct {
	*kafka.Cluster
	topics map[string]bool
}

const (
	brokerUser     = "consumer-demo"
	brokerPassword = "not-so-secret"
)

func startBrokers(t *testing.T) *brokers {
	t.Helper()
	return &brokers{topics: map[string]bool{}, Cluster: kafka.Start(t, kafka.Options{
		JavaOptions: []string{"-Xmx256m"}, Users: map[string]string{brokerUser: brokerPassword},
		Listeners: []kafka.Listener{kafka.SASLTLS, kafka.MutualTLS},
	})}
}

// lead points the kafka triggers of a build at the listener for their authentication, makes their topics, and returns
// what the Secrets of their TriggerAuthentications must hold, by the TriggerAuthentication's name.
func (b *brokers) lead(t *testing.T, objects []kubeapi.Object) map[string]map[string][]byte {
	t.Helper()
	needs := map[string]map[string]bool{} // the parameters of each TriggerAuthentication
	for _, o := range objects {
		if kubeapi.String(o, "kind") != "TriggerAuthentication" {
			continue
		}
		parameters := map[string]bool{}
		for _, ref := range kubeapi.List(o, "spec", "secretTargetRef") {
			parameters[kubeapi.String(ref, "parameter")] = true
		}
		needs[kubeapi.String(o, "metadata", "name")] = parameters
	}
	secrets := map[string]map[string][]byte{}
	for _, o := range objects {
		for _, trigger := range kubeapi.List(o, "spec", "triggers") {
			if kubeapi.String(o, "kind") != "ScaledObject" || kubeapi.String(trigger, "type") != "kafka" {
				continue
			}
			auth := kubeapi.String(trigger, "authenticationRef", "name")
			listener := kafka.Plaintext
			switch {
			case needs[auth]["sasl"]:
				listener, secrets[auth] = kafka.SASLTLS, b.scram()
			case needs[auth]["cert"]:
				listener, secrets[auth] = kafka.MutualTLS, b.certificate(t)
			case auth != "":
				t.Fatalf("no listener for %s with %v", auth, needs[auth])
			}
			metadata := trigger["metadata"].(kubeapi.Object)
			metadata["bootstrapServers"] = b.Broker(1).Addr(listener)
			b.topic(t, kubeapi.String(metadata, "consumerGroup"), kubeapi.String(metadata, "topic"))
		}
	}
	return secrets
}

func (b *brokers) scram() map[string][]byte {
	return map[string][]byte{
		"sasl": []byte("scram_sha512"), "username": []byte(brokerUser), "password": []byte(brokerPassword),
		"tls": []byte("enable"), "ca": b.Authority.PEM,
	}
}

func (b *brokers) certificate(t *testing.T) map[string][]byte {
	t.Helper()
	must(t, b.Authority.Issue("client", pki.Subject{CommonName: brokerUser}))
	out := map[string][]byte{"tls": []byte("enable"), "ca": b.Authority.PEM}
	for parameter, file := range map[string]string{"cert": "client.crt", "key": "client.key"} {
		raw, err := os.ReadFile(filepath.Join(filepath.Dir(b.Authority.File), file))
		must(t, err)
		out[parameter] = raw
	}
	return out
}

// topic makes a topic on which a group has committed.
func (b *brokers) topic(t *testing.T, group, name string) {
	t.Helper()
	if !b.topics[name] {
		must(t, b.CreateTopic(name, 2))
		b.topics[name] = true
	}
	admin, err := b.Admin()
	must(t, err)
	defer admin.Close()
	zero := sarama.OffsetAndMetadata{LeaderEpoch: -1}
	_, err = admin.AlterConsumerGroupOffsets(group, map[string]map[int32]sarama.OffsetAndMetadata{name: {0: zero, 1: zero}}, nil)
	must(t, err)
}
