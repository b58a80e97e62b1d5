package pilot

// produced is the fading sum over all topics.
func (p *Pilot) produced() float64 {
	sum := 0.0
	for i := range p.topics {
		sum += float64(p.topics[i].produced)
	}
	return sum
}

// spread is the share of a topic's partitions in all production: even, and more for each message of its own.
type spread struct{ even, each float64 }

// spread of a topic. Where counts do not tell partitions apart they are taken as even.
func (p *Pilot) spread(t *topic, total float64) spread {
	if total <= 0 {
		return spread{even: 1 / float64(t.n*len(p.topics))}
	}
	told := float64(t.told)
	return spread{even: float64(t.produced) / float64(t.n) * (1 - told) / total, each: told / total}
}

// share of a partition.
func (s spread) share(pt *partition) float64 { return s.even + s.each*float64(pt.produced) }

// sharesEvery is how often, in seconds, it is found out again how production spreads.
const sharesEvery = 60

// tell finds out which part of the differences between a topic's partitions is no chance: by how much their spread
// exceeds that of counts.
func (p *Pilot) tell() {
	at := 0
	for i := range p.topics {
		t := &p.topics[i]
		even, chi := float64(t.produced)/float64(t.n), 0.0
		for range t.n {
			d := float64(p.parts[at].produced) - even
			chi += d * d
			at++
		}
		chi /= max(even, 1e-9)
		t.told = float32(max(0, 1-2*float64(t.n)/max(chi, 1e-9)))
	}
}
