// Command consumer is what runs in a pod of the end-to-end tests: a member of a real consumer group, share group or streams group, that
// takes a fixed time per message, one message at a time. It may pass messages of a consumer group on to the next stage or
// store their state.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/IBM/sarama"
)

type options struct {
	brokers, group, topics string
	cost, startDelay, age  time.Duration
	crashAfter, fetch      int
	threads, tasks         int
	outage, stuck, redis   string
	routes                 routes
}

func main() {
	var o options
	flag.StringVar(&o.brokers, "brokers", "", "bootstrap addresses, separated by commas")
	flag.StringVar(&o.group, "group", "", "consumer group")
	flag.StringVar(&o.topics, "topics", "", "topics, separated by commas")
	flag.DurationVar(&o.cost, "cost", 0, "time that one message takes")
	flag.DurationVar(&o.startDelay, "start-delay", 0, "time from the start to joining the group")
	flag.IntVar(&o.crashAfter, "crash-after", 0, "exit with an error after so many messages; 0: never")
	flag.IntVar(&o.fetch, "share", 0, "be a member of a share group that takes so many records at a time; 0: of a consumer group")
	flag.IntVar(&o.threads, "streams", 0, "be so many threads of a streams group; 0: a member of a consumer group")
	flag.IntVar(&o.tasks, "tasks", 0, "tasks of each sub-topology of the streams group")
	flag.StringVar(&o.outage, "outage", "", "while this file exists nothing can be handled and the pod is not ready: what it depends on is away")
	flag.StringVar(&o.stuck, "stuck", "", "while this file exists nothing of partition 0 is handled, whoever has it")
	flag.DurationVar(&o.age, "age", 0, "a message counts as handled when it is so old, at the earliest: what answers takes that long")
	flag.StringVar(&o.redis, "redis", "", "address of a Redis that is told each message's state")
	flag.Var(&o.routes, "route", "STATE=TOPIC:NEWSTATE, repeatable: what a message in that state produces")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	if err := run(ctx, o); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, o options) error {
	select {
	case <-ctx.Done():
		return nil
	case <-time.After(o.startDelay):
	}
	if o.fetch > 0 {
		return share(ctx, o)
	}
	if o.threads > 0 {
		return streams(ctx, o)
	}
	brokers := strings.Split(o.brokers, ",")
	group, err := sarama.NewConsumerGroup(brokers, o.group, config())
	if err != nil {
		return fmt.Errorf("join %s: %w", o.group, err)
	}
	defer group.Close()
	w, err := newWorker(o, brokers)
	if err != nil {
		return err
	}
	defer w.close()
	go w.readiness.run(ctx)
	for ctx.Err() == nil {
		if err := group.Consume(ctx, strings.Split(o.topics, ","), w); err != nil {
			log.Printf("consume: %v", err)
			time.Sleep(200 * time.Millisecond)
		}
	}
	return nil
}

func config() *sarama.Config {
	c := sarama.NewConfig()
	c.Version = sarama.V3_9_0_0
	if name := os.Getenv("POD_NAME"); name != "" {
		c.ClientID = name // so that Kafka can tell who is a member
	}
	c.Consumer.Offsets.Initial = sarama.OffsetOldest
	c.Consumer.Offsets.AutoCommit.Interval = 200 * time.Millisecond
	c.Consumer.Group.Rebalance.GroupStrategies = []sarama.BalanceStrategy{sarama.NewBalanceStrategyRange()}
	c.Consumer.Group.Session.Timeout = 6 * time.Second
	c.Consumer.Group.Heartbeat.Interval = 300 * time.Millisecond
	c.Consumer.MaxWaitTime = 100 * time.Millisecond
	c.ChannelBufferSize = 4
	c.Producer.Return.Successes = true
	c.Producer.Idempotent = false
	c.Metadata.RefreshFrequency = 5 * time.Second
	c.Net.DialTimeout, c.Net.ReadTimeout = 3*time.Second, 10*time.Second
	return c
}

// routes maps a state to what a message in it produces.
type routes map[string][]output

type output struct{ topic, state string }

func (r *routes) String() string { return fmt.Sprint(*r) }

func (r *routes) Set(text string) error {
	from, to, found := strings.Cut(text, "=")
	topic, state, complete := strings.Cut(to, ":")
	if !found || !complete {
		return fmt.Errorf("route %q is not STATE=TOPIC:NEWSTATE", text)
	}
	if *r == nil {
		*r = routes{}
	}
	(*r)[from] = append((*r)[from], output{topic, state})
	return nil
}
