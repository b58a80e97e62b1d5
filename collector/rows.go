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

// labels are the labels of every row of a snapshot, each by itself, as a format writes them. The families share them.
type labels struct {
	write                      labelWriter
	cluster                    rows // one
	brokerIDs, brokerAddresses rows
	topics, groups             rows
}

// labelWriter appends a label as a format writes it.
type labelWriter func(b []byte, name, value string) []byte

func newLabels(s *lag.Snapshot, topics []string, write labelWriter) *labels {
	l := &labels{write: write}
	add := func(r *rows, name, value string) {
		r.text = write(r.text, name, value)
		r.done()
	}
	add(&l.cluster, labelClusterID, s.ClusterID)
	for i := range s.Brokers {
		add(&l.brokerIDs, labelBrokerID, strconv.Itoa(int(s.Brokers[i].ID)))
		add(&l.brokerAddresses, labelBrokerAddress, s.Brokers[i].Address)
	}
	for _, name := range topics {
		add(&l.topics, labelTopic, name)
	}
	for i := range s.Groups {
		add(&l.groups, labelGroup, s.Groups[i].ID)
	}
	return l
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
