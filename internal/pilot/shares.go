package pilot

// produced is the fading sum over all topics.
func (p *Pilot) produced() float64 {
	sum := 0.0
	for i := range p.topics {
		sum += float64(p.topics[i].produced)
	}
	return sum
}

// share of a partition in all production. Where counts do not tell partitions apart they are taken as even.
func (t *topic) share(pt *partition, total float64, topics int) float64 {
	if total <= 0 {
		return 1 / float64(t.n*topics)
	}
	even := float64(t.produced) / float64(t.n)
	return (even + float64(t.told)*(float64(pt.produced)-even)) / total
}

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
