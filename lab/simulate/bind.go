package simulate

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/prometheus/prometheus/model/labels"

	"kafka_burndown_exporter/collector"
	"kafka_burndown_exporter/internal/scale"
	"kafka_burndown_exporter/lab/foreign"
	"kafka_burndown_exporter/lab/manifest"
	"kafka_burndown_exporter/lab/monitor"
	"kafka_burndown_exporter/lab/promql"
	"kafka_burndown_exporter/lab/scenario"
	"kafka_burndown_exporter/rules"
)

// binder holds a candidate to its workload: every trigger reads something that the workload has. Where the workload has
// one group or one topic, and the manifests name another, the workload takes their name.
type binder struct {
	sc      *scenario.Scenario
	cand    *Candidate
	foreign map[string]*foreign.Series
	scraped promql.Labels // those of the exporter's target
	groups  wanted
	topics  wanted
}

// wanted are names that triggers demand, with the first place that does.
type wanted struct {
	what  string
	have  []string
	names []string
	place map[string]string
}

func (w *wanted) add(name, place string) {
	if w.place[name] == "" {
		w.names, w.place[name] = append(w.names, name), place
	}
}

// adopt is the one name that the workload's one takes, empty where all names are there.
func (w *wanted) adopt() (string, error) {
	var missing []string
	for _, name := range w.names {
		if !slices.Contains(w.have, name) {
			missing = append(missing, name)
		}
	}
	switch {
	case len(missing) == 0:
		return "", nil
	case len(missing) == 1 && len(w.have) == 1 && len(w.names) == 1:
		return missing[0], nil
	}
	why := "KEDA would find no partition of it"
	if w.what == "consumer group" {
		why = "KEDA would find no commit of it"
	}
	return "", fmt.Errorf("%s reads the %s %q, and the workload has %s: %s", w.place[missing[0]], w.what, missing[0], quotedList(w.have), why)
}

func quotedList(names []string) string {
	var out []string
	for _, n := range names {
		out = append(out, strconv.Quote(n))
	}
	return strings.Join(out, ", ")
}

// bind holds the candidate to the scenario, or says which trigger has nothing to read.
func (c *Candidate) bind(sc *scenario.Scenario) error {
	b := &binder{sc: sc, cand: c, scraped: monitor.Labels(sc),
		groups: wanted{what: "consumer group", place: map[string]string{}},
		topics: wanted{what: "topic", place: map[string]string{}}}
	for i := range sc.Services {
		b.groups.have = append(b.groups.have, sc.Services[i].Group)
	}
	for i := range sc.Topics {
		b.topics.have = append(b.topics.have, sc.Topics[i].Name)
	}
	var err error
	if b.foreign, err = foreignSeries(sc.Pipeline.Series); err != nil {
		return err
	}
	for _, ctl := range c.Controllers {
		if err := b.controller(ctl); err != nil {
			return err
		}
	}
	return b.adopt()
}

func (b *binder) controller(ctl *Controller) error {
	for i := range ctl.Object.Triggers {
		place := ctl.place(i)
		if k := ctl.Object.Triggers[i].Kafka; k != nil {
			b.kafka(ctl, k, place)
			continue
		}
		if m := ctl.Object.Triggers[i].MetricsAPI; m != nil {
			if manifest.DesiredGroup(m) == "" { // kept as not to be simulated
				continue
			}
			b.groups.add(manifest.DesiredGroup(m), place)
			continue
		}
		q := ctl.Queries[i]
		if q == nil {
			continue
		}
		for _, ref := range q.Refs {
			if err := b.ref(&ref, place); err != nil {
				return fmt.Errorf("%s: %w", place, err)
			}
		}
	}
	return nil
}

func (b *binder) kafka(ctl *Controller, k *scale.Kafka, place string) {
	if k.ConsumerGroup == "" { // from a variable of the pod
		if svc := b.sc.Service(ctl.Service); svc != nil {
			k.ConsumerGroup = svc.Group
			b.cand.note("%s: consumerGroup comes from the pod's environment and is taken for %q", place, svc.Group)
		}
	}
	b.groups.add(k.ConsumerGroup, place)
	for _, t := range k.Topics {
		b.topics.add(t, place)
	}
}

// ref checks one selector.
func (b *binder) ref(ref *manifest.Ref, place string) error {
	if s := b.foreign[ref.Series]; s != nil {
		return b.named(ref, place, s.Label(collector.LabelGroup), s.Label(collector.LabelTopic))
	}
	own, ok := labelNames(ref.Series)
	if !ok { // a service's own, or a rule's of the user
		return b.named(ref, place, collector.LabelGroup, collector.LabelTopic)
	}
	if err := b.named(ref, place, collector.LabelGroup, collector.LabelTopic); err != nil {
		return err
	}
	if len(b.sc.Pipeline.RuleTexts) > 0 && strings.Contains(ref.Series, ":") {
		return nil
	}
	return b.others(ref, own)
}

// labelNames are those of a series of ours; recorded ones keep the labels of a scrape that their rule names.
func labelNames(series string) ([]string, bool) {
	if f, ok := collector.Find(series); ok {
		return f.Labels, true
	}
	if r := rules.Shipped().Record(series); r != nil {
		return r.Labels, true
	}
	return nil, false
}

// named notes what the selector demands of the group and the topic.
func (b *binder) named(ref *manifest.Ref, place, groupLabel, topicLabel string) error {
	for _, l := range []struct {
		label string
		w     *wanted
	}{{groupLabel, &b.groups}, {topicLabel, &b.topics}} {
		if l.label == "" || !ref.Selector.Constrains(l.label) {
			continue
		}
		if v, ok := ref.Selector.Equal(l.label); ok {
			if v != "" {
				l.w.add(v, place)
			}
			continue
		}
		if !slices.ContainsFunc(l.w.have, func(name string) bool { return ref.Selector.Accepts(l.label, name) }) {
			return fmt.Errorf("%s selects nothing: the workload's %ss are %s", ref.Selector.Text, l.w.what, quotedList(l.w.have))
		}
	}
	return nil
}

// others checks the labels that neither name a group nor a topic.
func (b *binder) others(ref *manifest.Ref, own []string) error {
	_, exported := collector.Find(ref.Series)
	for _, m := range ref.Selector.Matchers {
		switch m.Name {
		case promql.NameLabel, collector.LabelGroup, collector.LabelTopic:
			continue
		case collector.LabelPartition:
			if err := b.partition(ref, m); err != nil {
				return err
			}
			continue
		}
		if exported && slices.Contains(own, m.Name) { // such as a state
			continue
		}
		v := ""
		if exported || slices.Contains(own, m.Name) {
			v = b.scraped.Get(m.Name)
		}
		switch {
		case m.Matches(v):
		case v == "" && !exported && !slices.Contains(own, m.Name):
			return fmt.Errorf("%s selects nothing: the rules record no label %s", ref.Selector.Text, m.Name)
		case v == "":
			return fmt.Errorf("%s selects nothing: what is scraped has no label %s; give --scrape-label=%s=VALUE if it has one for you",
				ref.Selector.Text, m.Name, m.Name)
		default:
			return fmt.Errorf("%s selects nothing: what is scraped has %s=%q; give --scrape-label=%s=VALUE if it has another for you",
				ref.Selector.Text, m.Name, v, m.Name)
		}
	}
	return nil
}

func (b *binder) partition(ref *manifest.Ref, m *labels.Matcher) error {
	most := 0
	for i := range b.sc.Topics {
		most = max(most, b.sc.Topics[i].Partitions)
	}
	for p := range most {
		if m.Matches(strconv.Itoa(p)) {
			return nil
		}
	}
	return fmt.Errorf("%s selects nothing: partitions are 0 to %d", ref.Selector.Text, most-1)
}

// adopt gives the workload the names of the manifests.
func (b *binder) adopt() error {
	group, err := b.groups.adopt()
	if err != nil {
		return err
	}
	topic, err := b.topics.adopt()
	if err != nil {
		return err
	}
	if group == "" && topic == "" {
		return nil
	}
	var what []string
	sc := *b.sc
	if group != "" {
		what = append(what, fmt.Sprintf("the consumer group %q is taken for the manifest's %q", b.groups.have[0], group))
		sc.Services = slices.Clone(sc.Services)
		sc.Services[0].Group = group
	}
	if topic != "" {
		what = append(what, fmt.Sprintf("the topic %q for the manifest's %q", b.topics.have[0], topic))
		if group == "" {
			what[0] = fmt.Sprintf("the topic %q is taken for the manifest's %q", b.topics.have[0], topic)
		}
		rename(&sc, topic)
	}
	b.cand.workload = &sc
	b.cand.note("%s: names adopted: the workload's %s", b.cand.Name, strings.TrimPrefix(strings.Join(what, ", "), "the "))
	return nil
}

// Renames reports whether the workload takes names of the candidate's manifests.
func (c *Candidate) Renames() bool { return c.workload != nil }

// rename gives the scenario's one topic another name.
func rename(sc *scenario.Scenario, name string) {
	old := sc.Topics[0].Name
	to := func(s *string) {
		if *s == old {
			*s = name
		}
	}
	sc.Topics, sc.Producers = slices.Clone(sc.Topics), slices.Clone(sc.Producers)
	sc.Services, sc.Faults = slices.Clone(sc.Services), slices.Clone(sc.Faults)
	sc.Topics[0].Name = name
	for i := range sc.Producers {
		to(&sc.Producers[i].Topic)
	}
	for i := range sc.Faults {
		to(&sc.Faults[i].Topic)
	}
	for i := range sc.Services {
		s := &sc.Services[i]
		s.Topics, s.Produces = slices.Clone(s.Topics), slices.Clone(s.Produces)
		for j := range s.Topics {
			to(&s.Topics[j])
		}
		for j := range s.Produces {
			to(&s.Produces[j].Topic)
			to(&s.Produces[j].From)
		}
	}
}

// Notes are those of all candidates.
func (r *Report) Notes() []string {
	var out []string
	for _, c := range r.Candidates {
		out = append(out, c.Notes...)
	}
	return out
}

func (c *Candidate) note(format string, args ...any) {
	c.Notes = append(c.Notes, fmt.Sprintf(format, args...))
}

// reads says in one line for each trigger what it reads.
func (c *Candidate) reads() {
	for _, ctl := range c.Controllers {
		for i := range ctl.Object.Triggers {
			t := &ctl.Object.Triggers[i]
			switch {
			case t.Kafka != nil:
				topics := "all topics"
				if len(t.Kafka.Topics) > 0 {
					topics = "topic " + strings.Join(t.Kafka.Topics, ", ")
				}
				c.note("%s reads the offsets of group %s, %s", ctl.place(i), t.Kafka.ConsumerGroup, topics)
			case t.MetricsAPI != nil && manifest.DesiredGroup(t.MetricsAPI) != "":
				c.note("%s asks the exporter for the desired replicas of group %s", ctl.place(i), manifest.DesiredGroup(t.MetricsAPI))
			case ctl.Queries[i] != nil:
				var series []string
				for _, ref := range ctl.Queries[i].Refs {
					if !slices.Contains(series, ref.Selector.Text) {
						series = append(series, ref.Selector.Text)
					}
				}
				c.note("%s reads %s", ctl.place(i), strings.Join(series, ", "))
			}
		}
	}
}
