package collector

import (
	"strconv"

	"kafka_burndown_exporter/internal/lag"
)

// rows holds the rendered labels of all rows of a level, one after the other.
type rows struct {
	text []byte
	end  []int
}

func (r *rows) reset() { r.text, r.end = r.text[:0], r.end[:0] }

func (r *rows) done() { r.end = append(r.end, len(r.text)) }

// at returns the labels of row i; a level without rows of its own (the cluster) has none.
func (r *rows) at(i int) []byte {
	if r == nil {
		return nil
	}
	from := 0
	if i > 0 {
		from = r.end[i-1]
	}
	return r.text[from:r.end[i]]
}

// label renders the labels of every row of the snapshot once; the families share them.
func (sc *scratch) label(s *lag.Snapshot) {
	sc.buf = sc.buf[:0]
	for _, r := range []*rows{&sc.cluster, &sc.brokers, &sc.topics, &sc.groups, &sc.topicsOfGroup} {
		r.reset()
	}
	sc.cluster.text = appendLabel(sc.cluster.text, labelClusterID, s.ClusterID)
	sc.cluster.done()
	for i := range s.Brokers {
		b := &sc.brokers
		b.text = appendLabel(b.text, "id", strconv.Itoa(int(s.Brokers[i].ID)))
		b.text = appendLabel(append(b.text, ','), "address", s.Brokers[i].Address)
		b.done()
	}
	for i := range s.Topics {
		sc.topics.text = appendLabel(sc.topics.text, labelTopic, s.Topics[i].Name)
		sc.topics.done()
	}
	for i := range s.Groups {
		g := &s.Groups[i]
		sc.groups.text = appendLabel(sc.groups.text, labelGroup, g.ID)
		sc.groups.done()
		group := sc.groups.at(i)
		for j := range g.Topics {
			t := &sc.topicsOfGroup
			t.text = append(t.text, group...)
			t.text = appendLabel(append(t.text, ','), labelTopic, g.Topics[j].Topic)
			t.done()
		}
	}
}

func (sc *scratch) rowsOf(l Level) *rows {
	switch l {
	case LevelClusterID:
		return &sc.cluster
	case LevelBroker:
		return &sc.brokers
	case LevelTopic, LevelTopicPartition:
		return &sc.topics
	case LevelGroup:
		return &sc.groups
	case LevelGroupTopic, LevelGroupPartition:
		return &sc.topicsOfGroup
	default:
		return nil
	}
}

// appendLabel writes name="value", the value escaped as both text formats ask for.
func appendLabel(b []byte, name, value string) []byte {
	b = append(b, name...)
	b = append(b, '=', '"')
	from := 0
	for i := range len(value) {
		var escaped string
		switch value[i] {
		case '\\':
			escaped = `\\`
		case '"':
			escaped = `\"`
		case '\n':
			escaped = `\n`
		default:
			continue
		}
		b = append(append(b, value[from:i]...), escaped...)
		from = i + 1
	}
	return append(append(b, value[from:]...), '"')
}
