package pilot

// layout is which topics a group's partitions belong to.
type layout struct {
	topics []topic
}

// topic is what is remembered of one topic.
type topic struct {
	name     string
	n        int
	sub      int
	produced float32 // of its partitions, messages, fading
	told     float32 // part of the partitions' differences that is no chance
}

// fit makes the memory fit the topics of the observation: what is known of a topic stays with its name.
func (p *Pilot) fit(o *Observation) {
	same := len(p.topics) == len(o.Topics)
	for i := 0; same && i < len(p.topics); i++ {
		t, q := &p.topics[i], &o.Topics[i]
		same = t.n == q.Partitions && t.name == q.Name && t.sub == q.Subtopology
	}
	if same {
		return
	}
	type old struct {
		topic
		parts []partition
	}
	known, at := map[string]old{}, 0
	for _, t := range p.topics {
		known[t.name] = old{t, p.parts[at : at+t.n]}
		at += t.n
	}
	p.topics, p.parts = make([]topic, 0, len(o.Topics)), make([]partition, 0, len(o.Partitions))
	for _, q := range o.Topics {
		was := known[q.Name]
		parts := make([]partition, q.Partitions)
		copy(parts, was.parts)
		p.parts = append(p.parts, parts...)
		p.topics = append(p.topics, topic{name: q.Name, n: q.Partitions, sub: q.Subtopology, told: was.told})
	}
	p.members = p.members[:0] // the assignment is another one
	p.useful.stale()
}
