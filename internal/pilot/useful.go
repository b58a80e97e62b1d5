package pilot

import (
	"math"
	"slices"

	"kafka_burndown_exporter/internal/scale"
)

// useful says what a number of members can carry, given how partitions spread over them.
type useful struct {
	ceiling  int
	size     int // members up to which a partition has one: the ceiling, of a share group its partitions
	assignor Assignor
	counts   []int     // up to size, worth asking for: between two of them one more member only waits
	fullest  []float32 // share of the fullest member at each count; 0: not worked out yet
	toldAt   float64
	told     bool
	load     []float32 // scratch
}

// stale makes it be worked out anew.
func (u *useful) stale() { u.told = false }

// refresh keeps what is known of the spread up to date.
func (p *Pilot) refresh(o *Observation) {
	u := &p.useful
	ceiling := o.Ceiling
	if ceiling <= 0 && o.Assignor != Shared {
		ceiling = p.most(o.Assignor)
	}
	size := ceiling
	if o.Assignor == Shared {
		size = p.most(Shared)
	}
	if u.told && u.ceiling == ceiling && u.size == size && u.assignor == o.Assignor && p.now-u.toldAt < sharesEvery {
		return
	}
	if u.size != size || u.counts == nil {
		u.counts = scale.UsefulCounts(size)
		u.fullest = make([]float32, len(u.counts))
	}
	u.ceiling, u.size, u.assignor, u.told, u.toldAt = ceiling, size, o.Assignor, true, p.now
	clear(u.fullest)
	p.tell()
}

// most is the number of members that can have something to do.
func (p *Pilot) most(a Assignor) int {
	sum, largest := 0, 0
	for i := range p.topics {
		sum += p.topics[i].n
		largest = max(largest, p.topics[i].n)
	}
	if a == Range || a == Tasks {
		return largest
	}
	return sum
}

// carries is the smallest useful number of members that carries a rate in messages/s at a capacity. Where none does it
// is the smallest that does as well as any.
func (p *Pilot) carries(r, capacity float64) int {
	least := max(1, int(math.Ceil(min(r/capacity, maxMembers)-1e-9)))
	u := &p.useful
	switch {
	case u.assignor == Shared:
		return p.carriesShared(least, r/capacity)
	case u.ceiling == 0:
		return least
	case least >= u.ceiling:
		return u.ceiling
	}
	best, most := u.ceiling, 0.0
	from, _ := slices.BinarySearch(u.counts, least)
	for i := from; i < len(u.counts); i++ {
		can := capacity / p.fullest(i)
		if can >= r {
			return u.counts[i]
		}
		if can > most*(1+worthwhile) {
			best, most = u.counts[i], can
		}
	}
	return best
}

// carriesShared is the same for a share group, of which at least so many members carry the rate, in units of a capacity.
// Each partition has as many members as it takes for all to have one: fewer than there are partitions do not share any, and
// beyond that the heaviest has to have enough of them.
func (p *Pilot) carriesShared(least int, load float64) int {
	u := &p.useful
	from, _ := slices.BinarySearch(u.counts, least)
	for i := from; i < len(u.counts); i++ {
		if p.fullest(i)*load <= 1 {
			return u.counts[i]
		}
	}
	each := int(math.Ceil(min(p.fullestOf(u.size)*load, maxMembers) - 1e-9))
	return max(least, min((each-1)*u.size+1, maxMembers))
}

// enough reports whether a number of members carries a rate at a capacity.
func (p *Pilot) enough(k int, r, capacity float64) bool {
	if p.useful.ceiling == 0 {
		return true
	}
	i, ok := slices.BinarySearch(p.useful.counts, k)
	return !ok || capacity/p.fullest(i) >= r
}

const (
	// worthwhile is by how much, relatively, a greater count has to do better.
	worthwhile = 0.02
	// maxMembers bounds an ask where nothing else does.
	maxMembers = 10_000
)

// above is the next useful count.
func (u *useful) above(k int) int {
	if u.ceiling == 0 && k >= u.size {
		return k + 1
	}
	i, ok := slices.BinarySearch(u.counts, k)
	if ok {
		i++
	}
	return u.counts[min(i, len(u.counts)-1)]
}

// below is the useful count before.
func (u *useful) below(k int) int {
	if u.size == 0 || u.ceiling == 0 && k > u.size {
		return max(1, k-1)
	}
	i, _ := slices.BinarySearch(u.counts, k)
	return u.counts[max(0, i-1)]
}

// fullest is the share of the fullest member at the i-th useful count: as it is where there are so many now, else as the
// assignor would have it.
func (p *Pilot) fullest(i int) float64 {
	u := &p.useful
	if u.counts[i] == p.count && p.work.fullest > 0 {
		return p.work.fullest
	}
	if u.fullest[i] == 0 {
		u.fullest[i] = float32(p.fullestOf(u.counts[i]))
	}
	return float64(u.fullest[i])
}

func (p *Pilot) fullestOf(k int) float64 {
	u := &p.useful
	switch u.assignor {
	case Shared:
		if k > u.size {
			return max(1/float64(k), p.balanced(u.size)/float64((k+u.size-1)/max(1, u.size)))
		}
	case Range, RoundRobin, Tasks:
		if cap(u.load) < k {
			u.load = make([]float32, k, max(k, u.ceiling))
		}
		u.load = u.load[:k]
		clear(u.load)
		p.deal(u.load)
		return float64(slices.Max(u.load))
	}
	return p.balanced(k)
}

// deal gives every member of k the shares of its partitions.
func (p *Pilot) deal(load []float32) {
	at, k, total := 0, len(load), p.produced()
	for t := range p.topics {
		tp := &p.topics[t]
		s := p.spread(tp, total)
		for i := range tp.n {
			to := at % k
			switch p.useful.assignor {
			case Range:
				to = rangeOf(i, tp.n, k)
			case Tasks:
				to = (i + tp.sub*tp.n) % k
			}
			load[to] += float32(s.share(&p.parts[at]))
			at++
		}
	}
}

// rangeOf is which of k members gets the i-th of n partitions: the first n mod k get one more.
func rangeOf(i, n, k int) int {
	size, more := n/k, n%k
	if i < more*(size+1) {
		return i / (size + 1)
	}
	return more + (i-more*(size+1))/max(size, 1)
}

// balanced is the fullest of k members that hold the same number of partitions each, which ones is not known: the
// heaviest partition with others of the mean.
func (p *Pilot) balanced(k int) float64 {
	n, heaviest, at, total := len(p.parts), 0.0, 0, p.produced()
	for t := range p.topics {
		s := p.spread(&p.topics[t], total)
		for range p.topics[t].n {
			heaviest = max(heaviest, s.share(&p.parts[at]))
			at++
		}
	}
	if n <= 1 {
		return 1
	}
	others := float64((n+k-1)/k - 1)
	return heaviest + others*(1-heaviest)/float64(n-1)
}
