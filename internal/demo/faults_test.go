package demo

import (
	"strings"
	"testing"
	"time"

	"github.com/IBM/sarama"
	"github.com/go-kit/log"

	"kafka_burndown_exporter/internal/scenario"
)

// TestCommitsFail: while commits fail the consumers go on, and lag grows by what they handle; afterwards it is gone.
func TestCommitsFail(t *testing.T) {
	t.Parallel()
	s := shipped(t, "payments", 5)
	points(&s.Producers[0].Profile, 0, 30)
	s.Faults = []scenario.Fault{{Kind: scenario.FaultNoCommits, At: 2 * time.Minute, For: 4 * time.Minute,
		Service: "payment-service"}}
	p := start(t, s, "", 20)
	const service = "payment-service"
	p.await("consumed before the event", func() bool { return p.lag(service) >= 0 && p.status(service).Handled > 20 })
	p.await("lag that nobody commits", func() bool { return p.lag(service) > 200 })
	// Handled counts what is handled again after a rebalance, too.
	before := p.status(service).Handled
	p.await("consumption goes on", func() bool { return p.status(service).Handled > before+50 && p.lag(service) > 200 })
	p.await("commits again", func() bool { return p.lag(service) < 50 })
	p.drain()
	p.stop()
	p.checkAtLeastOnce()
}

// TestRetentionDeletes: what consumers that stand still have not read is deleted, and they go on where the log begins.
func TestRetentionDeletes(t *testing.T) {
	t.Parallel()
	s := shipped(t, "payments", 5)
	points(&s.Producers[0].Profile, 0, 30)
	topic := s.Producers[0].Topic
	s.Faults = []scenario.Fault{
		{Kind: scenario.FaultStop, At: 2 * time.Minute, For: 4 * time.Minute, Service: "payment-service"},
		{Kind: scenario.FaultExpire, At: 5 * time.Minute, Topic: topic, Keep: 30 * time.Second},
	}
	p := start(t, s, "", 20)
	const service = "payment-service"
	p.await("lag of consumers that stand still", func() bool { return p.lag(service) > 100 })
	started := int64(0)
	p.await("a log that begins later", func() bool { started = logStart(t, p, topic); return started > 0 })
	p.await("they go on", func() bool {
		return p.demo.clock.Elapsed(time.Now()) > 7*time.Minute && p.lag(service) >= 0 && p.lag(service) < 50
	})
	p.demo.generator.quiet.Store(true)
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
