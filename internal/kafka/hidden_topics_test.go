package kafka

import (
	"errors"
	"regexp"
	"testing"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"kafka_burndown_exporter/internal/lag"
)

// hideTopic makes the cluster behave as for a user without rights on a topic: metadata of all topics leaves it out.
func hideTopic(f *fixture, name string) {
	f.cluster.ControlKey(int16(kmsg.Metadata), func(r kmsg.Request) (kmsg.Response, error, bool) {
		f.cluster.KeepControl()
		in := r.(*kmsg.MetadataRequest)
		if len(in.Topics) == 0 {
			return nil, nil, false
		}
		out := in.ResponseKind().(*kmsg.MetadataResponse)
		for _, t := range in.Topics {
			a := kmsg.NewMetadataResponseTopic()
			a.Topic, a.ErrorCode = t.Topic, kerr.UnknownTopicOrPartition.Code
			if *t.Topic == name {
				a.ErrorCode = kerr.TopicAuthorizationFailed.Code
			}
			out.Topics = append(out.Topics, a)
		}
		return out, nil, true
	})
}

// A topic that a group is expected on, and that the user may not see, is not one that does not exist: its backlog is
// not 0, but unknown.
func TestTopicThatMayNotBeSeenIsUnknown(t *testing.T) {
	bubble(t, 2, func(t *testing.T, f *fixture) {
		f.topic("orders", 1)
		hideTopic(f, "secret")
		f.config.Expect = map[string][]string{"g": {"orders", "secret", "planned"}}
		s := f.sampler()
		for range 12 {
			w := f.next(s)
			if len(w.Topics) != 2 {
				t.Fatalf("want orders and secret: %+v", w.Topics)
			}
			p := topicOf(t, w, "secret")
			if !p.Hidden || !p.Foreign || len(p.Partitions) != 1 || p.Partitions[0].Err != lag.ReasonAuthorization {
				t.Fatalf("%+v", p)
			}
		}
		if n := f.logs.lines("TOPIC_AUTHORIZATION_FAILED"); n > 1 {
			t.Errorf("%d lines\n%s", n, f.logs)
		}
		if n := f.stats.failed("Metadata TOPIC_AUTHORIZATION_FAILED"); n == 0 || n > 5 {
			t.Errorf("asked %d times in two minutes: %v", n, f.stats)
		}
	})
}

// A topic that cannot be asked about is not known to be absent.
func TestTopicThatCannotBeAskedAboutIsUnknown(t *testing.T) {
	bubble(t, 1, func(t *testing.T, f *fixture) {
		f.topic("orders", 1)
		f.config.Expect = map[string][]string{"g": {"orders"}}
		s := f.sampler()
		f.wave(s)
		f.cluster.ControlKey(int16(kmsg.Metadata), func(kmsg.Request) (kmsg.Response, error, bool) {
			f.cluster.KeepControl()
			return nil, errors.New("no metadata"), true
		})
		f.topic("new", 1)
		f.commit("g", "new", 0, 0)
		if p := topicOf(t, f.next(s), "new"); !p.Hidden || p.Partitions[0].Err != lag.ReasonLeader {
			t.Errorf("%+v", p)
		}
	})
}

// The last stable offsets are read in the same wave in which a read-committed group turns out to use a topic.
func TestLastStableOffsetOfATopicJustSubscribed(t *testing.T) {
	bubble(t, 1, func(t *testing.T, f *fixture) {
		f.topic("orders", 1)
		f.topic("later", 1)
		f.config.ReadCommitted = regexp.MustCompile("g")
		f.commit("g", "orders", 0, 0)
		s := f.sampler()
		f.wave(s)
		g := s.groups["g"]
		g.subscribed, g.members, g.entry.state = []string{"later"}, nil, stateStable
		s.markNeeded()
		s.topics.byName["later"].sample[0].StableEnd = lag.NoOffset
		s.readMissingStable(t.Context())
		if got := s.topics.byName["later"].sample[0].StableEnd; got != 0 {
			t.Errorf("%d", got)
		}
	})
}
