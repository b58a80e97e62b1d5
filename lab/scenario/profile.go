package scenario

import (
	"hash/fnv"
	"math"
	"time"
)

// Rater answers how much a producer produces at a time. It is immutable and safe for concurrent use.
type Rater struct {
	profile *Profile
	seed    uint64
	// origin is the time of day at the start of the run.
	origin time.Duration
}

// Rater is the producer's rate with the scenario's seed and clock.
func (s *Scenario) Rater(p *Producer) *Rater {
	h := fnv.New64a()
	h.Write([]byte(p.Name))
	midnight := s.Start.Truncate(24 * time.Hour)
	return &Rater{profile: &p.Profile, seed: s.Seed ^ h.Sum64(), origin: s.Start.Sub(midnight)}
}

// At is the rate at t in messages/s, noise included. known is false inside a gap of a recorded rate.
func (r *Rater) At(t time.Duration) (rate float64, known bool) {
	rate, known = r.Mean(t)
	if n := r.profile.Noise; n > 0 {
		rate *= math.Max(0, 1+n*gauss(r.seed, uint64(t/time.Second)))
	}
	return rate, known
}

// Mean is the rate at t without noise.
func (r *Rater) Mean(t time.Duration) (rate float64, known bool) {
	p := r.profile
	rate, known = p.points(t), true
	if c := p.Curve; c != nil {
		phase := float64((r.origin+t-c.Peak)%c.Period) / float64(c.Period)
		rate += c.Low + (c.High-c.Low)*(1+math.Cos(2*math.Pi*phase))/2
	}
	for i := range p.Bursts {
		rate += p.Bursts[i].at(t)
	}
	for i := range p.Batches {
		b := &p.Batches[i]
		if since, ok := phaseOf(t, b.At, b.Every); ok && since < b.For {
			rate += b.Messages / b.For.Seconds()
		}
	}
	if p.CSV != nil && p.CSV.series != nil {
		v, ok := p.CSV.series.At(t)
		rate, known = rate+v, ok
	}
	return rate * p.Scale, known
}

func (p *Profile) points(t time.Duration) float64 {
	if len(p.Points) == 0 {
		return 0
	}
	if t <= p.Points[0].At {
		return p.Points[0].Rate
	}
	for i := 1; i < len(p.Points); i++ {
		a, b := p.Points[i-1], p.Points[i]
		if t >= b.At {
			continue
		}
		if p.Step {
			return a.Rate
		}
		return a.Rate + (b.Rate-a.Rate)*float64(t-a.At)/float64(b.At-a.At)
	}
	return p.Points[len(p.Points)-1].Rate
}

func (b *Burst) at(t time.Duration) float64 {
	since, ok := phaseOf(t, b.At, b.Every)
	if !ok || since >= b.For {
		return 0
	}
	edge := min(since, b.For-since)
	if edge >= b.Ramp {
		return b.Rate
	}
	return b.Rate * float64(edge) / float64(b.Ramp)
}

// phaseOf is the time since the last beginning of something that begins at at, and again every every.
func phaseOf(t, at, every time.Duration) (time.Duration, bool) {
	if t < at {
		return 0, false
	}
	if every > 0 {
		return (t - at) % every, true
	}
	return t - at, true
}

// gauss is a standard normal number that depends on the seed and the index only.
func gauss(seed, i uint64) float64 {
	a := splitmix(seed + 2*i*0x9e3779b97f4a7c15)
	b := splitmix(a ^ 0xd1b54a32d192ed03)
	u := (float64(a>>11) + 1) / (1 << 53)
	v := float64(b>>11) / (1 << 53)
	return math.Sqrt(-2*math.Log(u)) * math.Cos(2*math.Pi*v)
}

func splitmix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
