package study

import (
	"math"
	"slices"

	"kafka_burndown_exporter/lab/scenario"
)

// Bound is a lower bound on the replica-minutes with which the objective can be held, by somebody who knows everything
// beforehand: every message, every fault, what members can do.
//
// It is the dual of a dynamic programme over backlog and members: a second beyond the objective costs a multiplier, of
// which the objective's percentile gives so many away. Whatever the multiplier, the sum is a lower bound; the best of
// several is taken. The backlog is a grid, so that the bound is good to a few percent.
func Bound(sc *scenario.Scenario, svc *scenario.Service) float64 {
	b := newBound(sc, svc)
	best, low, high := b.solve(mostMultiplier), leastMultiplier, mostMultiplier
	for range bisections {
		middle := math.Sqrt(low * high)
		v := b.solve(middle)
		if v > best {
			best = v
		}
		if b.over <= b.budget {
			high = middle
		} else {
			low = middle
		}
	}
	return best
}

const (
	// boundStep is the length of a step in seconds; a change of members takes effect at its start.
	boundStep = 15
	// multipliers are in replica-minutes for a second beyond the objective.
	leastMultiplier, mostMultiplier = 1e-4, 50.0
	bisections                      = 12
	// fineSteps is the number of grid points for the backlog of one objective at the peak rate; beyond fineTo objectives
	// the grid grows by a factor.
	fineSteps, fineTo, growth = 60, 1.5, 1.08
	// change is what a change of members costs in replica-minutes: enough to prefer fewer of them.
	change = 0.01
)

type bound struct {
	svc     *scenario.Service
	arrive  []float64 // in each step
	before  []float64 // the sum of those before
	left    []float64 // part of the capacity that faults leave
	members []int
	can     []float64 // messages in a step
	grid    []float64 // of backlog
	fine    float64   // its distance
	late    [][]bool  // at each step and grid point
	age     float64   // the objective
	pause   float64   // part of a step that a change costs
	budget  float64   // seconds beyond the objective that are allowed
	over    float64   // of the last solution
}

func newBound(sc *scenario.Scenario, svc *scenario.Service) *bound {
	b := &bound{svc: svc, age: svc.Objective.MaxAge.Seconds()}
	var shares [][]float64
	b.arrive, shares = arrivals(sc, svc, boundStep)
	b.before = make([]float64, len(b.arrive)+1)
	for i, a := range b.arrive {
		b.before[i+1] = b.before[i] + a
	}
	b.budget = (1 - svc.Objective.Percentile/100) * sc.Duration.Seconds()
	if svc.Rebalance.Style != "cooperative" {
		b.pause = min(1, svc.Rebalance.Pause.Seconds()/boundStep)
	}
	b.counts(sc, shares)
	b.faults(sc)
	b.mesh()
	return b
}

// counts are the numbers of members worth having, with what they can do.
func (b *bound) counts(sc *scenario.Scenario, shares [][]float64) {
	most, best := sc.UsefulReplicas(b.svc), 0.0
	if b.svc.Replicas.Max > 0 {
		most = min(most, b.svc.Replicas.Max)
	}
	for k := b.svc.Replicas.Min; k <= most; k++ {
		can := 0.0
		if k > 0 {
			can = b.svc.Capacity.PerPod * boundStep / fullest(b.svc.Assignor, shares, k)
		}
		if k == b.svc.Replicas.Min || can > best*1.0001 {
			b.members, b.can = append(b.members, k), append(b.can, can)
			best = max(best, can)
		}
	}
}

func (b *bound) faults(sc *scenario.Scenario) {
	b.left = make([]float64, len(b.arrive))
	for i := range b.left {
		b.left[i] = 1
		for k := range sc.Faults {
			f := &sc.Faults[k]
			if f.Service != "" && f.Service != b.svc.Name || !f.ActiveAt(secs(float64(i*boundStep))) {
				continue
			}
			switch f.Kind {
			case scenario.FaultBrownout:
				b.left[i] = f.Factor
			case scenario.FaultStop:
				b.left[i] = 0
			}
		}
	}
}

// mesh lays the grid out and notes where on it messages are late.
func (b *bound) mesh() {
	peak := max(slices.Max(b.arrive)/boundStep, 1e-9)
	b.fine = peak * b.age / fineSteps
	for y := 0.0; y < fineTo*peak*b.age; y += b.fine {
		b.grid = append(b.grid, y)
	}
	most := fineTo*peak*b.age + peak*b.budget*1.2 + peak*600
	for y := b.grid[len(b.grid)-1] + b.fine; y < most; y *= growth {
		b.grid = append(b.grid, y)
	}
	b.late = make([][]bool, len(b.arrive)+1)
	for i := range b.late {
		b.late[i] = make([]bool, len(b.grid))
		for j, y := range b.grid {
			b.late[i][j] = b.waited(i, y) > b.age
		}
	}
}

// waited is the age in seconds of the oldest of a backlog at the end of step i.
func (b *bound) waited(i int, backlog float64) float64 {
	from := b.before[i] - backlog
	switch {
	case backlog < 1:
		return 0
	case from <= 0:
		return float64(i * boundStep)
	}
	at, _ := slices.BinarySearch(b.before[:i+1], from)
	at = max(0, at-1)
	part := 0.0
	if at < i && b.before[at+1] > b.before[at] {
		part = (from - b.before[at]) / (b.before[at+1] - b.before[at])
	}
	return (float64(i-at) - part) * boundStep
}

// locate is the grid point below a backlog, and how far it is to the next.
func (b *bound) locate(y float64) (int, float64) {
	j := int(y / b.fine)
	if y >= fineTo*b.fine*fineSteps || j >= len(b.grid)-1 {
		j, _ = slices.BinarySearch(b.grid, y)
		j--
	}
	if j >= len(b.grid)-1 {
		return len(b.grid) - 2, 1
	}
	j = max(j, 0)
	return j, min(1, max(0, (y-b.grid[j])/(b.grid[j+1]-b.grid[j])))
}

// solve is the lower bound at a multiplier. over is what its course takes beyond the objective.
func (b *bound) solve(multiplier float64) float64 {
	n, nk, ny := len(b.arrive), len(b.members), len(b.grid)
	value, before := matrix(nk, ny), matrix(nk, ny)
	stay, move := matrix(nk, ny), matrix(nk, ny)
	choice := make([][]uint16, n)
	start := b.svc.StartDelay.Seconds() / 60
	for i := n - 1; i >= 0; i-- {
		for k := range b.members {
			b.step(i, k, 0, multiplier, value[k], stay[k])
			b.step(i, k, b.pause, multiplier, value[k], move[k])
		}
		choice[i] = make([]uint16, nk*ny)
		for k := range b.members {
			for j := range b.grid {
				best, at := stay[k][j], k
				for to := range b.members {
					if to == k {
						continue
					}
					c := move[to][j] + change + max(0, float64(b.members[to]-b.members[k]))*start
					if c < best-1e-12 {
						best, at = c, to
					}
				}
				before[k][j], choice[i][k*ny+j] = best, uint16(at)
			}
		}
		value, before = before, value
	}
	first := 0
	for i, m := range b.members {
		if m <= b.svc.Replicas.Initial {
			first = i
		}
	}
	b.follow(first, choice)
	return value[first][0] - multiplier*b.budget
}

// step is what is to be paid from step i on with the k-th count and each backlog, a part of the step being lost.
func (b *bound) step(i, k int, lost, multiplier float64, after, out []float64) {
	can, cost := b.can[k]*(1-lost)*b.left[i], float64(b.members[k])*boundStep/60
	for j, y := range b.grid {
		y = max(0, y+b.arrive[i]-can)
		at, part := b.locate(y)
		out[j] = cost + after[at]*(1-part) + after[at+1]*part
		if b.isLate(i+1, y, at) {
			out[j] += multiplier * boundStep
		}
	}
}

func (b *bound) isLate(i int, y float64, at int) bool {
	if y < 1 {
		return false
	}
	if b.late[i][at] == b.late[i][at+1] {
		return b.late[i][at]
	}
	return b.waited(i, y) > b.age
}

// follow goes the way that was chosen and notes for how long messages are late on it.
func (b *bound) follow(k int, choice [][]uint16) {
	b.over = 0
	y := 0.0
	for i := range choice {
		j, part := b.locate(y)
		if part > 0.5 {
			j++
		}
		to, lost := int(choice[i][k*len(b.grid)+j]), 0.0
		if to != k {
			lost = b.pause
		}
		k = to
		y = max(0, y+b.arrive[i]-b.can[k]*(1-lost)*b.left[i])
		if b.waited(i+1, y) > b.age {
			b.over += boundStep
		}
	}
}

func matrix(n, m int) [][]float64 {
	out, all := make([][]float64, n), make([]float64, n*m)
	for i := range out {
		out[i] = all[i*m : (i+1)*m]
	}
	return out
}
