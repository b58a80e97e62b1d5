package kafka

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"kafka_burndown_exporter/internal/lag"
)

// opDescribe is the bit of the DESCRIBE operation in a set of authorized operations (KIP-430).
const opDescribe = 1 << 8

// ErrCheck is returned by Check when something is missing that it has printed.
var ErrCheck = errors.New("the check found problems")

// Check makes one wave and prints what the exporter can see of the cluster: brokers, topics, groups, what failed, and
// for rights that are missing the arguments of kafka-acls that grant them. It returns an error if anything is missing.
func (s *Sampler) Check(ctx context.Context, w io.Writer) error {
	out := &report{w: w}
	wave, err := s.Wave(ctx)
	if err != nil {
		s.reportSilence(out)
		return errors.Join(err, out.err)
	}
	s.reportBrokers(out, wave)
	s.reportTopics(out, wave)
	s.reportGroups(out, wave)
	failures := s.once.failures()
	out.list("Failed", failures)
	if slices.ContainsFunc(wave.Brokers, func(b lag.Broker) bool { return !b.Up && !b.Gone }) {
		out.line(advertised)
	}
	missing := s.missingRights(ctx, wave)
	for _, m := range missing {
		out.line("Missing: %s", m.what)
		s.reportACL(out, m)
	}
	if topic, ok := s.untoldTimestamps(); ok {
		out.line("Optional: DESCRIBE_CONFIGS on topics, e.g. %s. With it producer rates of topics with "+
			"message.timestamp.type=LogAppendTime are known from the first sample instead of the second.", topic)
		s.reportACL(out, describeTopicConfigs)
	}
	noTopics := s.noTopics(ctx, wave)
	if noTopics {
		out.line("Warning: there are groups, and no topic is visible. Where topics exist, DESCRIBE on topics is missing:")
		s.reportACL(out, describeTopics)
	}
	if out.err != nil {
		return out.err
	}
	if len(failures)+len(missing) > 0 {
		return ErrCheck
	}
	if noTopics {
		out.line("Nothing else is missing.")
	} else {
		out.line("Everything the exporter needs is there.")
	}
	return out.err
}

const advertised = "The addresses come from advertised.listeners of the brokers: they must resolve and be reachable from here."

// reportSilence says what did not answer: the bootstrap addresses, or the brokers that one of them named.
func (s *Sampler) reportSilence(out *report) {
	s.mu.Lock()
	nodes := s.liveNodes()
	s.mu.Unlock()
	bootstrap := strings.Join(s.cfg.Brokers, ", ")
	if len(nodes) == 0 {
		out.line("No broker of %s answered.", bootstrap)
		out.list("Failed", s.once.failures())
		out.line("Check --kafka.server, the network, and the --tls and --sasl flags.")
		return
	}
	out.line("A broker of %s answered, but none of the brokers that it names:", bootstrap)
	for _, n := range nodes {
		out.line("  %d at %s", n.id, n.address)
	}
	out.list("Failed", s.once.failures())
	out.line(advertised)
}

func (s *Sampler) reportACL(out *report, r right) {
	out.line("  kafka-acls --bootstrap-server %s --add --allow-principal User:%s %s",
		s.cfg.Brokers[0], cmp.Or(s.cfg.Security.Principal(), "NAME"), r.arguments)
}

// report writes lines until the first error.
type report struct {
	w   io.Writer
	err error
}

func (r *report) line(format string, args ...any) {
	if r.err == nil {
		_, r.err = fmt.Fprintf(r.w, format+"\n", args...)
	}
}

func (r *report) list(title string, lines []string) {
	for _, l := range lines {
		r.line("%s: %s", title, l)
	}
}

func (s *Sampler) reportBrokers(out *report, w *lag.Wave) {
	if w.ClusterID != "" {
		out.line("Cluster: %s", w.ClusterID)
	}
	out.line("Brokers: %d", len(w.Brokers))
	for _, b := range w.Brokers {
		state := "does not answer"
		switch {
		case b.Up:
			state = s.nodes[b.ID].release()
		case b.Gone:
			state = "left the cluster, and is still a replica"
		}
		out.line("  %d at %s: %s", b.ID, b.Address, state)
	}
}

// release is the Kafka release a broker's request versions belong to.
func (n *node) release() string {
	n.coordinator.mu.Lock()
	defer n.coordinator.mu.Unlock()
	if n.coordinator.session == nil {
		return "up"
	}
	v := n.coordinator.session.versions
	newest := "2.0 or older; 2.1 is the oldest that is supported"
	for _, r := range []struct {
		key, version int16
		name         string
	}{
		{keyOffsetFetch, 5, "2.1"}, {keyOffsetFetch, 6, "2.4"}, {keyOffsetFetch, 7, "2.5"}, {keyListGroups, 4, "2.6"},
		{keyOffsetFetch, 8, "3.0"}, {keyListGroups, 5, "3.8"}, {keyDescribeConsumer, 1, "4.0"},
		{keyShareOffsets, 0, "4.1"}, {keyShareOffsets, shareLagVersion, "4.2"},
	} {
		if max, ok := v[r.key]; ok && max >= r.version {
			newest = r.name + " or newer"
		}
	}
	return fmt.Sprintf("Kafka %s (ListGroups v%d, OffsetFetch v%d)", newest, v[keyListGroups], v[keyOffsetFetch])
}

func (s *Sampler) reportTopics(out *report, w *lag.Wave) {
	topics, partitions, read := 0, 0, 0
	for _, t := range w.Topics {
		if t.Hidden {
			continue
		}
		topics++
		for _, p := range t.Partitions {
			partitions++
			if p.Err == lag.ReasonNone {
				read++
			}
		}
	}
	out.line("Topics: %d with %d partitions, the ends of %d were read", topics, partitions, read)
}

func (s *Sampler) reportGroups(out *report, w *lag.Wave) {
	types, read := map[string]int{}, 0
	for _, g := range w.Groups {
		if !g.CommitsAt.IsZero() {
			read++
		}
		name := string(g.Type)
		switch {
		case g.ListedAt.IsZero():
			name = "expected, not there"
		case name == "":
			name = string(lag.GroupClassic)
		}
		types[name]++
	}
	out.line("Groups: %d, the committed offsets of %d were read", len(w.Groups), read)
	for _, name := range slices.Sorted(maps.Keys(types)) {
		note := ""
		if name == string(lag.GroupShare) {
			note = s.shareNote(w)
		}
		out.line("  %s: %d%s", name, types[name], note)
	}
}

// shareNote says where the lag of share groups is not told.
func (s *Sampler) shareNote(w *lag.Wave) string {
	untold := 0
	for i := range w.Groups {
		if w.Groups[i].Untold {
			untold++
		}
	}
	if untold == 0 {
		return ""
	}
	return fmt.Sprintf(" (%d without lag, which brokers tell from Kafka 4.2 on)", untold)
}

// right is one that is missing.
type right struct{ what, arguments string }

var (
	describeTopics       = right{"DESCRIBE on topics", "--operation Describe --topic '*'"}
	describeTopicConfigs = right{"DESCRIBE_CONFIGS on topics", "--operation DescribeConfigs --topic '*'"}
)

func (s *Sampler) missingRights(ctx context.Context, w *lag.Wave) (missing []right) {
	if ok, known := s.mayDescribeCluster(ctx); known && !ok {
		missing = append(missing, right{
			"DESCRIBE on the cluster; only groups with rights of their own are listed", "--operation Describe --cluster",
		})
	}
	for _, g := range w.Groups {
		if g.Err == lag.ReasonAuthorization {
			missing = append(missing, right{"DESCRIBE on groups, e.g. " + g.ID, "--operation Describe --group '*'"})
			break
		}
	}
	if topic, ok := s.hiddenTopic(ctx, w); ok {
		missing = append(missing, right{describeTopics.what + ", e.g. " + topic, describeTopics.arguments})
	}
	return missing
}
