package collector

import (
	"maps"
	"slices"

	"kafka_burndown_exporter/internal/lag"
)

// template is how the labels of a family's series are written: in the order of their names, as client_golang has them. It
// is made once; a row fills in what differs.
type template struct {
	// before and after stand around the label that differs within a row, a partition or a variant. Without one, all is
	// before.
	before, after []part
}

// part is some bytes that all series share, and then a label of the row, if any.
type part struct {
	shared []byte
	label  rowLabel
}

// rowLabel is a label that a row gives a value. From infoLabel on it is a value of the family's info.
type rowLabel uint8

const (
	noLabel rowLabel = iota
	clusterIDLabel
	brokerIDLabel
	brokerAddressLabel
	topicLabel
	groupLabel
	infoLabel
)

var rowLabels = map[string]rowLabel{
	labelClusterID: clusterIDLabel, labelBrokerID: brokerIDLabel, labelBrokerAddress: brokerAddressLabel,
	labelTopic: topicLabel, labelGroup: groupLabel,
}

// script is what a format puts around labels.
type script struct {
	write   labelWriter
	between string // two labels
	// beforePartition and afterPartition enclose the number of a partition; closing ends the labels.
	beforePartition, afterPartition, closing string
}

// newTemplate puts the family's labels and the constant ones in order.
func newTemplate(f *Family, constant []Label, s script) template {
	values := map[string]string{}
	for _, l := range constant {
		values[l.Name] = l.Value
	}
	for _, name := range f.Labels {
		values[name] = ""
	}
	var t template
	parts := &t.before
	var shared []byte
	put := func(l rowLabel) {
		*parts = append(*parts, part{shared, l})
		shared = nil
	}
	for i, name := range slices.Sorted(maps.Keys(values)) {
		if i > 0 {
			shared = append(shared, s.between...)
		}
		switch {
		case !slices.Contains(f.Labels, name):
			shared = s.write(shared, name, values[name])
		case name == labelPartition:
			shared = append(shared, s.beforePartition...)
			put(noLabel)
			parts, shared = &t.after, append(shared, s.afterPartition...)
		case name == f.variant:
			put(noLabel)
			parts = &t.after
		case rowLabels[name] != noLabel:
			put(rowLabels[name])
		default:
			put(infoLabel + rowLabel(slices.Index(f.infoLabels(), name)))
		}
	}
	shared = append(shared, s.closing...)
	put(noLabel)
	return t
}

// appendParts writes parts with the labels of a row.
func (l *labels) appendParts(b []byte, parts []part, f *Family, row int, at *layout) []byte {
	for i := range parts {
		p := &parts[i]
		b = append(b, p.shared...)
		switch p.label {
		case noLabel:
		case clusterIDLabel:
			b = append(b, l.cluster.at(row)...)
		case brokerIDLabel:
			b = append(b, l.brokerIDs.at(row)...)
		case brokerAddressLabel:
			b = append(b, l.brokerAddresses.at(row)...)
		case topicLabel:
			b = append(b, l.topics.at(f.topicOf(row, at))...)
		case groupLabel:
			b = append(b, l.groups.at(f.groupOf(row, at))...)
		default:
			n := int(p.label - infoLabel)
			b = l.write(b, f.infoLabels()[n], f.info(&at.snapshot.Groups[row])[n])
		}
	}
	return b
}

// topicOf is the topic of a row, as a place in the layout's names.
func (f *Family) topicOf(row int, l *layout) int {
	if f.Level == LevelTopic || f.Level == LevelTopicPartition {
		return row
	}
	return int(l.groupTopics[row].name)
}

// groupOf is the group of a row.
func (f *Family) groupOf(row int, l *layout) int {
	if f.Level == LevelGroup {
		return row
	}
	return int(l.groupTopics[row].group)
}

// infoLabels are the labels that info gives values, in its order.
func (f *Family) infoLabels() []string {
	if f.info == nil {
		return nil
	}
	return groupInfoLabels[:]
}

// groupInfoLabels are the labels of kafka_group_info beside the group's.
var groupInfoLabels = [...]string{"assignor", "coordinator", "protocol_type", "type"}

func groupInfo(g *lag.Group, coordinator string) [4]string {
	return [4]string{g.Assignor, coordinator, g.ProtocolType, string(g.Type)}
}
