package pilot

import (
	"math"
	"time"
)

// State is what a pilot has learned and takes long to learn again. It is small, and meant for a state file: JSON with
// these names. A zero field was not learned.
type State struct {
	// At is the time of the observation after which it was saved.
	At time.Time `json:"at"`
	// Capacity of a member in messages/s, and its relative variance.
	Capacity float64 `json:"capacity,omitempty"`
	Variance float64 `json:"variance,omitempty"`
	// Best is the greatest capacity measured: after a fall it is tried again.
	Best float64 `json:"best,omitempty"`
	// Shown is the rate in messages/s that the busiest member was seen to sustain, a lower bound of the capacity.
	Shown float64 `json:"shown,omitempty"`
	// CommitPeriod is the learned distance of a member's commits in seconds.
	CommitPeriod float64 `json:"commitPeriod,omitempty"`
	// Asked is the number of members that was asked for. It counts for a while only: after a restart in the middle of a
	// crash loop nobody is there to be counted.
	Asked int `json:"asked,omitempty"`
	// MembersPerReplica as CountReplicas told it.
	MembersPerReplica float64 `json:"membersPerReplica,omitempty"`
}

// Save returns what is worth keeping over a restart.
func (p *Pilot) Save() State {
	s := State{
		At:    p.epoch.Add(time.Duration(p.now / p.opt.Speed * float64(time.Second))),
		Shown: p.shown.most, CommitPeriod: p.commits.period, MembersPerReplica: p.ratio,
		Asked: p.patience.asked,
	}
	if c := &p.capacity; c.known {
		s.Capacity, s.Variance, s.Best = c.value, c.variance, c.best
	}
	return s
}

// Restore takes in what an earlier pilot of the same group saved. It is meant for a pilot that has seen nothing yet;
// values that cannot be (negative, not finite) are ignored. A capacity is trusted less the older it is, so that
// evidence soon outweighs it.
func (p *Pilot) Restore(s State) {
	if s.Capacity = positive(s.Capacity); s.Capacity > 0 {
		variance := min(max(positive(s.Variance), surely), 1)
		p.capacity.set(s.Capacity, max(variance, shownVariance))
		p.capacity.best = max(s.Capacity, positive(s.Best))
	}
	p.shown.most = positive(s.Shown)
	if p.commits.period = min(positive(s.CommitPeriod), longestPeriod); p.commits.period > 0 {
		p.commits.n = commitsMemory / 2
	}
	if s.Asked > 0 && s.Asked <= maxMembers {
		p.patience.asked, p.savedAt = s.Asked, s.At
	}
	p.ratio = math.Floor(min(positive(s.MembersPerReplica), maxMembers))
}

// askedFor is how long, in seconds, what was asked for before a restart counts.
const askedFor = 600

// longestPeriod is the longest commit period in seconds that is believed of a file.
const longestPeriod = 3600

// positive is v where it is a positive finite number, else 0.
func positive(v float64) float64 {
	if !(v > 0) || math.IsInf(v, 0) {
		return 0
	}
	return v
}
