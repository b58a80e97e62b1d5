package manifest

import (
	"fmt"
	"math"
	"regexp"
	"strings"

	"kafka_burndown_exporter/internal/scale"
)

// compileSeries binds a selector to a signal.
func (c *compiler) compileSeries(n *node, agg string, over Over) (compiled, error) {
	fail := func(format string, args ...any) (compiled, error) {
		return compiled{}, fmt.Errorf("position %d: %s", n.pos+1, fmt.Sprintf(format, args...))
	}
	if n.name == "" {
		return fail("a selector without a series name is not read: name the series")
	}
	ref := Ref{Series: n.name, Over: over, Window: n.window, Offset: n.offset}
	if signal, ok := c.series[n.name]; ok {
		ref.Signal = signal
		return c.bind(ref, "series "+n.name), nil
	}
	info, ok := lookupSeries(n.name)
	if !ok {
		return fail("%s is not a series of this exporter, of kafka_exporter or of the rules, so it cannot be evaluated", n.name)
	}
	ref.Signal = info.signal
	if err := c.selectors(n, &ref); err != nil {
		return compiled{}, err
	}
	ofTopic := info.level == levelTopicOnly || info.level == levelTopicPartition
	switch {
	case ofTopic && ref.Topic == "":
		return fail(`%s needs one topic: add topic="…"`, n.name)
	case !ofTopic && ref.Group == "":
		return fail(`%s needs one consumer group: add consumergroup="…"`, n.name)
	case ofTopic:
		ref.Group = ""
	}
	if info.counter != (over == OverRate) {
		if info.counter {
			return fail("%s is a counter: put rate() or increase() around it", n.name)
		}
		return fail("%s is a gauge: rate() and increase() are for counters, deriv() is its slope", n.name)
	}
	if err := narrow(info, &ref, agg); err != nil {
		return fail("%s %v", n.name, err)
	}
	return c.bind(ref, labelsOf(info.level)), nil
}

// narrow settles which signal the aggregation makes of a series finer than what is asked for.
func narrow(info seriesInfo, ref *Ref, agg string) error {
	fine := info.level == levelPartition || info.level == levelTopicPartition ||
		(info.level == levelTopic && ref.Topic == "")
	if !fine {
		return nil
	}
	signal := Signal(0)
	switch agg {
	case "sum":
		signal = info.sum
	case "max":
		signal = info.max
	case "":
		return fmt.Errorf("gives several elements, which KEDA refuses: put sum() or max() around it")
	}
	if signal == 0 {
		return fmt.Errorf("under %s() is not a figure of the group that can be evaluated here", agg)
	}
	ref.Signal = signal
	return nil
}

func labelsOf(l level) string {
	switch l {
	case levelRecorded:
		return "recorded group"
	case levelGroup:
		return "exported group"
	case levelTopic:
		return "topic of a group"
	case levelPartition:
		return "partition of a group"
	default:
		return "topic"
	}
}

func (c *compiler) bind(ref Ref, labels string) compiled {
	c.query.Refs = append(c.query.Refs, ref)
	upper := math.Inf(1)
	if ref.Signal == SignalLog2x7 && (ref.Over != OverDeriv) {
		upper = scale.DefaultLog2x7Max
	}
	return compiled{labels: labels, upper: upper, eval: func(s Signals) (float64, bool) { return s.Lookup(ref) }}
}

// selectors takes group and topic from the matchers. Matchers on other labels choose a cluster or a namespace,
// which a workload with one of each does not need.
func (c *compiler) selectors(n *node, ref *Ref) error {
	for _, m := range n.matchers {
		var field *string
		switch m.label {
		case "consumergroup":
			field = &ref.Group
		case "topic":
			field = &ref.Topic
		case "partition", "__name__":
			return fmt.Errorf("position %d: matchers on %s are not evaluated here", n.pos+1, m.label)
		default:
			continue
		}
		if m.op != "=" && !(m.op == "=~" && m.value == regexp.QuoteMeta(m.value)) {
			return fmt.Errorf("position %d: %s%s%q may choose several: use %s=\"…\"", n.pos+1, m.label, m.op, m.value, m.label)
		}
		if *field != "" && *field != m.value {
			return fmt.Errorf("position %d: two matchers on %s exclude each other", n.pos+1, m.label)
		}
		*field = strings.TrimSpace(m.value)
	}
	return nil
}
