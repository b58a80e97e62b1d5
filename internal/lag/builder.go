package lag

// sizes are the lengths of a snapshot's arrays: those of one snapshot are the best guess for the next.
type sizes struct{ topics, topicPartitions, groups, groupTopics, offsets int }

// builder hands out a snapshot's arrays from a few large allocations. Nothing of them is used twice, so that a
// snapshot stays as it is for as long as somebody reads it.
type builder struct {
	snap   *Snapshot
	parts  []TopicPartition
	topics []GroupTopic
	ints   []int64
	used   sizes
}

func newBuilder(prev sizes, snap *Snapshot) *builder {
	snap.Topics = make([]Topic, 0, prev.topics)
	snap.Groups = make([]Group, 0, prev.groups)
	return &builder{
		snap:   snap,
		parts:  make([]TopicPartition, prev.topicPartitions),
		topics: make([]GroupTopic, prev.groupTopics),
		ints:   make([]int64, prev.offsets),
	}
}

// cut takes n elements off the front of a slab, which is renewed where it is too short.
func cut[T any](slab *[]T, n int) []T {
	if len(*slab) < n {
		*slab = make([]T, max(n, 4096/4))
	}
	out := (*slab)[:n:n]
	*slab = (*slab)[n:]
	return out
}

func (b *builder) topicPartitions(n int) []TopicPartition {
	b.used.topicPartitions += n
	return cut(&b.parts, n)
}

func (b *builder) groupTopics(n int) []GroupTopic {
	b.used.groupTopics += n
	return cut(&b.topics, n)
}

func (b *builder) offsets(n int) []int64 {
	b.used.offsets += n
	return cut(&b.ints, n)
}

func (b *builder) addTopic(t Topic) {
	b.used.topics++
	b.snap.Topics = append(b.snap.Topics, t)
}

func (b *builder) addGroup(g *Group) {
	b.used.groups++
	b.snap.Groups = append(b.snap.Groups, *g)
}
