package simulate

import (
	"math"
	"time"

	"kafka_burndown_exporter/internal/lag"
	"kafka_burndown_exporter/internal/scale"
)

// The recorded series of a group, as rules/ names them without consumergroup:kafka_group_.
const (
	recLag = iota
	recLagMax
	recBacklog
	recLog2x7
	recBurndown
	recProduced
	recConsumed
	recMembers
	recUseful
	recPartitions
	recStalled
	recComplete
	recCapacity2m
	recCapacity1h
	recCapacity7d
	recCapacity
	recDesiredRaw
	recDesired
	numRecorded
)

var recordedNames = map[string]int{
	"lag:sum": recLag, "lag:max": recLagMax, "lag:log2x7": recLog2x7, "backlog:sum": recBacklog,
	"burndown_seconds:max": recBurndown, "produced_messages:rate2m": recProduced, "consumed_messages:rate2m": recConsumed,
	"members:max": recMembers, "useful_members:max": recUseful, "partitions:sum": recPartitions,
	"partitions_stalled:sum": recStalled, "complete:max": recComplete, "member_capacity:rate2m": recCapacity2m,
	"member_capacity:max1h": recCapacity1h, "member_capacity:max7d": recCapacity7d, "member_capacity:max": recCapacity,
	"desired_replicas:raw": recDesiredRaw, "desired_replicas:useful": recDesired,
}

// ruleWindow is the window of the shipped rules' rates, slopeWindow that of the slope of the producer rate, heldFor how
// long they bridge a lost scrape.
const (
	ruleWindow  = 2 * time.Minute
	slopeWindow = time.Minute
	heldFor     = time.Minute
	// The capacity is that of the rate confirmed ago, once the members have stood for the whole of membersStand.
	confirmed    = 2 * time.Minute
	membersStand = 5 * time.Minute
	// behindSeconds of burndown in more than behindOften evaluations of a week: what was known of the capacity is
	// doubted.
	behindSeconds = 5
	behindOften   = 100
	// capacityInterval is that of the rules for the capacity per member, capacityWeek how far they look back.
	capacityInterval = 2 * time.Minute
	capacityWeek     = 7 * 24 * time.Hour
)

// recorded evaluates the shipped rules for one group.
type recorded struct {
	clock   clock
	prior   float64
	series  [numRecorded]ring
	seen    peaks // the week of max1h
	behind  []int // the evaluations of the week at which messages waited
	scratch []sample
	demand  scale.Demand
	slow    int // next evaluation of the capacity rules
}

func newRecorded(c clock, interval time.Duration, prior float64) *recorded {
	r := &recorded{clock: c, prior: prior, demand: scale.DefaultDemand()}
	for i := range r.series {
		size := int(10*time.Minute/interval) + 2
		if i == recCapacity2m {
			size = int(time.Hour/interval) + 2
		}
		r.series[i] = newRing(size)
	}
	return r
}

// base is one evaluation of the base rules at a step.
func (r *recorded) base(step int, p *prometheus, group int) {
	for i, f := range gauges {
		if f != nil {
			r.series[i].push(step, p.held(group, step, heldFor, f))
		}
	}
	produced, consumed := p.rates(group, step)
	r.series[recProduced].push(step, produced)
	r.series[recConsumed].push(step, consumed)
}

// recording is one evaluation of the rules on top of the base.
func (r *recorded) recording(step int) {
	if v, ok := r.series[recLag].last(); ok {
		r.series[recLog2x7].push(step, scale.Log2x7(v, scale.DefaultLog2x7Max))
	} else {
		r.series[recLog2x7].push(step, lag.Absent)
	}
	r.series[recCapacity2m].push(step, r.capacityNow(step))
	if step >= r.slow {
		r.slow = step + r.clock.steps(capacityInterval)
		r.learn(step)
	}
	raw, desired := r.desired(step)
	r.series[recDesiredRaw].push(step, raw)
	r.series[recDesired].push(step, desired)
}

// gauges are the recorded series that are last_over_time of an exported one.
var gauges = [numRecorded]func(*lag.Group) float64{
	recLag:        func(g *lag.Group) float64 { return g.Lag },
	recLagMax:     func(g *lag.Group) float64 { return g.LagMax },
	recBacklog:    func(g *lag.Group) float64 { return g.Backlog },
	recBurndown:   func(g *lag.Group) float64 { return g.BurndownSeconds },
	recMembers:    func(g *lag.Group) float64 { return known(g.Members >= 0, float64(g.Members)) },
	recUseful:     func(g *lag.Group) float64 { return known(g.UsefulMembers > 0, float64(g.UsefulMembers)) },
	recPartitions: func(g *lag.Group) float64 { return float64(g.Partitions) },
	recStalled:    func(g *lag.Group) float64 { return g.PartitionsStalled },
	recComplete:   func(g *lag.Group) float64 { return one(g.Complete) },
}

func known(ok bool, v float64) float64 {
	if !ok {
		return lag.Absent
	}
	return v
}

func one(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// capacityNow is what one member consumed two minutes ago, once the membership has been seen to stand from before the
// window of that rate until now, and the window is whole.
func (r *recorded) capacityNow(step int) float64 {
	then, stood := step-r.clock.steps(confirmed), step-r.clock.steps(membersStand)
	consumed, ok := r.series[recConsumed].before(then)
	useful, okU := r.series[recUseful].before(then)
	members, okM := r.series[recMembers].last()
	_, settled := r.series[recMembers].before(stood)
	if !ok || !okM || !okU || !settled || members < 1 {
		return lag.Absent
	}
	r.scratch = r.series[recMembers].since(stood, r.scratch[:0])
	if lo, hi := extremes(r.scratch); lo != hi {
		return lag.Absent
	}
	began := then - r.clock.steps(ruleWindow)
	r.scratch = r.series[recComplete].between(began-r.clock.steps(time.Minute), began, r.scratch[:0])
	if lo, _ := extremes(r.scratch); lo != 1 {
		return lag.Absent
	}
	return consumed / min(members, useful)
}

// learn evaluates the capacity rules: the best of the hour, of the week, what is remembered of it, and the prior.
func (r *recorded) learn(step int) {
	r.scratch = r.series[recCapacity2m].since(step-r.clock.steps(time.Hour), r.scratch[:0])
	best1h := lag.Absent
	if _, hi := extremes(r.scratch); hi > 0 && r.spanned(step) >= 15 {
		best1h = hi
	}
	r.series[recCapacity1h].push(step, best1h)
	r.seen.push(step, best1h)
	if v, ok := r.series[recBurndown].last(); ok && v > behindSeconds {
		r.behind = append(r.behind, step)
	}
	capacity := r.remembered(step)
	r.series[recCapacity7d].push(step, capacity)
	if r.prior > 0 && !(capacity >= r.prior) {
		capacity = r.prior
	}
	r.series[recCapacity].push(step, capacity)
}

// remembered is the best of the week, or what was known if that is more and the group kept up with it.
func (r *recorded) remembered(step int) float64 {
	from := step - r.clock.steps(capacityWeek)
	for len(r.behind) > 0 && r.behind[0] <= from {
		r.behind = r.behind[1:]
	}
	seen := r.seen.since(from)
	known, ok := r.series[recCapacity7d].last()
	if _, there := r.series[recMembers].last(); ok && !(seen >= known) && there && len(r.behind) <= behindOften {
		return known
	}
	return seen
}

// spanned counts the minutes of the hour that have a capacity sample.
func (r *recorded) spanned(step int) int {
	minute := float64(r.clock.steps(time.Minute))
	n, last := 0, math.Inf(-1)
	for _, s := range r.scratch {
		if m := math.Floor((float64(step) - s.at) / minute); m != last {
			n, last = n+1, m
		}
	}
	return n
}

// desired is the demand, and the smallest useful count for it.
func (r *recorded) desired(step int) (raw, useful float64) {
	produced, ok1 := r.series[recProduced].last()
	backlog, ok2 := r.series[recLag].last()
	capacity, ok3 := r.series[recCapacity].last()
	if !ok1 || !ok2 || !ok3 {
		return lag.Absent, lag.Absent
	}
	r.scratch = r.series[recProduced].since(step-r.clock.steps(slopeWindow), r.scratch[:0])
	perStep, ok := slope(r.scratch)
	if !ok {
		return lag.Absent, lag.Absent
	}
	raw, ok = r.demand.Raw(backlog, produced, perStep/r.clock.step.Seconds(), capacity)
	n, okN := r.series[recUseful].last()
	if !ok {
		return lag.Absent, lag.Absent
	}
	if !okN {
		return raw, lag.Absent
	}
	return raw, float64(scale.UsefulReplicas(int(n), raw))
}
