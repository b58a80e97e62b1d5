package kafka

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

const controllerListener = "CONTROLLER"

// properties returns the server.properties of one broker.
func (c *Cluster) properties(b *Broker) (string, error) {
	p := c.baseProperties(b)
	listeners, err := c.listenerProperties(b)
	if err != nil {
		return "", err
	}
	maps.Copy(p, listeners)
	if c.options.ACLs {
		p["authorizer.class.name"] = "org.apache.kafka.metadata.authorizer.StandardAuthorizer"
		p["super.users"] = "User:ANONYMOUS"
	}
	maps.Copy(p, c.options.Properties)
	var out strings.Builder
	for _, key := range slices.Sorted(maps.Keys(p)) {
		fmt.Fprintf(&out, "%s=%s\n", key, p[key])
	}
	return out.String(), nil
}

// baseProperties keep a broker small, its internal topics replicated, and groups free of start-up delays.
func (c *Cluster) baseProperties(b *Broker) map[string]string {
	var voters []string
	for _, v := range c.brokers {
		voters = append(voters, fmt.Sprintf("%d@%s", v.ID, c.peerAddr(v, v.controllerPort)))
	}
	replicas := strconv.Itoa(min(3, len(c.brokers)))
	return map[string]string{
		"process.roles":                                    "broker,controller",
		"node.id":                                          strconv.Itoa(int(b.ID)),
		"controller.quorum.voters":                         strings.Join(voters, ","),
		"controller.listener.names":                        controllerListener,
		"inter.broker.listener.name":                       string(c.options.interBroker()),
		"log.dirs":                                         b.dir("data"),
		"auto.create.topics.enable":                        "false",
		"num.network.threads":                              "2",
		"num.io.threads":                                   "4",
		"background.threads":                               "2",
		"log.cleaner.dedupe.buffer.size":                   "4194304",
		"group.initial.rebalance.delay.ms":                 "0",
		"offsets.topic.num.partitions":                     "6",
		"offsets.topic.replication.factor":                 replicas,
		"transaction.state.log.num.partitions":             "3",
		"transaction.state.log.replication.factor":         replicas,
		"transaction.state.log.min.isr":                    "1",
		"share.coordinator.state.topic.num.partitions":     "3",
		"share.coordinator.state.topic.replication.factor": replicas,
		"share.coordinator.state.topic.min.isr":            "1",
	}
}

func (c *Cluster) listenerProperties(b *Broker) (map[string]string, error) {
	listeners := []string{controllerListener + "://" + loopback(b.controllerPort)}
	var advertised []string
	if c.options.Between != nil {
		advertised = append(advertised, controllerListener+"://"+c.peerAddr(b, b.controllerPort))
	}
	protocols := []string{controllerListener + ":PLAINTEXT"}
	p := map[string]string{}
	for _, l := range c.options.listeners() {
		listeners = append(listeners, string(l)+"://"+b.Addr(l))
		address, err := c.advertised(b, l)
		if err != nil {
			return nil, err
		}
		advertised = append(advertised, string(l)+"://"+address)
		protocol := l
		if l == peers {
			protocol = Plaintext
		}
		protocols = append(protocols, string(l)+":"+string(protocol))
		prefix := "listener.name." + strings.ToLower(string(l)) + "."
		if l == SASLPlaintext || l == SASLTLS {
			maps.Copy(p, c.saslProperties(prefix))
		}
		if l == MutualTLS || l == SASLTLS {
			p[prefix+"ssl.keystore.type"] = "PEM"
			p[prefix+"ssl.keystore.location"] = c.path("server.pem")
			p[prefix+"ssl.truststore.type"] = "PEM"
			p[prefix+"ssl.truststore.location"] = c.Authority.File
		}
		if l == MutualTLS {
			p[prefix+"ssl.client.auth"] = "required"
		}
	}
	p["listeners"] = strings.Join(listeners, ",")
	p["advertised.listeners"] = strings.Join(advertised, ",")
	p["listener.security.protocol.map"] = strings.Join(protocols, ",")
	return p, nil
}

// advertised is the address of a listener as others are told it.
func (c *Cluster) advertised(b *Broker, l Listener) (string, error) {
	switch {
	case l == peers:
		return c.peerAddr(b, b.ports[l]), nil
	case c.options.Advertise != nil:
		return c.options.Advertise(b, l)
	}
	return b.Addr(l), nil
}

func (c *Cluster) saslProperties(prefix string) map[string]string {
	p := map[string]string{prefix + "sasl.enabled.mechanisms": strings.Join(c.options.Mechanisms, ",")}
	for _, mechanism := range c.options.Mechanisms {
		jaas := prefix + strings.ToLower(mechanism) + ".sasl.jaas.config"
		switch {
		case mechanism == "PLAIN":
			login := "org.apache.kafka.common.security.plain.PlainLoginModule required"
			for _, name := range c.options.userNames() {
				login += fmt.Sprintf(" user_%s=%q", name, c.options.Users[name])
			}
			p[jaas] = login + ";"
		case strings.HasPrefix(mechanism, "SCRAM-"):
			p[jaas] = "org.apache.kafka.common.security.scram.ScramLoginModule required;"
		}
	}
	return p
}

// scramArguments are the options of kafka-storage that store the users' SCRAM credentials in the metadata log.
func (o Options) scramArguments() []string {
	var args []string
	for _, mechanism := range o.Mechanisms {
		if !strings.HasPrefix(mechanism, "SCRAM-") {
			continue
		}
		for _, name := range o.userNames() {
			args = append(args, "--add-scram",
				fmt.Sprintf("%s=[name=%s,iterations=4096,password=%s]", mechanism, name, o.Users[name]))
		}
	}
	return args
}
