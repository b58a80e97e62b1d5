package demo

import (
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"
)

// cluster is the Kafka that the command embeds, until the test ends.
func cluster(t *testing.T) Cluster {
	t.Helper()
	c, err := kfake.NewCluster(kfake.NumBrokers(3), kfake.GroupMinSessionTimeout(0),
		kfake.BrokerConfigs(map[string]string{"log.cleaner.backoff.ms": "10000"}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return Cluster{Brokers: c.ListenAddrs(), Stop: func() {}}
}
