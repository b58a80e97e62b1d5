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
		if e.contested {
			s += "!"
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
		gone    bool             // the coordinators say that they have none of the groups that are not listed
		want    string
		owner   func(string) int32
	}
	nobody := func(string) int32 { return -1 }
	two := func(string) int32 { return 2 }
	one := func(string) int32 { return 1 }
	for _, c := range []struct {
		name  string
		steps []step
	}{
		{"listed once", []step{
			{after: 0, lists: []listing{full(0, "a"), full(1, "b")}, want: "a@0 b@1"},
			{after: 10, lists: []listing{full(0), full(1, "b")}, want: "a@0? b@1", gone: true}, // it may be loaded just now
			{after: 10, lists: []listing{full(0), full(1, "b")}, want: "b@1", gone: true},
		}},
		{"nobody leads its partition", []step{
			{after: 0, lists: []listing{full(0, "a"), full(1, "b")}, want: "a@0 b@1"},
			{after: 10, lists: []listing{full(0), full(1)}, want: "a@0? b@1?"},
			{after: 10, lists: []listing{full(0), full(1)}, want: "a@0? b@1?", gone: true},
			{after: 10, lists: []listing{full(0), full(1)}, want: "a@0? b@1?"},
			{after: 10, lists: []listing{full(0), full(1)}, want: "a@0? b@1?", gone: true},
			{after: 10, lists: []listing{full(0, "a", "b"), full(1)}, want: "a@0 b@0"},
		}},
		{"moves, and nobody lists it meanwhile", []step{
			{after: 0, lists: []listing{full(0, "a"), full(1)}, want: "a@0"},
			{after: 10, lists: []listing{full(0), full(1)}, want: "a@0?"},
			{after: 10, lists: []listing{full(0), full(1, "a")}, want: "a@1"},
		}},
		{"its broker is silent", []step{
			{after: 0, lists: []listing{full(0, "a"), full(1)}, want: "a@0"},
			{after: 10, lists: []listing{partial(0), full(1)}, want: "a@0?"},
			{after: 1000, lists: []listing{partial(0), full(1)}, want: "a@0?"},
			{after: 10, lists: []listing{partial(0), full(1, "a")}, want: "a@1"},
			{after: 10, lists: []listing{full(0), full(1)}, want: "a@1?", gone: true},
			{after: 10, lists: []listing{full(0), full(1)}, want: "", gone: true},
		}},
		{"its broker left the cluster", []step{
			{after: 0, lists: []listing{full(0, "a"), full(1)}, want: "a@0"},
			{after: 10, lists: []listing{full(1)}, want: "a@0?"},
		}},
		{"its broker is loading", []step{
			{after: 0, lists: []listing{full(0, "a", "b")}, want: "a@0 b@0"},
			{after: 10, lists: []listing{partial(0, "b")}, want: "a@0? b@0"},
			{after: 10, lists: []listing{full(0, "b")}, want: "a@0? b@0", gone: true},
			{after: 10, lists: []listing{full(0, "b")}, want: "b@0", gone: true},
		}},
		{"it may have moved to a silent broker", []step{
			{after: 0, lists: []listing{full(0, "a"), full(1)}, want: "a@0"},
			{after: 10, lists: []listing{full(0), partial(1)}, want: "a@0?"},
			{after: 10, lists: []listing{full(0), partial(1)}, want: "a@0?"},
			{after: 1000, lists: []listing{full(0), partial(1)}, want: "a@0?"},
		}},
		{"listed twice: nobody knows which is right", []step{
			{after: 0, lists: []listing{full(0, "a"), full(1, "b")}, want: "a@0 b@1"},
			{after: 10, lists: []listing{full(0, "a"), full(1, "a", "b")}, want: "a@0! b@1"},
			{after: 10, lists: []listing{full(0, "a"), full(1, "a", "b"), full(2, "b")}, want: "a@0! b@1!", owner: nobody},
			{after: 10, lists: []listing{full(0), full(1, "a", "b")}, want: "a@1 b@1"},
		}},
		{"listed twice: the owner", []step{
			{after: 0, lists: []listing{full(0, "a"), full(1, "a")}, want: "a@1", owner: one},
			{after: 10, lists: []listing{full(0, "a"), full(1, "a"), full(2)}, want: "a@0!", owner: two},
		}},
		{"listed twice: the one that did not refuse", []step{
			{after: 0, lists: []listing{full(0, "a"), full(1)}, refused: map[string]int32{"a": 0}, want: "a@0"},
			{after: 10, lists: []listing{full(0, "a"), full(1, "a")}, want: "a@1"},
			{after: 10, lists: []listing{full(0, "a"), full(1, "a")}, want: "a@1"},
			{after: 10, lists: []listing{full(0, "a"), full(1)}, want: "a@0"},
		}},
		{"refused by the only one", []step{
			{after: 0, lists: []listing{full(0, "a"), full(1)}, refused: map[string]int32{"a": 0}, want: "a@0"},
			{after: 10, lists: []listing{full(0, "a"), full(1)}, want: "a@0"},
		}},
		{"nobody answers", []step{
			{after: 0, lists: []listing{full(0, "a")}, want: "a@0"},
			{after: 10, lists: []listing{partial(0)}, want: "a@0?"},
			{after: 10, lists: nil, want: "a@0?"},
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, now := directory{}, time.Unix(1000, 0)
			for i, s := range c.steps {
				now = now.Add(s.after * time.Second)
				if s.owner == nil {
					s.owner = nobody
				}
				for j := range s.lists {
					s.lists[j].at = now
				}
				d.merge(s.lists, s.owner)
				d.dismiss(func(*entry) bool { return s.gone })
				if diff := cmp.Diff(s.want, d.describe()); diff != "" {
					t.Fatalf("step %d (-want +got):\n%s", i, diff)
				}
				for _, e := range d {
					if b, ok := s.refused[e.raw]; ok {
						e.refuse(b)
					} else if e.fresh && !e.contested {
						e.confirm(e.coordinator)
					}
				}
			}
		})
	}
}

// Within one wave a group that its broker refused is taken from any other that lists it.
func TestDirectoryRelist(t *testing.T) {
	nobody := func(string) int32 { return -1 }
	d := directory{}
	d.merge([]listing{full(0, "a", "b")}, nobody)
	d["a"].refuse(0)
	d.add([]listing{full(0, "a", "b"), full(1, "a", "c")}, nobody)
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
