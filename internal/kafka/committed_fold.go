package kafka

import (
	"cmp"
	"slices"
	"strings"

	"github.com/IBM/sarama"

	"kafka_burndown_exporter/internal/lag"
)

// blocks are the committed offsets in an answer that sarama read, by topic and partition.
type blocks = map[string]map[int32]*sarama.OffsetFetchResponseBlock

// commits are one group's committed offsets, flat and sorted. The memory is used again by the next answer.
type commits struct {
	topics     []lag.TopicCommits
	partitions []int32
	offsets    []int64
}

// commit is one partition in an answer.
type commit struct {
	partition int32
	code      sarama.KError
	offset    int64
}

// folder makes commits of answers, without topics that are not admitted and partitions without a commit. If a partition
// carries an error code the first such code is returned and the offsets are not to be used: a partition that could not be
// read must not look like one without a commit. The names are still those of all topics, since what is held of them needs
// them in the wave.
type folder struct {
	names  *namer
	read   []commit // of one topic
	sorted []commit
	slots  []int32
	found  []foundTopic
	failed sarama.KError

	nobodys commits
}

// foundTopic is an admitted topic of an answer, and where its partitions lie.
type foundTopic struct {
	name
	from, to int
}

// fold replaces the commits by those of an answer that sarama read.
func (f *folder) fold(c *commits, answer blocks) sarama.KError {
	f.begin(c)
	for raw, parts := range answer {
		f.read = f.read[:0]
		for p, b := range parts {
			if b != nil {
				f.read = append(f.read, commit{p, b.Err, b.Offset})
			}
		}
		f.topic(c, f.names.of(raw))
	}
	return f.finish(c)
}

func (f *folder) begin(c *commits) {
	f.failed, f.found = sarama.ErrNoError, f.found[:0]
	c.topics, c.partitions, c.offsets = c.topics[:0], c.partitions[:0], c.offsets[:0]
}

// topic takes one topic in, whose commits have been read.
func (f *folder) topic(c *commits, n name) {
	if !n.admitted {
		return
	}
	f.order()
	from := len(c.partitions)
	c.partitions = slices.Grow(c.partitions, len(f.read))
	c.offsets = slices.Grow(c.offsets, len(f.read))
	for _, r := range f.read {
		if r.partition < 0 || r.partition >= maxPartition {
			continue
		}
		if r.code != sarama.ErrNoError && f.failed == sarama.ErrNoError {
			f.failed = r.code
		}
		if r.code != sarama.ErrNoError || r.offset >= 0 {
			c.partitions = append(c.partitions, r.partition)
			c.offsets = append(c.offsets, r.offset)
		}
	}
	if len(c.partitions) > from {
		f.found = append(f.found, foundTopic{n, from, len(c.partitions)})
	}
}

// order sorts what was read by partition, each once. Partitions are nearly always numbered without large gaps, so that
// each finds its place by its number.
func (f *folder) order() {
	span, last, inOrder := 2*len(f.read)+16, int32(-1), true
	for _, r := range f.read {
		inOrder = inOrder && r.partition > last
		last = r.partition
		if r.partition < 0 || int(r.partition) >= span {
			span = 0
		}
	}
	if inOrder {
		return
	}
	f.sorted = f.sorted[:0]
	if span == 0 {
		slices.SortStableFunc(f.read, func(a, b commit) int { return cmp.Compare(a.partition, b.partition) })
		for i, r := range f.read {
			if i+1 == len(f.read) || f.read[i+1].partition != r.partition {
				f.sorted = append(f.sorted, r)
			}
		}
	} else {
		f.slots = slices.Grow(f.slots[:0], span)[:span]
		clear(f.slots)
		for i, r := range f.read {
			f.slots[r.partition] = int32(i) + 1
		}
		for _, i := range f.slots {
			if i > 0 {
				f.sorted = append(f.sorted, f.read[i-1])
			}
		}
	}
	f.read, f.sorted = f.sorted, f.read
}

// finish puts the topics in order. Of two raw names that are the same valid one the first counts.
func (f *folder) finish(c *commits) sarama.KError {
	slices.SortFunc(f.found, func(a, b foundTopic) int {
		return cmp.Or(strings.Compare(a.text, b.text), strings.Compare(a.raw, b.raw))
	})
	for _, t := range f.found {
		if len(c.topics) > 0 && c.topics[len(c.topics)-1].Topic == t.text {
			continue
		}
		c.topics = append(c.topics, lag.TopicCommits{
			Topic: t.text, Partitions: c.partitions[t.from:t.to:t.to], Offsets: c.offsets[t.from:t.to:t.to],
		})
	}
	return f.failed
}

func (c *commits) clear() {
	c.topics, c.partitions, c.offsets = c.topics[:0], c.partitions[:0], c.offsets[:0]
}
