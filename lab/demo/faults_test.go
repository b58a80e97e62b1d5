package demo

import (
	"strings"
	"testing"
	"time"

	"github.com/IBM/sarama"
	"github.com/go-kit/log"

	"kafka_burndown_exporter/lab/scenario"
)

// Events begin and end by the scenario's clock, also where one step of a busy machine takes in both moments.
func TestEventsBeginAndEnd(t *testing.T) {
	dep := &deployment{service: &scenario.Service{Name: "billing"}}
	d := &Demo{deployments: []*deployment{dep}, scenario: &scenario.Scenario{Duration: time.Hour, Faults: []scenario.Fault{
		{Kind: scenario.FaultNoCommits, At: 2 * time.Minute, For: 4 * time.Minute, Service: "billing"}}}}
	for _, step := range []struct {
		name     string
		from, to time.Duration
		fails    bool
	}{
		{"before", 0, 2 * time.Minute, false},
		{"begins", 2 * time.Minute, 3 * time.Minute, true},
		{"lasts", 3 * time.Minute, 5 * time.Minute, true},
		{"ends", 5 * time.Minute, 6 * time.Minute, false},
		{"begins and ends in one step", time.Minute, 10 * time.Minute, false},
		{"the scenario begins again", 50 * time.Minute, time.Hour + 3*time.Minute, true},
		{"and ends it", time.Hour + 3*time.Minute, time.Hour + 7*time.Minute, false},
		{"both in the step across its end", 50 * time.Minute, time.Hour + 10*time.Minute, false},
	} {
		t.Run(step.name, func(t *testing.T) {
			d.faultsBetween(step.from, step.to)
			if dep.mute != step.fails {
				t.Errorf("commits fail: %t, want %t", dep.mute, step.fails)
			}
		})
	}
}

// The events below begin and end when the test has seen what it came for: how long that takes is the machine's.

// TestCommitsFail: while commits fail the consumers go on, and lag grows by what they handle; afterwards it is gone.
func TestCommitsFail(t *testing.T) {
	t.Parallel()
	s := shipped(t, "payments", 5)
	points(&s.Producers[0].Profile, 0, 30)
	p := start(t, s, "", 20)
	const service = "payment-service"
	p.await("consumed and committed", func() bool { return p.status(service).Handled > 200 && p.lag(service) >= 0 && p.lag(service) < 200 })
	event := scenario.Fault{Kind: scenario.FaultNoCommits, Service: service}
	p.demo.begin(&event)
	// Handled counts what is handled again after a rebalance, too.
	before := p.status(service).Handled
	p.await("lag that nobody commits, of what is handled", func() bool {
		return p.lag(service) > 600 && p.status(service).Handled > before+400
	})
	p.demo.end(&event)
	// The next message of a partition commits those before it.
	after := p.status(service).Handled
	p.await("messages of every partition", func() bool { return p.status(service).Handled > after+400 })
	p.drain()
	p.await("all of it committed", func() bool { return p.lag(service) == 0 })
	p.stop()
	p.checkAtLeastOnce()
}

// TestRetentionDeletes: what consumers that stand still have not read is deleted, and they go on where the log begins.
func TestRetentionDeletes(t *testing.T) {
	t.Parallel()
	s := shipped(t, "payments", 5)
	points(&s.Producers[0].Profile, 0, 30)
	topic := s.Producers[0].Topic
	p := start(t, s, "", 20)
	const service = "payment-service"
	stop := scenario.Fault{Kind: scenario.FaultStop, Service: service}
	p.await("consumed", func() bool { return p.status(service).Handled > 20 })
	p.demo.begin(&stop)
	// More than they have fetched, which they handle although it is deleted.
	p.await("lag of consumers that stand still", func() bool { return p.lag(service) > 1500 })
	p.demo.begin(&scenario.Fault{Kind: scenario.FaultExpire, Topic: topic, Keep: 30 * time.Second})
	started := int64(0)
	p.await("a log that begins later", func() bool { started = logStart(t, p, topic); return started > 0 })
	handled := p.status(service).Handled
	p.demo.end(&stop)
	p.await("they go on", func() bool { return p.status(service).Handled > handled+50 })
	p.demo.generator.quiet.Store(true)
	p.await("nothing is left", func() bool { return p.lag(service) == 0 })
	p.await("all acknowledged", func() bool { return p.acknowledged() == p.demo.generator.sent.Load() })
	p.stop()
	if got, made := p.distinct(service), p.demo.generator.Produced(topic); int64(got) >= made {
		t.Errorf("%d messages of %d were handled, but %d had been deleted", got, made, started)
	}
}

// distinct counts the messages that a service has handled, once each.
func (p *play) distinct(service string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.handled[service])
}

// logStart is the sum of the log start offsets of a topic.
func logStart(t *testing.T, p *play, topic string) (sum int64) {
	t.Helper()
	cfg, err := p.demo.opt.Cluster.config("test")
	if err != nil {
		t.Fatal(err)
	}
	client, err := sarama.NewClient(p.demo.opt.Cluster.Brokers, cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	partitions, err := client.Partitions(topic)
	if err != nil {
		t.Fatal(err)
	}
	for _, partition := range partitions {
		offset, err := client.GetOffset(topic, partition, sarama.OffsetOldest)
		if err != nil {
			t.Fatal(err)
		}
		sum += offset
	}
	return sum
}

func TestImpossibleEventsAreNamed(t *testing.T) {
	s := shipped(t, "payments", 5)
	s.Faults = append(s.Faults, scenario.Fault{Kind: scenario.FaultPartial, At: time.Minute, For: time.Minute, Factor: 0.5})
	var b strings.Builder
	d := &Demo{scenario: s, opt: Options{Logger: log.NewLogfmtLogger(&b)}}
	d.warnOfImpossible()
	if got := b.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, "kind=partial at=1m0s") {
		t.Errorf("logged:\n%s", got)
	}
}
