package kafka

import (
	"slices"
	"strings"

	"github.com/IBM/sarama"

	"kafka_burndown_exporter/internal/lag"
)

// blocks are the committed offsets in an answer, by topic and partition.
type blocks = map[string]map[int32]*sarama.OffsetFetchResponseBlock

// commits are one group's committed offsets, flat and sorted. The memory is used again by the next fold.
type commits struct {
	topics     []lag.TopicCommits
	partitions []int32
	offsets    []int64

	names  []foldName
	failed sarama.KError
}

// foldName is one admitted topic of an answer.
type foldName struct{ text, raw string }

// fold replaces the commits by those of an answer, without topics that are not admitted and partitions without a
// commit. If a partition carries an error code the first such code is returned and the offsets are not to be used: a
// partition that could not be read must not look like one without a commit. The names are still those of all topics,
// since what is held of them needs them in the wave.
func (c *commits) fold(answer blocks, names *namer) sarama.KError {
	c.failed = sarama.ErrNoError
	c.names = c.names[:0]
	size := 0
	for raw, parts := range answer {
		if n := names.of(raw); n.admitted {
			c.names = append(c.names, foldName{n.text, raw})
			size += len(parts)
		}
	}
	slices.SortFunc(c.names, func(a, b foldName) int {
		if d := strings.Compare(a.text, b.text); d != 0 {
			return d
		}
		return strings.Compare(a.raw, b.raw)
	})
	c.topics = c.topics[:0]
	// Grown at once: the slices handed out below must not move.
	c.partitions = slices.Grow(c.partitions[:0], size)
	c.offsets = slices.Grow(c.offsets[:0], size)
	for _, n := range c.names {
		if len(c.topics) > 0 && c.topics[len(c.topics)-1].Topic == n.text {
			continue // two raw names that are the same valid one
		}
		c.topic(n.text, answer[n.raw])
	}
	return c.failed
}

// topic appends one topic. Partitions are nearly always numbered without large gaps, so that counting up finds them in
// order; what is left after that is sorted.
func (c *commits) topic(name string, parts map[int32]*sarama.OffsetFetchResponseBlock) {
	first, found := len(c.partitions), 0
	for p := int32(0); found < len(parts) && int(p) < 2*len(parts)+16; p++ {
		b, ok := parts[p]
		if !ok {
			continue
		}
		found++
		c.partition(p, b)
	}
	if found < len(parts) {
		var rest []int32
		for p := range parts {
			if int(p) >= 2*len(parts)+16 {
				rest = append(rest, p)
			}
		}
		slices.Sort(rest)
		for _, p := range rest {
			c.partition(p, parts[p])
		}
	}
	if len(c.partitions) > first {
		c.topics = append(c.topics, lag.TopicCommits{
			Topic:      name,
			Partitions: c.partitions[first:len(c.partitions):len(c.partitions)],
			Offsets:    c.offsets[first:len(c.offsets):len(c.offsets)],
		})
	}
}

func (c *commits) partition(p int32, b *sarama.OffsetFetchResponseBlock) {
	if b == nil || p >= maxPartition {
		return
	}
	if b.Err != sarama.ErrNoError && c.failed == sarama.ErrNoError {
		c.failed = b.Err
	}
	if b.Err != sarama.ErrNoError || b.Offset >= 0 {
		c.partitions = append(c.partitions, p)
		c.offsets = append(c.offsets, b.Offset)
	}
}

func (c *commits) clear() {
	c.topics, c.partitions, c.offsets = c.topics[:0], c.partitions[:0], c.offsets[:0]
}
