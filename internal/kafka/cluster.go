package kafka

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sync"

	"github.com/IBM/sarama"
)

// cluster is the identity of the cluster that is watched: the one it was told, or else that of its first metadata. Clouds
// and Kubernetes hand addresses out again, so a connection is used only after its broker has said that it belongs to this
// cluster. It is safe for concurrent use.
type cluster struct {
	mu         sync.Mutex
	id         string // empty: not known yet
	told       bool   // by the settings
	remembered bool   // by the state file
}

func newCluster(cfg Config) *cluster {
	if cfg.ClusterID != "" {
		return &cluster{id: cfg.ClusterID, told: true}
	}
	return &cluster{id: cfg.RememberedID, remembered: cfg.RememberedID != ""}
}

// known returns the ID, empty before the first metadata.
func (c *cluster) known() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.id
}

// adopt takes the ID of the first metadata.
func (c *cluster) adopt(id *string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.id == "" && id != nil {
		c.id = *id
	}
}

// check returns an error for a broker of another cluster. One that does not tell passes, unless the ID was told.
func (c *cluster) check(id string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.id == "" || id == c.id || id == "" && !c.told {
		return nil
	}
	return wrongClusterError{want: c.id, got: id, remembered: c.remembered}
}

// wrongClusterError says that an address belongs to another cluster.
type wrongClusterError struct {
	want, got  string
	remembered bool // want is
}

func (e wrongClusterError) Error() string {
	if e.got == "" {
		return fmt.Sprintf("the broker does not tell the ID of its cluster, which --kafka.cluster-id=%s demands", e.want)
	}
	remedy := ""
	if e.remembered {
		remedy = ", or delete the state file and restart"
	}
	return fmt.Sprintf("the broker belongs to cluster %q, not to %q, and is not read; to watch the other cluster, restart "+
		"with --kafka.cluster-id=%s%s", e.got, e.want, e.got, remedy)
}

// identity is what a broker says of its cluster: the ID, and the brokers that it takes for a part of it. It is empty where
// it does not tell.
type identity struct {
	id      string
	brokers []int32
}

// askCluster asks a broker which cluster it belongs to: metadata without any topic.
func (s *session) askCluster(clientID string) (out identity, err error) {
	if s.versions[keyMetadata] < clusterMetadataVersion {
		return out, nil
	}
	s.sent++
	b := requestHeader(keyMetadata, clusterMetadataVersion, s.sent, clientID)
	b = append(b, 0, 0, 0, 0, 0) // no topics, none created
	binary.BigEndian.PutUint32(b, uint32(len(b)-4))
	answer, err := s.exchange(b)
	if err != nil {
		return out, err
	}
	w := wire{data: answer}
	w.int32()                  // throttled for
	for range w.count(4 + 8) { // brokers: node, host, port, rack
		out.brokers = append(out.brokers, w.int32())
		w.string()
		w.int32()
		w.nullable()
	}
	out.id = w.nullable()
	if w.bad {
		return identity{}, sarama.PacketDecodingError{Info: "an answer to Metadata that ends too early"}
	}
	return out, nil
}

// clusterMetadataVersion is the newest version of Metadata before the flexible ones that Kafka 4 still has.
const clusterMetadataVersion = 4

// isWrongCluster reports whether a connection was refused for the cluster of its broker.
func isWrongCluster(err error) bool {
	var wrong wrongClusterError
	return errors.As(err, &wrong)
}
