package faults

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// sight is one group in one scrape, with the times between which its offsets were read.
type sight struct {
	name     string
	view     *groupView
	truth    *group
	from, to instant
}

// group compares everything that a scrape says of one group.
func (o *oracle) group(name string, view *groupView) {
	g := o.truth.group(name)
	if g == nil {
		o.check("kafka_group_*{consumergroup="+name+"}", math.NaN(), span{}, "there is no such group")
		return
	}
	v := &sight{name: name, view: view, truth: g, to: o.v.got}
	stamp, ok := view.values["sample_timestamp_seconds"]
	if !ok {
		o.check(v.series("sample_timestamp_seconds", ""), math.NaN(), span{}, "it is always there")
		return
	}
	// It is written in milliseconds, and noted when the answer came: the broker read before, by at most the time that a
	// sample may take.
	v.from = instant(stamp * 1e9).Add(-o.settings.interval*8/10 - slack - o.late)
	oldest := o.v.got.Add(-2*o.settings.maxAge - 2*o.settings.interval)
	if view.values["partitions"]+view.values["partitions_uncommitted"] > 0 {
		o.check(v.series("sample_timestamp_seconds", ""), stamp, within(oldest.Seconds(), o.v.got.Seconds()), "too old, or not yet")
	}
	sums := o.groupTopics(v)
	o.level(v, "", view.level, sums)
	o.states(v)
}

func (v *sight) series(name, topic string) string {
	if topic != "" {
		return fmt.Sprintf("kafka_group_topic_%s{consumergroup=%s,topic=%s}", name, v.name, topic)
	}
	return fmt.Sprintf("kafka_group_%s{consumergroup=%s}", name, v.name)
}

// metadataRefresh is how often the exporter of these tests reads metadata.
const metadataRefresh = 3 * time.Second

// facts are what is true of a group, or of one topic of it, and what is shown of its partitions.
type facts struct {
	topics []string
	// true: the spans of the sums over all partitions.
	lag, lagMax, uncommitted, uncommittedN, ends, commits span
	partitions                                            float64 // the most there are that the group uses
	all                                                   int     // the most there are
	age                                                   span    // of the oldest message that waits
	still                                                 int     // partitions that may have stood still for the stall window
	// shown: sums over the partitions of this scrape.
	lags, offsets, worst float64
	shown, withLag       int
}

func (f *facts) add(o facts) {
	f.topics = append(f.topics, o.topics...)
	f.lag, f.uncommitted, f.uncommittedN = f.lag.Plus(o.lag), f.uncommitted.Plus(o.uncommitted), f.uncommittedN.Plus(o.uncommittedN)
	f.ends, f.commits = f.ends.Plus(o.ends), f.commits.Plus(o.commits)
	f.lagMax = within(max(f.lagMax.Low, o.lagMax.Low), max(f.lagMax.High, o.lagMax.High))
	f.age = within(max(f.age.Low, o.age.Low), max(f.age.High, o.age.High))
	f.partitions += o.partitions
	f.all += o.all
	f.still += o.still
	f.lags, f.offsets, f.worst = f.lags+o.lags, f.offsets+o.offsets, max(f.worst, o.worst)
	f.shown, f.withLag = f.shown+o.shown, f.withLag+o.withLag
}

func (o *oracle) groupTopics(v *sight) facts {
	var total facts
	for _, name := range sortedKeys(v.view.topics) {
		t := v.view.topics[name]
		truth := o.truth.topic(name)
		if truth == nil {
			o.check(v.series("*", name), math.NaN(), span{}, "there is no such topic")
			continue
		}
		f := o.facts(v, truth, t)
		o.level(v, name, t.level, f)
		total.add(f)
	}
	// A topic of the group that is not shown at all has to be gone, or its commits do.
	for _, name := range v.truth.uses {
		if v.view.topics[name] == nil {
			if f := o.facts(v, o.truth.topic(name), &groupTopicView{newLevel(), nil, nil}); f.partitions > 0 {
				total.add(f)
			}
		}
	}
	return total
}

// facts works out what is true of one topic of a group, and compares its partitions.
func (o *oracle) facts(v *sight, t *topic, shown *groupTopicView) facts {
	f := facts{topics: []string{t.name}}
	lives := t.at(v.from, v.to)
	n := 0
	for _, l := range lives {
		n = max(n, len(l.partitions()))
	}
	// Partitions that were added are known when metadata was read again.
	certain := len(lives) == 1 && lives[0].alive <= v.from && lives[0].dying >= v.to &&
		lives[0].grown < v.from.Add(-metadataRefresh-2*o.settings.interval)
	f.partitions, f.all = float64(n), n
	commits := v.truth.on(t.name, n)
	used := false
	for p := range n {
		o.partition(v, t, p, commits[p], shown, &f)
		used = used || commits[p].Last() != noCommit && commits[p].Len() > 0
	}
	if !certain || !used {
		f.lag.Low, f.lagMax.Low, f.uncommitted.Low, f.uncommittedN.Low, f.age.Low = 0, 0, 0, 0, 0
	}
	if !used && v.truth.members == nil {
		f.partitions, f.uncommitted.High, f.uncommittedN.High = 0, 0, 0
	}
	return f
}

// partition compares what is shown of one partition, and adds what is true of it.
func (o *oracle) partition(v *sight, t *topic, p int, commits *history, shown *groupTopicView, f *facts) {
	ends, ok := t.ends(p, v.from, v.to)
	if !ok {
		return
	}
	starts, _ := t.starts(p, v.from.Add(-2*o.settings.startsRefresh), v.to)
	seen := commits.Seen(v.from, v.to, noCommit)
	lags, none, some := within(math.Inf(1), 0), false, false
	committed := within(math.Inf(1), 0)
	for _, c := range seen {
		if c == noCommit {
			none = true
			continue
		}
		some = true
		lags = lags.Or(lagOf(float64(c), ends, starts))
		committed = committed.Or(within(float64(c), float64(c)))
	}
	f.ends = f.ends.Plus(ends)
	if some {
		low := lags.Low
		if none {
			low, committed.Low = 0, 0
		}
		f.commits = f.commits.Plus(committed)
		f.lag = f.lag.Plus(within(low, lags.High))
		f.lagMax = within(max(f.lagMax.Low, low), max(f.lagMax.High, lags.High))
	}
	if none {
		low, lowN := max(0, ends.Low-starts.High), 1.
		if some {
			low, lowN = 0, 0
		}
		f.uncommitted = f.uncommitted.Plus(within(low, max(0, ends.High-starts.Low)))
		f.uncommittedN = f.uncommittedN.Plus(within(lowN, 1))
	}
	if !commits.Moved(v.from.Add(-o.settings.stallWindow+2*o.settings.interval), v.from) {
		f.still++
	}
	o.age(v, t, p, seen, f)
	name := fmt.Sprintf("{consumergroup=%s,topic=%s,partition=%d}", v.name, t.name, p)
	offset, ok := shown.offsets[p]
	if !ok {
		return
	}
	f.shown++
	f.offsets += offset
	o.checked++
	found := false
	for _, c := range seen {
		found = found || float64(c) == offset
	}
	if !found {
		o.checked--
		o.check("kafka_consumergroup_current_offset"+name, offset, within(math.NaN(), math.NaN()), fmt.Sprint("it was one of ", short(seen)))
		return
	}
	lag, ok := shown.lags[p]
	o.check("kafka_consumergroup_lag"+name, lag, lagOf(offset, ends, starts), "of the offset shown beside it")
	f.lags += lag
	f.worst = max(f.worst, lag)
	if lag > 0 {
		f.withLag++
	}
	if !ok {
		o.check("kafka_consumergroup_lag"+name, math.NaN(), span{}, "the offset is there")
	}
}

func short(values []int64) []int64 { return values[:min(len(values), 5)] }

// lagOf is what the lag of a commit can be.
func lagOf(commit float64, ends, starts span) span {
	return within(max(0, ends.Low-max(commit, starts.High)), max(0, ends.High-max(commit, starts.Low)))
}

// age adds how old the oldest message that waits on a partition can be.
func (o *oracle) age(v *sight, t *topic, p int, seen []int64, f *facts) {
	low, high := math.Inf(1), 0.
	starts, _ := t.starts(p, v.from.Add(-2*o.settings.startsRefresh), v.to)
	for _, l := range t.at(v.from, v.to) {
		parts := l.partitions()
		if p >= len(parts) {
			continue
		}
		for _, c := range seen {
			if c == noCommit {
				continue
			}
			oldest := within(math.Inf(1), 0)
			for _, from := range [2]int64{max(c, int64(starts.Low)), max(c, int64(starts.High))} {
				written, ok := parts[p].end.Passed(from)
				if !ok {
					oldest.Low = 0
					continue
				}
				gap := o.gapOf(t.name, p, written.Sent, min(written.Acked, v.to))
				one := within((v.from - min(written.Acked, v.to)).Seconds(), (v.to - written.Sent).Seconds())
				room := (gap + 2*o.settings.interval).Seconds()
				oldest = oldest.Or(within(max(0, one.Low*0.95-room), one.High*1.05+room))
				if float64(from) >= parts0(t, p, v) { // it may not have been written yet when the exporter looked
					oldest.Low = 0
				}
			}
			low, high = min(low, oldest.Low), max(high, oldest.High)
		}
	}
	if low < math.Inf(1) {
		f.age = within(max(f.age.Low, low), max(f.age.High, high))
	}
}

// parts0 is the end of a partition that was confirmed when the group's offsets were read.
func parts0(t *topic, p int, v *sight) float64 {
	ends, _ := t.ends(p, v.from, v.to)
	return ends.Low
}

// gapOf is how far apart two looks at the end of a partition were around a time.
func (o *oracle) gapOf(topic string, p int, from, to instant) time.Duration {
	times := o.present[fmt.Sprint(topic, "/", p)]
	gap := gapAround(times, from, to)
	if len(times) > 0 && from < times[0] { // before the exporter was started: known from timestamps
		return 0
	}
	if gap > 3*o.settings.interval {
		return gap + o.settings.maxAge
	}
	return max(gap, gapAround(o.waves, from, to)) + o.settings.maxAge
}

// states compares what a scrape says of the group as a whole.
func (o *oracle) states(v *sight) {
	members := within(0, 0)
	if m := v.truth.members; m != nil {
		members = within(math.Inf(1), 0)
		// A description is as old as the oldest that counts.
		for _, n := range m.Seen(v.to.Add(-2*time.Minute), v.to, 0) {
			members = members.Or(within(float64(n), float64(n)))
		}
		// One whose answer to its join was lost joins anew, and the coordinator counts both until the session of the first ends.
		members.High *= 2
	}
	for name, values := range v.view.states {
		ones := 0.
		for label, value := range values {
			switch name {
			case "state":
				o.check(v.series(name, "")+label, value, within(0, 1), "")
				ones += value
				if value == 1 && members.High == 0 && label != "Empty" && label != "Dead" {
					o.check(v.series(name, "")+label, value, within(0, 0), "it never had members")
				}
			case "offset_resets_total":
				want := within(0, float64(v.truth.backward.Possible(v.to)))
				if label == "end" {
					want.High = float64(v.truth.end.Possible(v.to))
				}
				series := v.series(name, "") + label
				// What was wrong once stays in a counter: it is said once.
				more := value - o.excess[series]
				o.rises(series, value)
				o.check(series, more, want, "resets that were made")
				o.excess[series] += max(0, more-want.High)
			case "partitions_unknown":
				o.check(v.series(name, "")+label, value, within(0, math.Inf(1)), "")
			case "desired_reason", "info":
				o.exact(v.series(name, "")+label, value, 1, "")
			default:
				o.check(v.series(name, "")+label, value, within(1, 0), "the oracle does not know this family")
			}
		}
		if name == "state" && ones != 1 {
			o.check(v.series(name, ""), ones, within(1, 1), "states at a time")
		}
	}
	for _, name := range [2]string{"members", "members_as_before"} {
		if n, ok := v.view.values[name]; ok {
			o.check(v.series(name, ""), n, members, "")
		}
	}
	if n, ok := v.view.values["members_saturated"]; ok {
		o.check(v.series("members_saturated", ""), n, within(0, members.High), "")
	}
	if n, ok := v.view.values["desired_replicas"]; ok {
		o.check(v.series("desired_replicas", ""), n, within(v.truth.floor, math.Inf(1)), strings.Join(sortedKeys(v.view.states["desired_reason"]), ","))
	}
}
