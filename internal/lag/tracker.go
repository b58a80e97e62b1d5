package lag

import (
	"slices"
	"strings"
	"time"

	"kafka_burndown_exporter/internal/pilot"
)

// Tracker remembers between waves what the signals need: the offset pairs, their windows and the history of the end
// offsets. It is not safe for concurrent use; the snapshots it returns are.
type Tracker struct {
	opt   Options
	slots int // length of the rings of consumed increments

	topics map[string]*topic
	groups map[string]*group
	wave   uint64
	// restored is what pilots learned before a restart, of groups that were not seen since.
	restored map[string]pilot.State

	epoch   time.Time
	shift   int64 // makes the tracker's time go on where the clock jumped back
	began   time.Time
	now     int64 // began in tracker time
	ended   int64
	clamped int64

	needs   []need
	size    int // topic partitions of the wave
	procs   int // how many groups to take in at a time; 0: as many as there are processors
	workers []*worker
	jobs    []job // scratch
}

// NewTracker returns a tracker that has seen nothing yet.
func NewTracker(opt Options) *Tracker {
	return &Tracker{opt: opt, slots: slotCount(opt), topics: map[string]*topic{}, groups: map[string]*group{}}
}

const maxSlots = 3600

func slotCount(opt Options) int {
	if opt.Interval <= 0 || opt.RateWindow <= opt.Interval {
		return 1
	}
	return int(min((opt.RateWindow+opt.Interval-1)/opt.Interval, maxSlots))
}

// Observe takes one wave in and returns what is published after it. Topics and groups that the wave does not name are
// forgotten. The snapshot is never modified afterwards and shares nothing with the wave but strings.
func (t *Tracker) Observe(w *Wave) *Snapshot {
	t.tick(w)
	snap := &Snapshot{
		Began: w.Began, Published: w.Ended, Expires: w.Began.Add(t.opt.MaxAge),
		ClusterID: w.ClusterID, Brokers: slices.Clone(w.Brokers),
	}
	for i := range w.Topics {
		t.observeTopic(&w.Topics[i])
	}
	t.learn(w.Points)
	t.publishTopics(w, snap)
	t.observeGroups(w.Groups, snap)
	t.forget()
	snap.ClampedNegatives = t.clamped
	sortSnapshot(snap)
	return snap
}

// tick moves the tracker's time to the wave.
func (t *Tracker) tick(w *Wave) {
	t.wave++
	if t.wave == 1 {
		t.epoch = w.Began
	}
	if now := t.nanos(w.Began); t.wave > 1 && now < t.now {
		t.shift += t.now + int64(max(t.opt.Interval, 0)) - now
	}
	t.began, t.now = w.Began, t.nanos(w.Began)
	t.ended = max(t.nanos(w.Ended), t.now)
}

// maxNanos bounds times so that their differences cannot overflow.
const maxNanos = int64(1) << 61

// nanos is x in tracker time: nanoseconds since the first wave began.
func (t *Tracker) nanos(x time.Time) int64 {
	return min(max(int64(x.Sub(t.epoch)), -maxNanos), maxNanos) + t.shift
}

// wall is the time of day of a tracker time, by the clock of the newest wave.
func (t *Tracker) wall(at int64) time.Time { return t.began.Add(time.Duration(at - t.now)) }

// young reports whether something of that time may still be served.
func (t *Tracker) young(at int64) bool { return t.within(at, t.opt.MaxAge) }

func (t *Tracker) within(at int64, age time.Duration) bool {
	return t.now-at <= int64(age) && at <= t.ended+int64(t.opt.Interval)
}

func (t *Tracker) forget() {
	for name, tp := range t.topics {
		if tp.wave != t.wave {
			delete(t.topics, name)
		}
	}
	for id, g := range t.groups {
		if g.wave != t.wave {
			delete(t.groups, id)
		}
	}
}

// sortSnapshot keeps the promise of order for a wave that broke it.
func sortSnapshot(s *Snapshot) {
	byName := func(a, b Topic) int { return strings.Compare(a.Name, b.Name) }
	if !slices.IsSortedFunc(s.Topics, byName) {
		slices.SortFunc(s.Topics, byName)
	}
	byID := func(a, b Group) int { return strings.Compare(a.ID, b.ID) }
	if !slices.IsSortedFunc(s.Groups, byID) {
		slices.SortFunc(s.Groups, byID)
	}
}
