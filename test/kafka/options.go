package kafka

import (
	"maps"
	"slices"
)

// DefaultVersion is the version of Kafka that is started unless Options say otherwise. The core tests run against
// OldVersion and NewVersion as well.
const (
	DefaultVersion = "4.3.1"
	OldVersion     = "3.9.1"
	NewVersion     = "4.4.0"
)

// Listener is a kind of listener, named by its security protocol.
type Listener string

// The listeners a cluster can have. MutualTLS requires a client certificate of the cluster's Authority.
const (
	Plaintext     Listener = "PLAINTEXT"
	SASLPlaintext Listener = "SASL_PLAINTEXT"
	SASLTLS       Listener = "SASL_SSL"
	MutualTLS     Listener = "SSL"
)

// Options say what cluster is started; the zero value is one broker with a PLAINTEXT listener.
type Options struct {
	// Brokers is the number of brokers, 1 if 0.
	Brokers int
	// Version is a version of Kafka, DefaultVersion if empty.
	Version string
	// ClusterID is that of the cluster, the same for all clusters if empty: a UUID in unpadded URL base64.
	ClusterID string
	// Listeners are those besides PLAINTEXT.
	Listeners []Listener
	// Mechanisms are the SASL mechanisms of the SASL listeners, PLAIN and both SCRAMs if nil. OAUTHBEARER and GSSAPI
	// need Properties that configure them.
	Mechanisms []string
	// Users maps names to passwords, for PLAIN and SCRAM.
	Users map[string]string
	// ACLs turns the authorizer on: nobody but the anonymous user of PLAINTEXT may do anything that no ACL allows.
	ACLs bool
	// Properties are added to every broker's server.properties, over what is there.
	Properties map[string]string
	// Broker makes properties of one broker, over all others: what a broker is to advertise depends on its ports. It may be
	// called several times for the same broker.
	Broker func(c *Cluster, b *Broker) map[string]string
	// JavaOptions are added to the command line of every broker, over what is there (-Xmx512m and the like).
	JavaOptions []string
}

func (o Options) withDefaults() Options {
	if o.Brokers == 0 {
		o.Brokers = 1
	}
	if o.Version == "" {
		o.Version = DefaultVersion
	}
	if o.ClusterID == "" {
		o.ClusterID = "a2Fma2FidXJuZG93bjAwMQ"
	}
	if o.Mechanisms == nil {
		o.Mechanisms = []string{"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"}
	}
	return o
}

// listeners returns all listeners, PLAINTEXT first.
func (o Options) listeners() []Listener {
	all := []Listener{Plaintext}
	for _, l := range o.Listeners {
		if !slices.Contains(all, l) {
			all = append(all, l)
		}
	}
	return all
}

func (o Options) userNames() []string { return slices.Sorted(maps.Keys(o.Users)) }
