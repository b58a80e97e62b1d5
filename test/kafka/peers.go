package kafka

import (
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
)

// Where something is to lie between the brokers, each knows the others by names, which a file of its own resolves to
// addresses of loopback that stand for this pair of brokers alone: so one can be cut off from the others, and they not
// from each other.

// peerAddr is the address at which the other brokers know a port of a broker.
func (c *Cluster) peerAddr(b *Broker, port int) string {
	if c.options.Between == nil {
		return loopback(port)
	}
	return net.JoinHostPort(b.peerName(), strconv.Itoa(port))
}

func (b *Broker) peerName() string { return fmt.Sprintf("broker-%d.kafka.test", b.ID) }

// peerIP is where a broker reaches another: itself directly.
func peerIP(from, to *Broker) string {
	if from == to {
		return "127.0.0.1"
	}
	return fmt.Sprintf("127.0.%d.%d", from.ID, to.ID)
}

// connect has what is to lie between the brokers put there.
func (c *Cluster) connect() error {
	if c.options.Between == nil {
		return nil
	}
	for _, from := range c.brokers {
		if err := from.writeHosts(); err != nil {
			return err
		}
		for _, to := range c.brokers {
			if from == to {
				continue
			}
			for _, port := range []int{to.ports[peers], to.controllerPort} {
				listen := net.JoinHostPort(peerIP(from, to), strconv.Itoa(port))
				if err := c.options.Between(from, to, listen, loopback(port)); err != nil {
					return fmt.Errorf("between broker %d and broker %d: %w", from.ID, to.ID, err)
				}
			}
		}
	}
	return nil
}

// writeHosts writes the names that the broker's Java knows: it asks nobody else.
func (b *Broker) writeHosts() error {
	name, err := os.Hostname()
	if err != nil {
		return err
	}
	var hosts strings.Builder
	fmt.Fprintf(&hosts, "127.0.0.1 localhost %s\n", name)
	for _, to := range b.cluster.brokers {
		fmt.Fprintf(&hosts, "%s %s\n", peerIP(b, to), to.peerName())
	}
	return os.WriteFile(b.dir("hosts"), []byte(hosts.String()), 0o600)
}

func (b *Broker) hostsOption() []string {
	if b.cluster.options.Between == nil {
		return nil
	}
	return []string{"-Djdk.net.hosts.file=" + b.dir("hosts")}
}
