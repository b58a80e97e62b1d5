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

	peers Listener = "PEERS" // of brokers among themselves, where something lies between them
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
	// Advertise, where it is there, is the address that clients are told of a broker's listener. It may be called several
	// times for the same one.
	Advertise func(b *Broker, l Listener) (string, error)
	// Between, where it is there, is what brokers reach each other through: connections from one broker to another go to
	// listen, where it is to accept them and pass them on to upstream. It is called once for each pair and listener, before
	// a broker starts; it needs Linux, where all of 127.0.0.0/8 is loopback. Clients connect as before.
	Between func(from, to *Broker, listen, upstream string) error
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
	if o.Between != nil {
		all = append(all, peers)
	}
	for _, l := range o.Listeners {
		if !slices.Contains(all, l) {
			all = append(all, l)
		}
	}
	return all
}

// interBroker is the listener that brokers reach each other by.
func (o Options) interBroker() Listener {
	if o.Between != nil {
		return peers
	}
	return Plaintext
}

func (o Options) userNames() []string { return slices.Sorted(maps.Keys(o.Users)) }
