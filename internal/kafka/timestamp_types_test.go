package kafka

import (
	"bytes"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"
)

// arrival creates a topic whose messages get the time of their arrival.
func (f *fixture) arrival(name string) {
	f.t.Helper()
	if err := f.cluster.CreateTopic(name, 1, map[string]string{configTimestamps: timestampsOfArrival}); err != nil {
		f.t.Fatal(err)
	}
}

func TestTimestampTypeIsKnownFromTheFirstWave(t *testing.T) {
	bubble(t, 3, func(t *testing.T, f *fixture) {
		f.topic("created", 1)
		f.arrival("arrived")
		f.arrival("replaced")
		s := f.sampler()
		asked := f.count(kmsg.DescribeConfigs)
		want := func(when string, requests int, arrival map[string]bool) {
			t.Helper()
			got := map[string]bool{}
			for _, tp := range f.next(s).Topics {
				got[tp.Name] = tp.AppendTime
			}
			if !maps.Equal(got, arrival) || asked.Hits() != requests {
				t.Errorf("%s: %v after %d requests, want %v after %d", when, got, asked.Hits(), arrival, requests)
			}
		}
		all := map[string]bool{"created": false, "arrived": true, "replaced": true}
		want("first", 1, all)
		for range 12 {
			want("known", 1, all)
		}
		if err := f.cluster.DeleteTopic("replaced"); err != nil {
			t.Fatal(err)
		}
		f.topic("replaced", 1)
		all["replaced"] = false
		time.Sleep(f.config.Interval * 3)
		want("created again", 2, all)
		time.Sleep(timestampsRefresh)
		f.wave(s) // metadata is due, too
		want("after a while", 3, all)
	})
}

// The right to read it is optional: its want is no failure, and nobody is asked again and again.
func TestTimestampTypeMayNotBeKnown(t *testing.T) {
	for name, c := range map[string]struct {
		options  []kfake.Opt
		fault    kfake.Fault
		requests int
		check    string
	}{
		"no right": {
			fault:    kfake.Fault{Keys: []kmsg.Key{kmsg.DescribeConfigs}, Err: kerr.TopicAuthorizationFailed, Count: -1},
			requests: 1, check: "Optional: DESCRIBE_CONFIGS on topics, e.g. arrived",
		},
		"no such request": {options: []kfake.Opt{kfake.MaxVersions(withoutConfigs())}, check: "Everything"},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, 1, func(t *testing.T, f *fixture) {
				f.arrival("arrived")
				if c.fault.Keys != nil {
					f.cluster.Fault(c.fault)
				}
				s := f.sampler()
				for range 20 {
					w := f.next(s)
					checkAllRead(t, w)
					if topicOf(t, w, "arrived").AppendTime {
						t.Fatal("known without the right")
					}
				}
				if n := f.stats.requests[apiDescribeConfigs]; n != c.requests {
					t.Errorf("%d requests, want %d", n, c.requests)
				}
				if len(f.stats.failures) > 0 || f.logs.String() != "" {
					t.Errorf("%v\n%s", f.stats, f.logs)
				}
				var out bytes.Buffer
				if err := s.Check(t.Context(), &out); err != nil {
					t.Errorf("what is optional fails the check: %v", err)
				}
				checkContains(t, out.String(), c.check, "Everything the exporter needs is there.")
				if strings.Contains(out.String(), "DescribeConfigs --topic") != (c.requests > 0) {
					t.Errorf("the remedy:\n%s", out.String())
				}
			}, c.options...)
		})
	}
}

func withoutConfigs() *kversion.Versions {
	v := kversion.Stable()
	v.SetMaxKeyVersion(int16(kmsg.DescribeConfigs), -1)
	return v
}
