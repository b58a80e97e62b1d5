package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"time"

	"github.com/alecthomas/kingpin/v2"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kversion"

	"kafka_burndown_exporter/test/kafka"
)

// fullSeries is the number of lags that a full exposition has at least.
var fullSeries int

type options struct {
	size  size
	plan  plan
	churn float64
	seed  uint64
	out   string
	ours  string
	// oursArgs are further arguments of our binary, such as --metrics.granularity=topic.
	oursArgs []string
	shards   int // our exporter as each of so many shards, each alone, instead of a comparison
	only     []string
	broker   string
	heap     string // of the broker
	share    int    // share groups beside the others
	count    bool
	full     int
	// soak is how long one lasts (0: a comparison is made), and how many groups come and go in a second of it.
	soak struct {
		lasts  time.Duration
		groups int
	}
	floor  time.Duration // of a sample, as measured
	stolen float64       // share of the processor time that the host withheld meanwhile
}

func main() { os.Exit(run()) }

func run() int {
	var o options
	app := kingpin.New("bench", "Compares exporters side by side against one real Kafka broker.")
	app.Flag("topics", "Topics to create.").Default("40").IntVar(&o.size.topics)
	app.Flag("partitions", "Partitions of each topic.").Default("50").IntVar(&o.size.partitionsPerTopic)
	app.Flag("groups", "Consumer groups to create.").Default("500").IntVar(&o.size.groups)
	app.Flag("committed", "Partitions each group commits on.").Default("200").IntVar(&o.size.committedPerGroup)
	app.Flag("messages", "Messages in each partition.").Default("20").IntVar(&o.size.messages)
	app.Flag("rounds", "Rounds; every exporter runs once in each.").Default("2").IntVar(&o.plan.rounds)
	app.Flag("cycles", "Measured scrapes of an exporter in a round.").Default("3").IntVar(&o.plan.cycles)
	app.Flag("period", "Distance of samples, and how long each scrape's costs are counted.").Default("10s").DurationVar(&o.plan.period)
	app.Flag("scrape-timeout", "When a scrape is given up.").Default("3m").DurationVar(&o.plan.scrapeTimeout)
	app.Flag("brief", "Leave out the figures of one group in ten moving and of protobuf.").BoolVar(&o.plan.brief)
	app.Flag("churn", "Share of the groups whose commits move on once per period.").Default("1").Float64Var(&o.churn)
	app.Flag("seed", "Seed of the names.").Default("1").Uint64Var(&o.seed)
	app.Flag("out", "Folder for the table, the chart and the exporters' logs.").Default("bench-results").StringVar(&o.out)
	app.Flag("ours", "Our binary.").Required().ExistingFileVar(&o.ours)
	app.Flag("ours-arg", "A further argument of our binary (repeatable).").StringsVar(&o.oursArgs)
	app.Flag("shards", "Measure our exporter only: as each of so many shards, each alone.").IntVar(&o.shards)
	app.Flag("only", "Measure only this exporter (repeatable).").StringsVar(&o.only)
	app.Flag("full-series", "Lags that a full exposition has at least. Default: one per group-partition.").IntVar(&o.full)
	app.Flag("kafka.version", "Version of the broker.").Default(kafka.DefaultVersion).StringVar(&o.broker)
	app.Flag("share-groups", "Share groups beside the others, each with positions on one topic's partitions.").IntVar(&o.share)
	app.Flag("kafka.heap", "Heap of the broker's Java.").Default("1g").StringVar(&o.heap)
	app.Flag("count-requests", "Count requests too, behind a proxy, in a pass of its own.").Default("true").BoolVar(&o.count)
	app.Flag("soak", "Instead of a comparison: run our exporter for so long under churn and twenty clients, and hold it to bounds.").
		DurationVar(&o.soak.lasts)
	app.Flag("soak.groups", "Groups that come and go in a second of a soak.").Default("5").IntVar(&o.soak.groups)
	kingpin.MustParse(app.Parse(os.Args[1:]))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	do := compare
	if o.soak.lasts > 0 {
		do = soak
	}
	if err := do(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "bench: error:", err)
		return 1
	}
	return 0
}

func say(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "%s "+format+"\n", append([]any{time.Now().Format("15:04:05")}, args...)...)
}

// startBroker starts one broker with so much heap.
func startBroker(ctx context.Context, version, heap string) (*kafka.Cluster, error) {
	say("starting Kafka %s", version)
	return kafka.New(ctx, kafka.Options{Version: version, JavaOptions: []string{"-Xmx" + heap, "-XX:TieredStopAtLevel=4"},
		Properties: map[string]string{"log.index.size.max.bytes": "65536", "num.io.threads": "4"}})
}

func compare(ctx context.Context, o options) error {
	out, err := filepath.Abs(o.out)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	if fullSeries = o.full; fullSeries == 0 {
		fullSeries = o.size.groupPartitions()
	}
	ours, err := filepath.Abs(o.ours)
	if err != nil {
		return err
	}
	all := exporters(ours, o.oursArgs)
	if o.shards > 0 {
		all = shards(ours, o.oursArgs, o.shards)
	}
	measurements := selected(all, o.only)
	cluster, err := startBroker(ctx, o.broker, o.heap)
	if err != nil {
		return err
	}
	defer cluster.Close()
	client, err := benchClient(cluster)
	if err != nil {
		return err
	}
	defer client.Close()
	content := newFixture(o.size, o.seed)
	if err := content.fill(ctx, client, func(s string) { say("%s", s) }); err != nil {
		return err
	}
	if o.share > 0 {
		say("creating %d share groups", o.share)
		if err := content.fillShare(ctx, cluster, o.share); err != nil {
			return err
		}
		content.shareGroups = o.share
	}
	churnCtx, stopChurn := context.WithCancel(ctx)
	defer stopChurn()
	content.share.Store(o.churn)
	go content.churn(churnCtx, client, o.plan.period)

	// Java compiles what is used often: without this whoever comes first waits for it.
	say("warming the broker up with the requests of a sample")
	if _, err := content.floor(ctx, cluster.Broker(1).Addr(kafka.Plaintext), warmRounds, 200*time.Millisecond); err != nil {
		return err
	}
	stolen := startSteal()
	if err := timed(ctx, out, cluster.Broker(1), measurements, content, o.plan); err != nil {
		return err
	}
	o.stolen = stolen.share()
	if len(o.only) == 0 && o.shards == 0 { // what a comparison is measured by
		if o.floor, err = content.floor(ctx, cluster.Broker(1).Addr(kafka.Plaintext), floorRounds, o.plan.period); err != nil {
			return err
		}
		say("the requests of a sample take %s when nobody reads the answers", seconds(o.floor))
	}
	stopChurn() // its commits would be counted, too
	if o.count {
		if err := counted(ctx, out, cluster.Broker(1), measurements, o.plan); err != nil {
			return err
		}
	}
	return report(out, o, measurements)
}

func benchClient(cluster *kafka.Cluster) (*kgo.Client, error) {
	// Later versions of OffsetCommit name topics by ID.
	return kgo.NewClient(kgo.SeedBrokers(cluster.Bootstrap()), kgo.RecordPartitioner(kgo.ManualPartitioner()),
		kgo.MaxVersions(kversion.V3_9_0()), kgo.UnknownTopicRetries(-1))
}

// selected leaves the exporters that were asked for and notes which binaries are not there.
func selected(all []exporter, only []string) []*measurement {
	var list []*measurement
	for _, e := range all {
		if len(only) > 0 && !contains(only, e.name) {
			continue
		}
		m := &measurement{exporter: e}
		if e.binary == "" {
			m.missing = "no binary, " + e.env + " is not set"
		} else {
			m.version = e.version()
		}
		list = append(list, m)
	}
	return list
}

func contains(list []string, s string) bool {
	for _, l := range list {
		if l == s {
			return true
		}
	}
	return false
}

// timed runs the rounds: each exporter alone, in turn, the order turned by one from round to round.
func timed(
	ctx context.Context, out string, broker *kafka.Broker, all []*measurement, content *fixture, p plan,
) error {
	if _, err := settledCPU(ctx, broker, p.period); err != nil {
		return err
	}
	for round := range p.rounds {
		for i := range all {
			m := all[(i+round)%len(all)]
			if m.missing != "" {
				continue
			}
			content.paused.Store(true)
			idle, err := idleCPU(ctx, broker, p.period)
			content.paused.Store(false)
			if err != nil {
				return err
			}
			say("round %d of %d: %s", round+1, p.rounds, m.exporter.name)
			if err := m.observe(ctx, out, broker.Addr(kafka.Plaintext), broker.PID(), idle, content, p); err != nil {
				if ctx.Err() != nil {
					return ctx.Err()
				}
				m.errors++
				say("%s: %v", m.exporter.name, err)
			}
		}
	}
	return nil
}

// settledCPU is idleCPU once it no longer falls: a young broker still compiles its code.
func settledCPU(ctx context.Context, broker *kafka.Broker, span time.Duration) (float64, error) {
	lowest, err := idleCPU(ctx, broker, span)
	for range 5 {
		if err != nil {
			return 0, err
		}
		last := lowest
		var next float64
		if next, err = idleCPU(ctx, broker, span); next < lowest {
			lowest = next
		}
		if next > 0.9*last {
			break
		}
	}
	return lowest, err
}

// idleCPU is the share of one core that the broker needs while no exporter runs.
func idleCPU(ctx context.Context, broker *kafka.Broker, span time.Duration) (float64, error) {
	before, err := broker.CPU()
	if err != nil {
		return 0, err
	}
	select {
	case <-ctx.Done():
		return 0, ctx.Err()
	case <-time.After(span):
	}
	after, err := broker.CPU()
	return float64(after-before) / float64(span), err
}

// counted restarts the broker so that it advertises a counting proxy, and runs each exporter once more behind it.
func counted(ctx context.Context, out string, broker *kafka.Broker, all []*measurement, p plan) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	proxy := newCountingProxy(listener, broker.Addr(kafka.Plaintext))
	defer proxy.Close()
	say("restarting the broker behind a counting proxy")
	if err := broker.Stop(); err != nil {
		return err
	}
	if err := broker.Configure(map[string]string{"advertised.listeners": "PLAINTEXT://" + listener.Addr().String()}); err != nil {
		return err
	}
	if err := broker.Start(ctx); err != nil {
		return err
	}
	for _, m := range all {
		if m.missing != "" {
			continue
		}
		say("counting requests: %s", m.exporter.name)
		if err := m.count(ctx, out, listener.Addr().String(), proxy, p); err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			say("%s: %v", m.exporter.name, err)
		}
	}
	return nil
}

func report(out string, o options, all []*measurement) error {
	var rows []row
	for _, m := range all {
		rows = append(rows, rowOf(m))
	}
	floor := ""
	if o.floor > 0 {
		floor = fmt.Sprintf("The requests of one sample alone in that rhythm, their answers not decoded, take %s here. ", seconds(o.floor))
	}
	caption := fmt.Sprintf("Kafka %s, one broker; %d groups × %d committed partitions (%d group-partitions), %d topics × %d "+
		"partitions, names of 20–80 characters, %.0f %% of the groups commit between samples; %d rounds of %d scrapes, each "+
		"exporter alone, sampling every %s where it samples. %s%d cores, %s; the host withheld %.0f %% of the processor time. Made by `make bench-peers` on %s.",
		o.broker, o.size.groups, o.size.committedPerGroup, o.size.groupPartitions(), o.size.topics, o.size.partitionsPerTopic,
		o.churn*100, o.plan.rounds, o.plan.cycles, o.plan.period, floor, runtime.NumCPU(), machine(), o.stolen*100,
		time.Now().Format(time.DateOnly))
	err := errors.Join(writeMarkdown(out, caption, rows), writeCSV(out, rows), writeChart(out, rows))
	if err == nil {
		text, _ := os.ReadFile(filepath.Join(out, "peers.md"))
		fmt.Print(string(text))
	}
	return err
}
