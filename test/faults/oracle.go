package faults

import (
	"fmt"
	"math"
	"slices"
	"sort"
	"strings"
	"time"
)

// settings are the exporter's, as far as what it publishes depends on them.
type settings struct {
	interval, maxAge, rateWindow, stallWindow, startsRefresh time.Duration
	log2x7Max, burndownCap                                   float64
	brokers                                                  int
}

// slack is for clocks that are read a moment apart.
const slack = 20 * time.Millisecond

// wrong is a sample that cannot be true.
type wrong struct {
	series     string
	value      float64
	want       span
	at         instant
	falseZero  bool
	annotation string
}

func (w wrong) String() string {
	return fmt.Sprintf("%s %s is %v, and between %v and %v is true%s", time.Unix(0, int64(w.at)).UTC().Format("15:04:05.000"),
		w.series, w.value, w.want.Low, w.want.High, w.annotation)
}

// oracle compares scrapes of one exporter with the truth. They come in their order.
type oracle struct {
	truth    *known
	settings settings
	// resets are the groups whose commits are moved without reading: their counters are only bounded.
	resets map[string]bool
	// late is how much older than a sample commits may be: a coordinator that was replaced does not know it at once.
	late time.Duration

	started instant              // when the exporter was started
	waves   []instant            // when snapshots were published
	present map[string][]instant // when the end of a topic partition was shown, by "topic/partition"
	whole   []instant            // scrapes in which nothing was held or unknown
	bases   map[string]*base     // of counters, by series
	last    map[string]float64   // counters, by series
	shown   map[string]bool      // groups
	excess  map[string]float64   // of counters, by series: what was too much before

	// What was found since take.
	checked, free, zeros, scrapes int
	snapshots                     map[instant]bool
	wrongs                        []wrong
	v                             *view
}

// base is what a counter began at: where an offset is always a constant beyond it.
type base struct {
	span
	shape string // of what it is the sum
}

func newOracle(t *known, s settings) *oracle {
	return &oracle{
		truth: t, settings: s, resets: map[string]bool{}, started: now(), present: map[string][]instant{},
		bases: map[string]*base{}, last: map[string]float64{}, snapshots: map[instant]bool{},
		shown: map[string]bool{}, excess: map[string]float64{},
	}
}

// restarted tells that another process answers from now on.
func (o *oracle) restarted() {
	o.started, o.waves, o.whole = now(), nil, nil
	clear(o.bases)
	clear(o.last)
	clear(o.present)
	clear(o.shown)
	clear(o.excess)
}

// found is what was found since the last call.
type found struct {
	checked, free, zeros, scrapes, snapshots int
	wrongs                                   []wrong
}

func (o *oracle) take() found {
	f := found{o.checked, o.free, o.zeros, o.scrapes, len(o.snapshots), o.wrongs}
	o.checked, o.free, o.zeros, o.scrapes, o.wrongs = 0, 0, 0, 0, nil
	clear(o.snapshots)
	return f
}

// judge compares one scrape with the truth. Everything that was asked of Kafka before the scrape came has been confirmed.
func (o *oracle) judge(s *scrape) {
	v := newView(s)
	o.v = v
	o.scrapes++
	o.free += v.free
	for _, one := range v.unknown {
		o.wrongs = append(o.wrongs, wrong{series: one.text, value: one.value, at: s.got, annotation: ": the oracle does not know this family"})
	}
	if v.published > 0 && (len(o.waves) == 0 || v.published > o.waves[len(o.waves)-1]) {
		o.waves = append(o.waves, v.published)
	}
	o.snapshots[v.published] = true
	for name, t := range v.topics {
		o.topic(name, t)
	}
	for name, g := range v.groups {
		o.group(name, g)
		o.shown[name] = true
	}
	if whole(v) {
		o.whole = append(o.whole, s.got)
	}
	for name := range o.shown {
		// Whatever fails, a group that exists is there, and says what is unknown of it. A scrape without any group is one
		// whose snapshot has expired.
		if v.groups[name] == nil && len(v.groups) > 0 && !o.truth.group(name).mayBeGone(s.got.Add(-2*o.settings.maxAge), s.got) {
			o.check("kafka_group_*{consumergroup="+name+"}", math.NaN(), span{}, "the group is there, and is not shown")
			delete(o.shown, name)
		}
	}
}

// whole reports whether nothing that a scrape shows is held or unknown.
func whole(v *view) bool {
	for _, g := range v.groups {
		if g.values["complete"] != 1 {
			return false
		}
	}
	return len(v.groups) > 0
}

// check counts a sample, and notes it where it is not within what is true.
func (o *oracle) check(series string, value float64, want span, why string) {
	o.checked++
	tolerance := 1e-9 * math.Max(math.Abs(want.Low), math.Abs(want.High))
	if want.Wider(tolerance).Has(value) {
		return
	}
	zero := value == 0 && want.Low > 0
	if zero {
		o.zeros++
	}
	if why != "" {
		why = " (" + why + ")"
	}
	o.wrongs = append(o.wrongs, wrong{series: series, value: value, want: want, at: o.v.got, falseZero: zero, annotation: why})
}

func (o *oracle) exact(series string, value, want float64, why string) {
	o.check(series, value, within(want, want), why)
}

// gapAround is the longest distance of two snapshots of which one of the times between from and to lies between, in
// nanoseconds.
func gapAround(times []instant, from, to instant) time.Duration {
	i := sort.Search(len(times), func(i int) bool { return times[i] >= from })
	longest := time.Duration(0)
	for i = max(i, 1); i < len(times); i++ {
		longest = max(longest, time.Duration(times[i]-times[i-1]))
		if times[i] > to {
			break
		}
	}
	return longest
}

func (o *oracle) topic(name string, t *topicView) {
	truth := o.truth.topic(name)
	if truth == nil {
		if !strings.HasPrefix(name, "__") {
			o.check("kafka_topic_*{topic="+name+"}", math.NaN(), span{}, "there is no such topic")
		}
		return
	}
	// An end may be held for the maximum age, and the snapshot lives as long again.
	from, to := o.v.got.Add(-2*o.settings.maxAge-2*o.settings.interval), o.v.got
	series := func(family string, p int) string {
		return fmt.Sprintf("kafka_topic_%s{topic=%s,partition=%d}", family, name, p)
	}
	low, high, parts := math.Inf(1), 0., 0
	for _, l := range truth.at(from.Add(-o.settings.startsRefresh), to) {
		n := float64(len(l.partitions()))
		low, high, parts = min(low, n), max(high, n), max(parts, len(l.partitions()))
		if l.grown > from.Add(-o.settings.startsRefresh) {
			low = 0
		}
	}
	for key, value := range t.values {
		switch key {
		case "partitions":
			o.check(series(key, -1), value, within(low, high), "")
		case "produced_messages_total":
			o.topicProduced(name, truth, value, from, to)
		case "producer_rate":
			o.check(series(key, -1), value, o.producing([]string{name}, o.bornOf(name), from, to), "")
		default:
			o.check(series(key, -1), value, within(1, 0), "the oracle does not know this family")
		}
	}
	for p, values := range t.parts {
		if _, ok := values["current_offset"]; ok {
			key := fmt.Sprint(name, "/", p)
			o.present[key] = append(o.present[key], o.v.got)
		}
		o.topicPartition(truth, p, values, from, to, series)
	}
}

func (o *oracle) topicPartition(t *topic, p int, values map[string]float64, from, to instant, series func(string, int) string) {
	replicas := float64(min(3, o.settings.brokers))
	for key, value := range values {
		name := series("partition_"+key, p)
		switch key {
		case "current_offset":
			want, _ := t.ends(p, from, to)
			o.check(name, value, want, "")
		case "oldest_offset":
			want, _ := t.starts(p, from.Add(-2*o.settings.startsRefresh), to)
			o.check(name, value, want, "")
		case "leader":
			o.check(name, value, within(1, float64(o.settings.brokers)), "")
		case "replicas":
			o.exact(name, value, replicas, "")
		case "in_sync_replica":
			o.check(name, value, within(0, replicas), "")
		case "leader_is_preferred":
			o.check(name, value, within(0, 1), "")
		case "under_replicated_partition":
			want := 0.
			if isr, ok := values["in_sync_replica"]; ok && isr < values["replicas"] {
				want = 1
			}
			o.exact(name, value, want, "of the replicas shown beside it")
		default:
			o.check(name, value, within(1, 0), "the oracle does not know this family")
		}
	}
}

// topicProduced holds the counter of a topic against the ends: they differ by a constant.
func (o *oracle) topicProduced(name string, t *topic, value float64, from, to instant) {
	series := "kafka_topic_produced_messages_total{topic=" + name + "}"
	o.rises(series, value)
	lives := t.at(from, to)
	if len(lives) != 1 {
		delete(o.bases, series)
		o.checked++
		return
	}
	sum := span{}
	for p := range lives[0].partitions() {
		one, _ := t.ends(p, from, to)
		sum = sum.Plus(one)
	}
	o.constant(series, fmt.Sprint(lives[0].born, lives[0].grown), sum, value)
}

// rises holds a counter to never going back.
func (o *oracle) rises(series string, value float64) {
	last, ok := o.last[series]
	o.last[series] = value
	if ok && value < last {
		o.check(series, value, within(last, math.Inf(1)), "a counter that went back")
	}
}

// constant holds what an offset is beyond its counter to be the same throughout; shape says of what the sums are.
func (o *oracle) constant(series, shape string, offsets span, value float64) {
	this := within(offsets.Low-value, offsets.High-value)
	b := o.bases[series]
	if b == nil || b.shape != shape {
		o.bases[series] = &base{this, shape}
		o.checked++
		return
	}
	narrowed := within(max(this.Low, b.Low), min(this.High, b.High))
	if narrowed.Low > narrowed.High+1e-6 {
		o.check(series, value, within(offsets.Low-b.High, offsets.High-b.Low), "it began at another number before")
		b.span = this // said once
		return
	}
	b.span = narrowed
	o.checked++
}

// producing is what can have been produced per second to some topics over the rate window.
func (o *oracle) producing(topics []string, born, from, to instant) span {
	// A topic has one life at a time: of those that a time may belong to, the exporter saw one.
	sum := func(from, to instant) (s span) {
		for _, name := range topics {
			t := o.truth.topic(name)
			if t == nil {
				continue
			}
			var ends span
			for i, l := range t.at(from, to) {
				var life span
				for _, p := range l.partitions() {
					life = life.Plus(within(float64(p.end.Confirmed(from)), float64(p.end.Possible(to))))
				}
				if i > 0 {
					life = ends.Or(life)
				}
				ends = life
			}
			s = s.Plus(ends)
		}
		return s
	}
	return o.perSecond(sum, born, from, to, 0)
}

// bornOf is when the youngest partition of some topics came into being.
func (o *oracle) bornOf(topics ...string) (at instant) {
	for _, name := range topics {
		if t := o.truth.topic(name); t != nil {
			at = max(at, t.present().grown)
		}
	}
	return at
}

// perSecond is the span of what rose per second over the rate window before a time between from and to, where sum are the
// spans of what rises. The window begins at a time that gaps make uncertain; where the exporter has not seen all of it, it
// may be as short as two samples. spare is how much of it may be missing or too much in the sum.
func (o *oracle) perSecond(sum func(from, to instant) span, born, from, to instant, spare float64) span {
	born = max(born, o.started)
	window := o.settings.rateWindow
	seen := from.Add(-window - 2*o.settings.interval)
	gap := max(gapAround(o.waves, seen, to), gapAround(o.whole, seen, to), o.settings.interval)
	earliest, latest := from.Add(-window-2*gap), to.Add(-window+2*gap)
	if from < born.Add(window+4*o.settings.interval) || gap > window/2 {
		earliest, latest = max(earliest, o.started), to.Add(-o.settings.interval)
	}
	low, high := math.Inf(1), 0.
	at, step := sum(from, to), o.settings.interval/2
	for s := min(earliest, latest); ; s = s.Add(step) {
		s = min(s, latest)
		was := sum(s.Add(-slack), s.Add(step+slack)) // the window begins anywhere in this step
		if longest := (to - s).Seconds(); longest > 0 {
			low = min(low, max(0, at.Low-was.High-spare)/longest)
		}
		// Two samples may be closer than the interval, where the one before was late.
		shortest := max((from - s.Add(step)).Seconds(), o.settings.interval.Seconds()*7/10)
		high = max(high, (at.High-was.Low+spare)/shortest)
		if s >= latest {
			break
		}
	}
	return within(low, high)
}

// sortedKeys are the keys of a map in order.
func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
