package kafka

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/IBM/sarama"

	"kafka_burndown_exporter/test/pki"
)

// Cluster is a running Kafka cluster on loopback.
type Cluster struct {
	// Authority signed the brokers' certificates, and those that MutualTLS accepts.
	Authority *pki.Authority

	runtime *runtime
	options Options
	root    string
	brokers []*Broker

	mu    sync.Mutex
	tools []func() string
}

// New starts a cluster and waits until every broker is registered and answers. The caller closes it. The error wraps
// ErrMissing where Java or Maven is not installed.
func New(ctx context.Context, options Options) (*Cluster, error) {
	options = options.withDefaults()
	r, err := newRuntime(ctx, options.Version)
	if err != nil {
		return nil, err
	}
	return startCluster(ctx, r, options)
}

// Prepare fetches the jars of a version and starts a broker of it for the first time, so that New is quick. It returns
// the folder of the jars.
func Prepare(ctx context.Context, version string) (string, error) {
	r, err := newRuntime(ctx, version)
	if err != nil {
		return "", err
	}
	return r.lib, nil
}

// startCluster tries again with other ports where another process took one of them meanwhile.
func startCluster(ctx context.Context, r *runtime, options Options) (*Cluster, error) {
	for attempt := 1; ; attempt++ {
		c, err := tryCluster(ctx, r, options)
		if err == nil || attempt == 3 || !errors.Is(err, errPortTaken) {
			return c, err
		}
	}
}

func tryCluster(ctx context.Context, r *runtime, options Options) (*Cluster, error) {
	root, err := os.MkdirTemp("", "kafka-")
	if err != nil {
		return nil, err
	}
	c := &Cluster{runtime: r, options: options, root: root}
	if err := c.start(ctx); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

func (c *Cluster) start(ctx context.Context) error {
	var err error
	if c.Authority, err = pki.New(c.root, "ca"); err != nil {
		return err
	}
	if err := c.writeServerKeystore(); err != nil {
		return err
	}
	listeners := c.options.listeners()
	ports, err := freePorts(c.options.Brokers * (len(listeners) + 1))
	if err != nil {
		return err
	}
	for i := range c.options.Brokers {
		b := &Broker{ID: int32(i + 1), cluster: c, ports: map[Listener]int{}}
		for _, l := range listeners {
			b.ports[l], ports = ports[0], ports[1:]
		}
		b.controllerPort, ports = ports[0], ports[1:]
		c.brokers = append(c.brokers, b)
	}
	if err := c.connect(); err != nil {
		return err
	}
	return c.each(func(b *Broker) error {
		if err := b.format(ctx); err != nil {
			return err
		}
		return b.Start(ctx)
	})
}

// each calls f for all brokers at the same time.
func (c *Cluster) each(f func(*Broker) error) error {
	errs := make([]error, len(c.brokers))
	var wg sync.WaitGroup
	for i, b := range c.brokers {
		wg.Go(func() { errs[i] = f(b) })
	}
	wg.Wait()
	return errors.Join(errs...)
}

// Close kills the tools and brokers that still run and removes their files.
func (c *Cluster) Close() error {
	c.mu.Lock()
	tools := c.tools
	c.tools = nil
	c.mu.Unlock()
	for _, stop := range tools {
		stop()
	}
	err := c.each((*Broker).Kill)
	return errors.Join(err, os.RemoveAll(c.root))
}

// Brokers returns all brokers, in the order of their IDs.
func (c *Cluster) Brokers() []*Broker { return c.brokers }

// Broker returns the broker with an ID; the first is 1.
func (c *Cluster) Broker(id int32) *Broker { return c.brokers[id-1] }

// Addrs returns the addresses of a listener, one per broker.
func (c *Cluster) Addrs(l Listener) []string {
	var addrs []string
	for _, b := range c.brokers {
		addrs = append(addrs, b.Addr(l))
	}
	return addrs
}

// Bootstrap returns the addresses of the PLAINTEXT listeners as Kafka's tools take them.
func (c *Cluster) Bootstrap() string { return strings.Join(c.Addrs(Plaintext), ",") }

// Config returns a client configuration for the PLAINTEXT listeners.
func (c *Cluster) Config() *sarama.Config {
	config := sarama.NewConfig()
	config.Version = sarama.MaxVersion
	config.Metadata.AllowAutoTopicCreation = false
	return config
}

// Admin returns an admin client on the PLAINTEXT listeners, which the caller closes.
func (c *Cluster) Admin() (sarama.ClusterAdmin, error) {
	return sarama.NewClusterAdmin(c.Addrs(Plaintext), c.Config())
}

// CreateTopic creates a topic with as many replicas per partition as there are brokers, at most 3.
func (c *Cluster) CreateTopic(name string, partitions int32) error {
	admin, err := c.Admin()
	if err != nil {
		return fmt.Errorf("create topic %s: %w", name, err)
	}
	defer admin.Close()
	detail := &sarama.TopicDetail{NumPartitions: partitions, ReplicationFactor: int16(min(3, len(c.brokers)))}
	if err := admin.CreateTopic(name, detail, false); err != nil {
		return fmt.Errorf("create topic %s: %w", name, err)
	}
	return nil
}

// Logs returns the end of what each broker logged (warnings and errors).
func (c *Cluster) Logs() string {
	var out strings.Builder
	for _, b := range c.brokers {
		log, err := os.ReadFile(b.dir("log"))
		if err == nil && len(log) > 0 {
			fmt.Fprintf(&out, "broker %d:\n%s\n", b.ID, tail(log))
		}
	}
	return out.String()
}

func (c *Cluster) path(name string) string { return filepath.Join(c.root, name) }
