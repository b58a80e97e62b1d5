package collector

import (
	"encoding/binary"
	"strconv"

	"kafka_burndown_exporter/internal/lag"
)

// rows holds the written labels of some rows, one after the other.
type rows struct {
	text []byte
	end  []int
}

func (r *rows) done() { r.end = append(r.end, len(r.text)) }

func (r *rows) at(i int) []byte {
	from := 0
	if i > 0 {
		from = r.end[i-1]
	}
	return r.text[from:r.end[i]]
}

// labels are the labels of every row of a snapshot as a format writes them. The families share them.
type labels struct {
	cluster                 rows // one
	brokers, topics, groups rows
	between                 string // two labels
}

// labelWriter appends a label as a format writes it.
type labelWriter func(b []byte, name, value string) []byte

func newLabels(s *lag.Snapshot, topics []string, write labelWriter, between string) *labels {
	l := &labels{between: between}
	l.cluster.text = write(nil, labelClusterID, s.ClusterID)
	l.cluster.done()
	for i := range s.Brokers {
		b := &l.brokers
		b.text = append(write(b.text, "id", strconv.Itoa(int(s.Brokers[i].ID))), between...)
		b.text = write(b.text, "address", s.Brokers[i].Address)
		b.done()
	}
	for _, name := range topics {
		l.topics.text = write(l.topics.text, labelTopic, name)
		l.topics.done()
	}
	for i := range s.Groups {
		l.groups.text = write(l.groups.text, labelGroup, s.Groups[i].ID)
		l.groups.done()
	}
	return l
}

// appendRow writes the labels of a row; a row of the cluster has none.
func (l *labels) appendRow(b []byte, level Level, row int, groupTopics []groupTopic) []byte {
	switch level {
	case LevelClusterID:
		return append(b, l.cluster.at(row)...)
	case LevelBroker:
		return append(b, l.brokers.at(row)...)
	case LevelTopic, LevelTopicPartition:
		return append(b, l.topics.at(row)...)
	case LevelGroup:
		return append(b, l.groups.at(row)...)
	case LevelGroupTopic, LevelGroupPartition:
		t := groupTopics[row]
		b = append(append(b, l.groups.at(int(t.group))...), l.between...)
		return append(b, l.topics.at(int(t.name))...)
	default:
		return b
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

// appendPair writes a label of io.prometheus.client.Metric.
func appendPair(b []byte, name, value string) []byte {
	b = append(b, tagLabel)
	b = binary.AppendUvarint(b, uint64(stringSize(name)+stringSize(value)))
	return appendString(appendString(b, 1, name), 2, value)
}
