package collector

import (
	"hash/maphash"
	"math"
	"math/bits"
	"math/rand/v2"
	"sync"
	"sync/atomic"

	"kafka_burndown_exporter/internal/lag"
)

// layout is a snapshot in rows and blocks: what every rendering of it shares.
type layout struct {
	snapshot    *lag.Snapshot
	groupTopics []groupTopic
	topics      []string // the names in use: those of the snapshot's topics come first
	text        *labels
	pairs       func() *labels // for protobuf
	blocks      []block        // those that have series, in order
}

// groupTopic is a row of a group's topic: the index of the group, that of the topic in it, and that of the topic's name.
type groupTopic struct{ group, topic, name int32 }

// span is a range of a level's rows.
type span struct{ from, to int }

// block is a part of a family: what is rendered, compressed and kept as one.
type block struct {
	family  int
	rows    span
	samples int
	// print is the same where, and only where, all series and values are, whatever snapshot they come from.
	print uint64
}

// blockLines is about how many series are in a block: enough to compress well, few enough that some do not change.
const blockLines = 384

func newLayout(s *lag.Snapshot) *layout {
	l := &layout{snapshot: s}
	index := make(map[string]int32, len(s.Topics))
	name := func(topic string) int32 {
		i, ok := index[topic]
		if !ok {
			i = int32(len(l.topics))
			index[topic] = i
			l.topics = append(l.topics, topic)
		}
		return i
	}
	for i := range s.Topics {
		name(s.Topics[i].Name)
	}
	for i := range s.Groups {
		for j := range s.Groups[i].Topics {
			l.groupTopics = append(l.groupTopics, groupTopic{int32(i), int32(j), name(s.Groups[i].Topics[j].Topic)})
		}
	}
	l.text = newLabels(s, l.topics, appendLabel)
	l.pairs = sync.OnceValue(func() *labels { return newLabels(s, l.topics, appendPair) })
	return l
}

func (l *layout) groupTopic(row int) (*lag.Group, *lag.GroupTopic) {
	t := l.groupTopics[row]
	g := &l.snapshot.Groups[t.group]
	return g, &g.Topics[t.topic]
}

// rows is how many rows a level has.
func (l *layout) rows(level Level) int {
	switch level {
	case LevelCluster, LevelClusterID:
		return 1
	case LevelBroker:
		return len(l.snapshot.Brokers)
	case LevelTopic, LevelTopicPartition:
		return len(l.snapshot.Topics)
	case LevelGroup:
		return len(l.snapshot.Groups)
	default:
		return len(l.groupTopics)
	}
}

// lines is how many series a family has for a row, about.
func (l *layout) lines(level Level, row int) int {
	switch level {
	case LevelTopicPartition:
		return len(l.snapshot.Topics[row].Partitions)
	case LevelGroupPartition:
		_, t := l.groupTopic(row)
		return len(t.Partition)
	default:
		return 1
	}
}

// The secrets behind all prints: nobody can choose names and offsets that have the same.
var (
	printSeed   = maphash.MakeSeed()
	printSecret = rand.Uint64() | 1
)

func mix(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a^printSecret, b^0x9e3779b97f4a7c15)
	return hi ^ lo
}

// rowPrints identify the labels of each row.
type rowPrints struct{ cluster, brokers, topics, groups []uint64 }

func (r *rows) prints() []uint64 {
	out := make([]uint64, len(r.end))
	for i := range out {
		out[i] = maphash.Bytes(printSeed, r.at(i))
	}
	return out
}

func (p *rowPrints) of(l *layout, level Level, row int) uint64 {
	switch level {
	case LevelCluster:
		return 0
	case LevelClusterID:
		return p.cluster[row]
	case LevelBroker:
		return p.brokers[row]
	case LevelTopic, LevelTopicPartition:
		return p.topics[row]
	case LevelGroup:
		return p.groups[row]
	default:
		t := l.groupTopics[row]
		return mix(p.groups[t.group], p.topics[t.name])
	}
}

// spans cuts the rows of a level where enough series are together, at rows that are chosen by their labels where that is
// soon enough: a row that comes or goes moves no border but the next.
func (l *layout) spans(level Level, p *rowPrints) []span {
	var out []span
	n, from, lines := l.rows(level), 0, 0
	for row := range n {
		lines += l.lines(level, row)
		if lines >= blockLines && (p.of(l, level, row)&1 == 0 || lines >= 3*blockLines) || row == n-1 {
			out = append(out, span{from, row + 1})
			from, lines = row+1, 0
		}
	}
	return out
}

// arrange cuts the families into blocks and takes their prints.
func (l *layout) arrange(families []encodedFamily, connectedOnly bool) {
	p := &rowPrints{l.text.cluster.prints(), l.text.brokerIDs.prints(), l.text.topics.prints(), l.text.groups.prints()}
	for i, address := range l.text.brokerAddresses.prints() {
		p.brokers[i] = mix(p.brokers[i], address)
	}
	spans := map[Level][]span{}
	for i := range families {
		level := families[i].Level
		if _, ok := spans[level]; !ok {
			spans[level] = l.spans(level, p)
		}
		for _, rows := range spans[level] {
			l.blocks = append(l.blocks, block{family: i, rows: rows})
		}
	}
	parallel(len(l.blocks), func(next func() int) {
		for i := next(); i >= 0; i = next() {
			b := &l.blocks[i]
			b.examine(l, &families[b.family], connectedOnly, p)
		}
	})
	used := l.blocks[:0]
	for _, b := range l.blocks {
		if b.samples > 0 {
			used = append(used, b)
		}
	}
	l.blocks = used
}

// examine counts the block's series and takes its print.
func (b *block) examine(l *layout, f *encodedFamily, connectedOnly bool, p *rowPrints) {
	print, last := mix(uint64(b.family), 1), -1
	if f.groupPartition != nil {
		b.examinePartitions(l, f, connectedOnly, p, print)
		return
	}
	f.each(l, b.rows, connectedOnly, func(row int, partition int32, variant int, v float64, created int64) {
		if row != last {
			last = row
			print = mix(print^p.of(l, f.Level, row), uint64(created))
			if f.info != nil {
				for _, value := range f.info(&l.snapshot.Groups[row]) {
					print = mix(print, maphash.String(printSeed, value))
				}
			}
		}
		print = mix(print^math.Float64bits(v), uint64(uint32(partition))<<8|uint64(variant))
		b.samples++
	})
	b.print = print
}

// examinePartitions does so where most series are, without a call for each.
func (b *block) examinePartitions(l *layout, f *encodedFamily, connectedOnly bool, p *rowPrints, print uint64) {
	for row := b.rows.from; row < b.rows.to; row++ {
		g, t := l.groupTopic(row)
		if f.hidden(g, connectedOnly) {
			continue
		}
		before := b.samples
		for k, v := range f.groupPartition(t) {
			if v < 0 {
				continue
			}
			if b.samples == before {
				print = mix(print, p.of(l, f.Level, row))
			}
			print = mix(print^uint64(v), uint64(uint32(t.Partition[k])))
			b.samples++
		}
	}
	b.print = print
}

// parallel calls work once for each processor; next hands out 0 to n-1, and then -1.
func parallel(n int, work func(next func() int)) {
	var at atomic.Int64
	next := func() int {
		if i := int(at.Add(1)) - 1; i < n {
			return i
		}
		return -1
	}
	var wg sync.WaitGroup
	for range min(n, processors()) - 1 {
		wg.Go(func() { work(next) })
	}
	work(next)
	wg.Wait()
}
