package faults

import (
	"fmt"
	"math"
)

// level compares the values of a group (topic "") or of one topic of it.
func (o *oracle) level(v *sight, topic string, l level, f facts) {
	total := 0.
	for _, n := range l.states["partitions_unknown"] {
		total += n
	}
	unknown := total
	if topic != "" {
		for label, n := range l.states["partitions_unknown"] {
			o.check(v.series("partitions_unknown", topic)+label, n, within(1, f.partitions), "left out at 0")
		}
	}
	for name, value := range l.values {
		series := v.series(name, topic)
		switch name {
		case "lag", "lag_sum":
			o.check(series, value, f.lag, "")
			o.exact(series, value, f.lags, "the sum of the partitions shown")
		case "offset_sum":
			o.exact(series, value, f.offsets, "the sum of the partitions shown")
		case "lag_max":
			o.check(series, value, f.lagMax, "")
			o.exact(series, value, f.worst, "the worst partition shown")
		case "lag_log2x7":
			want := 0.
			if lag := l.values["lag"]; lag > 1 {
				want = min(7*math.Log2(lag), o.settings.log2x7Max)
			}
			o.check(series, value, within(want, want).Wider(1e-6), "of the lag shown beside it")
		case "uncommitted_messages":
			o.check(series, value, f.uncommitted, "")
		case "backlog":
			o.check(series, value, f.lag.Plus(f.uncommitted), "")
			o.exact(series, value, l.values["lag"]+l.values["uncommitted_messages"], "lag and uncommitted messages shown beside it")
		case "partitions":
			o.exact(series, value, float64(f.shown), "the partitions shown")
			o.check(series, value+l.values["partitions_uncommitted"]+unknown, within(min(1, f.partitions), math.Inf(1)), "partitions of all kinds")
		case "partitions_uncommitted":
			o.check(series, value, within(0, f.uncommittedN.High), "")
			if unknown == 0 && f.partitions > 0 {
				o.check(series, value, f.uncommittedN, "nothing is unknown")
			}
		case "partitions_with_lag":
			o.exact(series, value, float64(f.withLag), "the partitions shown")
		case "partitions_stalled":
			o.check(series, value, within(0, float64(min(f.withLag, f.still))), "partitions that stood still for the stall window")
		case "partitions_held":
			o.check(series, value, within(0, l.values["partitions"]+l.values["partitions_uncommitted"]), "")
		case "lag_seconds":
			o.check(series, value, f.age, "")
			if lag, ok := l.values["lag"]; ok && lag == 0 {
				o.exact(series, value, 0, "without lag")
			}
		case "burndown_seconds":
			o.burndown(v, series, value, l)
		case "burndown_max_seconds":
			low := 0.
			if l.values["lag"] > 0 {
				low = 1e-9
			}
			o.check(series, value, within(low, o.settings.burndownCap), "")
		case "producer_rate":
			o.check(series, value, o.producing(f.topics, max(v.truth.born, o.bornOf(f.topics...)), v.from, v.to), "")
		case "consumer_rate":
			o.check(series, value, o.consuming(v, f), "")
		case "produced_messages_total":
			o.produced(v, series, value, l, f)
		case "consumed_messages_total":
			o.consumed(v, series, value, l, f)
		case "lost_messages_total":
			o.rises(series, value)
			o.check(series, value, within(0, o.lost(f.topics)), "messages that were deleted")
		case "complete":
			want := within(0, 1)
			if unknown > 0 || l.values["partitions_held"] > 0 {
				want.High = 0
			}
			o.check(series, value, want, "of what is held and unknown")
		case "useful_members":
			o.check(series, value, within(1, max(1, float64(f.all))), "")
		case "member_capacity":
			o.check(series, value, within(1e-9, math.Inf(1)), "")
		case "abandoned":
			o.exact(series, value, 0, "")
		case "sample_timestamp_seconds", "members", "members_as_before", "members_saturated", "desired_replicas": // elsewhere
		default:
			o.check(series, value, within(1, 0), "the oracle does not know this family")
		}
	}
}

// burndown follows from the lag and the consumer rate beside it, where the group commits often.
func (o *oracle) burndown(v *sight, series string, value float64, l level) {
	want := within(0, o.settings.burndownCap)
	lag, rate := l.values["lag"], l.values["consumer_rate"]
	switch {
	case lag == 0:
		want.High = 0
	case rate > 0 && v.truth.period > 0 && v.truth.period < o.settings.rateWindow/5 && lag > 10:
		want = within(0.99, 1.01)
		want.Low *= min(lag/rate, o.settings.burndownCap)
		want.High *= min(lag/rate, o.settings.burndownCap)
	}
	o.check(series, value, want, "of lag and rate shown beside it")
}

// consuming is what the group can have consumed per second over the rate window: of each partition since it moved for the
// first time.
func (o *oracle) consuming(v *sight, f facts) span {
	if o.resets[v.name] {
		return within(0, math.Inf(1))
	}
	want := span{}
	for _, name := range f.topics {
		for _, h := range v.truth.on(name, 0) {
			first, ok := h.FirstMove()
			if !ok {
				continue
			}
			want = want.Plus(o.consumingOf(v, h, max(first, v.truth.born, o.bornOf(name))))
		}
	}
	if v.truth.period == 0 || v.truth.period > o.settings.rateWindow/5 {
		want = within(0, 3*want.High+1)
	}
	return want
}

func (o *oracle) consumingOf(v *sight, h *history, born instant) span {
	sum := func(from, to instant) span {
		one := within(math.Inf(1), 0)
		for _, c := range h.Seen(from, to, 0) {
			one = one.Or(within(float64(max(c, 0)), float64(max(c, 0))))
		}
		return one
	}
	// What one commit covers may fall on either side of the window's edges, and it is spread over the time it took.
	window := o.settings.rateWindow
	flow := (sum(v.from, v.to).High - sum(v.from.Add(-window), v.from.Add(-window)).Low) / window.Seconds()
	return o.perSecond(sum, born, v.from, v.to, 2*flow*v.truth.period.Seconds())
}

// produced is an end minus a constant; exactly that of the partitions shown where all are.
func (o *oracle) produced(v *sight, series string, value float64, l level, f facts) {
	o.rises(series, value)
	shape, ok := o.shape(v, f)
	if !ok {
		delete(o.bases, series)
		return
	}
	if l.values["partitions_uncommitted"] == 0 && f.shown == int(f.partitions) && !o.resets[v.name] {
		exact := f.offsets + f.lags
		o.constant(series, shape+" exact", within(exact, exact), value)
		return
	}
	o.constant(series, shape, f.ends, value)
}

// consumed is the sum of the commits minus a constant.
func (o *oracle) consumed(v *sight, series string, value float64, l level, f facts) {
	o.rises(series, value)
	shape, ok := o.shape(v, f)
	if !ok || o.resets[v.name] || f.shown+int(l.values["partitions_uncommitted"]) != int(f.partitions) {
		delete(o.bases, series)
		return
	}
	o.constant(series, fmt.Sprint(shape, f.shown), within(f.offsets, f.offsets), value)
}

// shape says of which partitions a sum over topics is; ok is false where that changes.
func (o *oracle) shape(v *sight, f facts) (shape string, ok bool) {
	for _, name := range f.topics {
		lives := o.truth.topic(name).at(v.from, v.to)
		if len(lives) != 1 {
			return "", false
		}
		shape += fmt.Sprint(name, lives[0].born, lives[0].grown)
	}
	return shape, true
}

// lost is the most that can have been deleted from some topics.
func (o *oracle) lost(topics []string) (n float64) {
	for _, name := range topics {
		t := o.truth.topic(name)
		for _, l := range t.at(0, never) {
			for _, p := range l.partitions() {
				n += float64(p.start.Last())
			}
		}
	}
	return n
}
