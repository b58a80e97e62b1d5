package kafka

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// full and partial are listings of a broker that answered in full, or not.
func full(broker int32, groups ...string) listing {
	l := listing{broker: broker, complete: true, groups: map[string]listed{}}
	for _, g := range groups {
		l.groups[g] = listed{state: fmt.Sprintf("from %d", broker)}
	}
	return l
}

func partial(broker int32, groups ...string) listing {
	l := full(broker, groups...)
	l.complete = false
	return l
}

// describe writes a directory as GROUP@BROKER, with a ? where the entry is held.
func (d directory) describe() string {
	var out []string
	for _, e := range d.sorted() {
		s := fmt.Sprintf("%s@%d", e.raw, e.coordinator)
		if !e.fresh {
			s += "?"
		}
		out = append(out, s)
	}
	return strings.Join(out, " ")
}

func TestDirectory(t *testing.T) {
	type step struct {
		after   time.Duration
		lists   []listing
		refused map[string]int32 // after the listing
		want    string
	}
	for _, c := range []struct {
		name  string
		steps []step
	}{
		{"listed once", []step{
			{0, []listing{full(0, "a"), full(1, "b")}, nil, "a@0 b@1"},
			{10, []listing{full(0), full(1, "b")}, nil, "a@0? b@1"}, // it may be between two coordinators
			{10, []listing{full(0), full(1, "b")}, nil, "b@1"},
		}},
		{"moves, and nobody lists it meanwhile", []step{
			{0, []listing{full(0, "a"), full(1)}, nil, "a@0"},
			{10, []listing{full(0), full(1)}, nil, "a@0?"},
			{10, []listing{full(0), full(1, "a")}, nil, "a@1"},
		}},
		{"its broker is silent", []step{
			{0, []listing{full(0, "a"), full(1)}, nil, "a@0"},
			{10, []listing{partial(0), full(1)}, nil, "a@0?"},
			{1000, []listing{partial(0), full(1)}, nil, "a@0?"},
			{10, []listing{partial(0), full(1, "a")}, nil, "a@1"},
			{10, []listing{full(0), full(1)}, nil, "a@1?"},
			{10, []listing{full(0), full(1)}, nil, ""},
		}},
		{"its broker left the cluster", []step{
			{0, []listing{full(0, "a"), full(1)}, nil, "a@0"},
			{10, []listing{full(1)}, nil, "a@0?"},
		}},
		{"its broker is loading", []step{
			{0, []listing{full(0, "a", "b")}, nil, "a@0 b@0"},
			{10, []listing{partial(0, "b")}, nil, "a@0? b@0"},
			{10, []listing{full(0, "b")}, nil, "a@0? b@0"},
			{10, []listing{full(0, "b")}, nil, "b@0"},
		}},
		{"it may have moved to a silent broker", []step{
			{0, []listing{full(0, "a"), full(1)}, nil, "a@0"},
			{10, []listing{full(0), partial(1)}, nil, "a@0?"},
			{10, []listing{full(0), partial(1)}, nil, "a@0?"},
			{20, []listing{full(0), partial(1)}, nil, ""},
		}},
		{"listed twice: the one that did not refuse", []step{
			{0, []listing{full(0, "a"), full(1, "a")}, map[string]int32{"a": 0}, "a@0"},
			{10, []listing{full(0, "a"), full(1, "a")}, nil, "a@1"},
			{10, []listing{full(0, "a"), full(1, "a")}, nil, "a@1"},
			{10, []listing{full(0, "a"), full(1)}, nil, "a@0"},
		}},
		{"refused by the only one", []step{
			{0, []listing{full(0, "a"), full(1)}, map[string]int32{"a": 0}, "a@0"},
			{10, []listing{full(0, "a"), full(1)}, nil, "a@0"},
		}},
		{"nobody answers", []step{
			{0, []listing{full(0, "a")}, nil, "a@0"},
			{10, []listing{partial(0)}, nil, "a@0?"},
			{10, nil, nil, "a@0?"},
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, now := directory{}, time.Unix(1000, 0)
			for i, s := range c.steps {
				now = now.Add(s.after * time.Second)
				for j := range s.lists {
					s.lists[j].at = now
				}
				d.merge(s.lists, now, 30*time.Second)
				if diff := cmp.Diff(s.want, d.describe()); diff != "" {
					t.Fatalf("step %d (-want +got):\n%s", i, diff)
				}
				for _, e := range d {
					if b, ok := s.refused[e.raw]; ok {
						e.refuse(b)
					} else if e.fresh {
						e.confirm(e.coordinator)
					}
				}
			}
		})
	}
}

// Within one wave a group that its broker refused is taken from any other that lists it.
func TestDirectoryRelist(t *testing.T) {
	d := directory{}
	d.merge([]listing{full(0, "a", "b")}, time.Unix(1, 0), time.Second)
	d["a"].refuse(0)
	d.add([]listing{full(0, "a", "b"), full(1, "a", "c")})
	if got := d.describe(); got != "a@1 b@0 c@1" {
		t.Error(got)
	}
	if d["a"].state != "from 1" {
		t.Error("the state is that of the broker that coordinates it")
	}
	if !slices.IsSortedFunc(d.sorted(), func(a, b *entry) int { return strings.Compare(a.raw, b.raw) }) {
		t.Error("not sorted")
	}
}
