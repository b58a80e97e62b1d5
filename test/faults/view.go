package faults

import "strings"

// view is one scrape, sorted by what it is about.
type view struct {
	*scrape
	published instant // when the newest snapshot was published, 0: it does not say
	topics    map[string]*topicView
	groups    map[string]*groupView
	self      map[string]float64 // series about the exporter by their text
	unknown   []sample           // families that the oracle does not know
	free      int                // samples of which nothing is known
}

// topicView is what a scrape says of one topic.
type topicView struct {
	level
	parts map[int]map[string]float64 // by partition and by the end of the family's name
}

// level is what a scrape says of a group, or of one topic of it: values by the end of the family's name.
type level struct {
	values map[string]float64
	states map[string]map[string]float64 // families with one more label
}

// groupView is what a scrape says of one group.
type groupView struct {
	level
	topics map[string]*groupTopicView
}

type groupTopicView struct {
	level
	offsets, lags map[int]float64
}

func newLevel() level { return level{map[string]float64{}, map[string]map[string]float64{}} }

func (l *level) put(name string, s sample) {
	if s.label == "" {
		l.values[name] = s.value
		return
	}
	if l.states[name] == nil {
		l.states[name] = map[string]float64{}
	}
	l.states[name][s.label] = s.value
}

func (v *view) topic(name string) *topicView {
	t := v.topics[name]
	if t == nil {
		t = &topicView{newLevel(), map[int]map[string]float64{}}
		v.topics[name] = t
	}
	return t
}

func (v *view) group(name string) *groupView {
	g := v.groups[name]
	if g == nil {
		g = &groupView{newLevel(), map[string]*groupTopicView{}}
		v.groups[name] = g
	}
	return g
}

func (g *groupView) topic(name string) *groupTopicView {
	t := g.topics[name]
	if t == nil {
		t = &groupTopicView{newLevel(), map[int]float64{}, map[int]float64{}}
		g.topics[name] = t
	}
	return t
}

const exporterPrefix = "kafka_burndown_exporter_"

// newView sorts a scrape.
func newView(s *scrape) *view {
	v := &view{scrape: s, topics: map[string]*topicView{}, groups: map[string]*groupView{}, self: map[string]float64{}}
	for _, one := range s.samples {
		v.put(one)
	}
	v.published = instant(v.self[exporterPrefix+"last_success_timestamp_seconds"] * 1e9)
	return v
}

func (v *view) put(s sample) {
	family := s.family
	cut := func(prefix string) (string, bool) { return strings.CutPrefix(family, prefix) }
	switch {
	case strings.HasPrefix(family, exporterPrefix):
		v.self[s.text] = s.value
		v.free++
		return
	case strings.HasPrefix(family, "go_"), strings.HasPrefix(family, "process_"), strings.HasPrefix(family, "promhttp_"),
		family == "kafka_cluster_info", family == "kafka_brokers", family == "kafka_broker_info",
		family == "kafka_exporter_build_info":
		v.self[s.text] = s.value
		v.free++
		return
	}
	if name, ok := cut("kafka_group_topic_"); ok {
		v.group(s.group).topic(s.topic).put(name, s)
		return
	}
	if name, ok := cut("kafka_group_"); ok {
		v.group(s.group).put(name, s)
		return
	}
	if name, ok := cut("kafka_topic_partition_"); ok {
		t := v.topic(s.topic)
		if t.parts[s.partition] == nil {
			t.parts[s.partition] = map[string]float64{}
		}
		t.parts[s.partition][name] = s.value
		return
	}
	if name, ok := cut("kafka_topic_"); ok {
		v.topic(s.topic).put(name, s)
		return
	}
	switch family {
	case "kafka_consumergroup_current_offset":
		v.group(s.group).topic(s.topic).offsets[s.partition] = s.value
	case "kafka_consumergroup_lag":
		v.group(s.group).topic(s.topic).lags[s.partition] = s.value
	case "kafka_consumergroup_current_offset_sum":
		v.group(s.group).topic(s.topic).values["offset_sum"] = s.value
	case "kafka_consumergroup_lag_sum":
		v.group(s.group).topic(s.topic).values["lag_sum"] = s.value
	case "kafka_consumergroup_members":
		v.group(s.group).values["members_as_before"] = s.value
	default:
		v.unknown = append(v.unknown, s)
	}
}
