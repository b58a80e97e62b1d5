package kafka

import (
	"context"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"

	"kafka_burndown_exporter/internal/lag"
)

// twoClusters is a fixture, and switches that lead the addresses of its brokers to another cluster with the same names in
// it.
func twoClusters(t *testing.T) (first *fixture, moved *[2]atomic.Bool) {
	first = newFixture(t, kfake.NumBrokers(2), kfake.ClusterID("first"))
	second := newFixture(t, kfake.NumBrokers(2), kfake.ClusterID("second"))
	for i, f := range []*fixture{first, second} {
		f.topic("orders", 2)
		f.produce("orders", 0, 100*(i+1))
		f.commit("billing", "orders", 0, 10)
	}
	moved = new([2]atomic.Bool)
	dial := first.network.dial
	first.network.dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		for i := range int32(2) {
			if address == first.address(i) && moved[i].Load() {
				address = second.address(i)
			}
		}
		return dial(ctx, network, address)
	}
	return first, moved
}

// Other pods have got the addresses of the brokers: nothing of theirs is read, whether they answer at the addresses of
// brokers or at those of --kafka.server.
func TestAnotherClusterBehindTheAddresses(t *testing.T) {
	f, moved := twoClusters(t)
	f.config.Interval = time.Second
	f.config.RememberedID = "first"
	s := f.sampler()
	if w := f.wave(s); w.ClusterID != "first" || topicOf(t, w, "orders").Partitions[0].End != 100 {
		t.Fatalf("%+v", w)
	}
	for i := range int32(2) {
		moved[i].Store(true)
		f.network.cut(f.address(i))
		f.network.heal(f.address(i))
	}
	for range 20 {
		if w, err := s.Wave(t.Context()); err == nil {
			t.Fatalf("a wave of the other cluster: %+v", w)
		}
		if f.stats.wrong == 2 {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	if f.stats.wrong != 2 {
		t.Errorf("%d addresses of another cluster, want 2", f.stats.wrong)
	}
	for _, broker := range []string{"broker=0", "broker=1"} {
		if n := f.logs.lines("reason=wrong_cluster", "--kafka.cluster-id=second", "state file", broker); n != 1 {
			t.Errorf("%d lines of %s:\n%s", n, broker, f.logs)
		}
	}
	for i := range moved {
		moved[i].Store(false)
	}
	end := lag.NoOffset
	for range 40 {
		time.Sleep(100 * time.Millisecond)
		if w, err := s.Wave(t.Context()); err == nil {
			if end = topicOf(t, w, "orders").Partitions[0].End; end >= 0 { // both have answered
				break
			}
		}
	}
	if end != 100 {
		t.Errorf("end %d", end)
	}
	if f.stats.wrong != 0 || s.ClusterID() != "first" {
		t.Errorf("%d addresses of another cluster, watched is %s", f.stats.wrong, s.ClusterID())
	}
}

// One broker's address belongs to another cluster now, the others are as they were.
func TestOneAddressOfAnotherCluster(t *testing.T) {
	f, moved := twoClusters(t)
	s := f.sampler()
	f.wave(s)
	leader := f.cluster.LeaderFor("orders", 0)
	moved[leader].Store(true)
	f.network.cut(f.address(leader))
	f.network.heal(f.address(leader))
	w := f.wave(s)
	if p := topicOf(t, w, "orders").Partitions[0]; p.End >= 0 || p.Err != lag.ReasonLeader {
		t.Errorf("partition %+v", p)
	}
	if w.Brokers[leader].Up || !w.Brokers[1-leader].Up || f.stats.wrong != 1 {
		t.Errorf("brokers %+v, %d addresses of another cluster", w.Brokers, f.stats.wrong)
	}
}

func TestClusterIDThatWasTold(t *testing.T) {
	for _, tt := range []struct {
		id, want string // want: of the log, empty if it is right
	}{
		{"first", ""},
		{"second", "--kafka.cluster-id=first"},
	} {
		f := newFixture(t, kfake.ClusterID("first"))
		f.config.ClusterID = tt.id
		_, err := f.sampler().Wave(t.Context())
		if (err == nil) != (tt.want == "") || f.logs.lines(tt.want) == 0 && tt.want != "" || f.logs.lines("state file") > 0 {
			t.Errorf("%s: %v\n%s", tt.id, err, f.logs)
		}
	}
}

func TestClusterCheck(t *testing.T) {
	id := func(s string) *string { return &s }
	c := &cluster{}
	c.adopt(nil)
	if err := c.check("any"); err != nil || c.known() != "" {
		t.Error(err)
	}
	c.adopt(id("a"))
	c.adopt(id("b"))
	if c.known() != "a" || c.check("a") != nil || c.check("") != nil || !isWrongCluster(c.check("b")) {
		t.Errorf("cluster %q", c.known())
	}
	for _, c := range []struct {
		cfg    Config
		remedy bool
	}{{Config{RememberedID: "a"}, true}, {Config{ClusterID: "a", RememberedID: "x"}, false}} {
		err := newCluster(c.cfg).check("b")
		if !isWrongCluster(err) || strings.Contains(err.Error(), "delete the state file") != c.remedy ||
			!strings.Contains(err.Error(), "restart with --kafka.cluster-id=b") {
			t.Errorf("%+v: %v", c.cfg, err)
		}
	}
	if told := (&cluster{id: "a", told: true}); !isWrongCluster(told.check("")) {
		t.Error("a broker that does not tell passes for the cluster that was told")
	}
}
