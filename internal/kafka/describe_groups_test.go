package kafka

import (
	"testing"
	"time"

	"github.com/IBM/sarama"
	"github.com/twmb/franz-go/pkg/kmsg"

	"kafka_burndown_exporter/internal/lag"
)

// describeSizes has every group described with a member of so many bytes.
func describeSizes(f *fixture, size func(group string) int) {
	f.cluster.ControlKey(int16(kmsg.DescribeGroups), func(r kmsg.Request) (kmsg.Response, error, bool) {
		f.cluster.KeepControl()
		answer := r.ResponseKind().(*kmsg.DescribeGroupsResponse)
		for _, name := range r.(*kmsg.DescribeGroupsRequest).Groups {
			g := kmsg.NewDescribeGroupsResponseGroup()
			g.Group, g.State, g.ProtocolType = name, "Stable", "consumer"
			m := kmsg.NewDescribeGroupsResponseGroupMember()
			m.MemberID, m.ProtocolMetadata = "m", append(subscription(0, "orders"), make([]byte, size(name))...)
			g.Members = append(g.Members, m)
			answer.Groups = append(answer.Groups, g)
		}
		return answer, nil, true
	})
}

// Descriptions that are too much for one answer are asked for in parts. One that is too much alone is left out by itself.
func TestDescriptionsTooLargeForOneAnswer(t *testing.T) {
	limit := sarama.MaxResponseSize
	defer func() { sarama.MaxResponseSize = limit }()
	sarama.MaxResponseSize = 64 << 10
	for _, tt := range []struct {
		name        string
		giant       string // of a hundred KB, the others have ten
		first, next int    // the most requests in the first wave, and those in each later one
	}{
		{"all together", "", 7, 4},
		{"one alone", "group-00007", 14, 4},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, 1, func(t *testing.T, f *fixture) {
				f.topic("orders", 1)
				f.groups(20, "orders")
				describeSizes(f, func(group string) int {
					if group == tt.giant {
						return 100 << 10
					}
					return 10 << 10
				})
				f.config.MembersRefresh = f.config.Interval
				s := f.sampler()
				for wave := range 5 {
					f.stats.reset()
					w := f.next(s)
					for _, g := range w.Groups {
						if known := g.Members != nil && g.Members.Count == 1; known == (g.ID == tt.giant) {
							t.Errorf("wave %d: %s: %+v", wave, g.ID, g.Members)
						}
						if g.CommitsAt.IsZero() || g.Err != lag.ReasonNone {
							t.Errorf("wave %d: %+v", wave, g)
						}
					}
					n, failures := f.stats.requests[apiDescribeGroups], f.stats.failed("DescribeGroups too_large")
					if first := wave == 0; first && n > tt.first || !first && n != tt.next || first != (failures > 0) {
						t.Errorf("wave %d: %d requests, %d of which were too large", wave, n, failures)
					}
				}
				if n := f.logs.lines("request failed", "reason=too_large"); n != 1 {
					t.Errorf("%d lines:\n%s", n, f.logs)
				}
				if tt.giant != "" {
					if f.logs.lines("request failed", "reason=group_too_large", tt.giant) != 1 ||
						f.logs.lines("works again", "reason=group_too_large") != 0 {
						t.Errorf("the giant is not named:\n%s", f.logs)
					}
					time.Sleep(tooLargePause)
					f.stats.reset()
					f.next(s)
					if n := f.stats.failed("DescribeGroups too_large"); n == 0 {
						t.Error("the giant is not tried again")
					}
				}
			})
		})
	}
}

// Committed offsets that are too much for one answer are asked for in parts, too.
func TestCommitsTooLargeForOneAnswer(t *testing.T) {
	limit := sarama.MaxResponseSize
	defer func() { sarama.MaxResponseSize = limit }()
	sarama.MaxResponseSize = 8 << 10
	bubble(t, 1, func(t *testing.T, f *fixture) {
		f.topic("orders", 1)
		groups := f.groups(20, "orders")
		f.commit(groups[7], "orders", 0, 1)
		large := &sarama.OffsetCommitRequest{Version: 7, ConsumerGroup: groups[7], ConsumerGroupGeneration: -1}
		large.AddBlock("orders", 0, 1, 0, string(make([]byte, 4000)))
		f.topic("payments", 2)
		large.AddBlock("payments", 0, 1, 0, string(make([]byte, 4000)))
		large.AddBlock("payments", 1, 1, 0, string(make([]byte, 4000)))
		if _, err := f.broker(0).CommitOffset(large); err != nil {
			t.Fatal(err)
		}
		s := f.sampler()
		for range 3 {
			for _, g := range f.next(s).Groups {
				if g.CommitsAt.IsZero() != (g.ID == groups[7]) {
					t.Errorf("%+v", g)
				}
			}
		}
		if f.stats.failed("OffsetFetch too_large") == 0 {
			t.Error("nothing was too large")
		}
	})
}
