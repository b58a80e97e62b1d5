package e2e

import (
	"fmt"
	"testing"
	"time"

	"kafka_burndown_exporter/test/e2e/load"
	"kafka_burndown_exporter/test/kafka"
)

// A streams application has six tasks, three of each sub-topology, and its pods two threads. Under a load that three pods
// cannot carry, KEDA gives it three and no fourth, although six are allowed: it would have nothing to do.
func TestStreamsGroup(t *testing.T) {
	t.Parallel()
	const name, partitions, threads, base, burst = "revenue", 3, 2, 8, 80
	w := theWorld(t).withKafkaOf(t, kafka.NewVersion, 1)
	w.namespace(t, name)
	must(t, w.kafka.CreateTopic(name, partitions))
	must(t, w.kafka.CreateTopic(name+"-by-key-repartition", partitions))
	p, err := load.Start(w.kafka.Addrs(kafka.Plaintext), name, "new")
	must(t, err)
	t.Cleanup(p.Stop)
	m := w.monitor(t, []string{name})
	s := service{namespace: name, group: name, topic: name, prometheus: m.url}
	p.Rate(base)
	f := w.deploy(t, name, name, 1, "-group="+name, "-topics="+name, "-cost=45ms", "-start-delay=3s",
		fmt.Sprint("-streams=", threads), fmt.Sprint("-tasks=", partitions))
	f.waitReady(60*time.Second, 1)
	of := func(series string) string { return fmt.Sprintf("max(%s{consumergroup=%q})", series, name) }
	is := func(want float64) func(float64) bool { return func(v float64) bool { return v == want } }
	m.waitFor(t, 60*time.Second, of("kafka_group_members"), is(threads))
	m.waitFor(t, 60*time.Second, of("kafka_group_useful_members"), is(2*partitions))
	m.waitFor(t, 60*time.Second, desiredOf(name), known)
	m.waitFor(t, 60*time.Second, lagOf(name), func(lag float64) bool { return lag < 4*base })

	w.scale(t, w.shipped(t, "streams/revenue.yaml", s))
	begin := time.Now()
	p.Rate(burst)
	const most = 2 * partitions / threads
	f.waitReady(120*time.Second, most)
	m.waitFor(t, 60*time.Second, of("kafka_group_members"), is(2*partitions))
	m.waitFor(t, 60*time.Second, of("kafka_group_processes"), is(most))
	lag := m.waitFor(t, 60*time.Second, lagOf(name), func(lag float64) bool { return lag > burst })
	m.waitFor(t, 60*time.Second, lagOf(name), func(now float64) bool { return now > 2*lag }) // three are not enough
	stays(t, f, most, 5*syncPeriod)
	p.Rate(0)
	m.waitFor(t, 120*time.Second, lagOf(name), is(0))
	eventually(t, 180*time.Second, "the application comes back", func() error {
		if wanted, _ := f.replicas(); wanted > 1 {
			return fmt.Errorf("%d replicas", wanted)
		}
		return nil
	})
	t.Logf("%d tasks, replicas %v", 2*partitions, f.since(begin))
}
