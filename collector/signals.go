package collector

import "strings"

// prefixes begin the names of the families of a level; a family's signal is the rest of its name. Drop-in families of
// groups have kafka_exporter's prefix.
var prefixes = map[Level][]string{
	LevelGroup:          {"kafka_group_", dropInGroup},
	LevelGroupTopic:     {"kafka_group_topic_", dropInGroup},
	LevelGroupPartition: {dropInGroup},
	LevelTopic:          {"kafka_topic_"},
	LevelTopicPartition: {"kafka_topic_partition_"},
}

const dropInGroup = "kafka_consumergroup_"

// Signal is what the family shows, without its level: lag of kafka_group_lag and of kafka_group_topic_lag. It is the
// whole name where the level has no prefix.
func (f *Family) Signal() string {
	for _, p := range prefixes[f.Level] {
		if rest, ok := strings.CutPrefix(f.Name, p); ok {
			return rest
		}
	}
	return f.Name
}

// Named is the name of the family that shows a signal at a level; empty where the table has none.
func Named(level Level, signal string) string {
	for _, p := range prefixes[level] {
		if f, ok := Find(p + signal); ok && f.Level == level {
			return f.Name
		}
	}
	return ""
}

// Find looks a family of the cluster up by its name.
func Find(name string) (*Family, bool) {
	for _, f := range Families() {
		if f.Name == name {
			return &f, true
		}
	}
	return nil, false
}

// The names of the labels that tell series apart, as kafka_exporter has them.
const (
	LabelGroup     = labelGroup
	LabelTopic     = labelTopic
	LabelPartition = labelPartition
)
