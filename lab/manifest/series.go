package manifest

import (
	"strings"
	"sync"

	"kafka_burndown_exporter/collector"
	"kafka_burndown_exporter/rules"
)

// lookupSeries finds what a series of this exporter, of kafka_exporter or of the shipped rules shows.
func lookupSeries(name string) (Signal, bool) {
	s, ok := knownSeries()[name]
	return s, ok
}

// knownSeries are the signals by the name of the series: of everything published, and of everything recorded.
var knownSeries = sync.OnceValue(func() map[string]Signal {
	out := map[string]Signal{"up": SignalOther}
	for _, f := range collector.Families() {
		out[f.Name] = signalOf(&f)
	}
	for _, f := range collector.SelfFamilies() {
		out[f.Name] = SignalOther
	}
	b := rules.Shipped()
	for _, name := range b.Records() {
		out[name] = signalOfRecord(b.Record(name), out)
	}
	return out
})

// counters are signals by the counters that they are the rate of.
var counters = map[string]Signal{
	"produced_messages_total": SignalProducerRate, "produced_messages": SignalProducerRate,
	"consumed_messages_total": SignalConsumerRate, "consumed_messages": SignalConsumerRate,
}

func signalOf(f *collector.Family) Signal {
	name := f.Signal()
	switch f.Level {
	case collector.LevelGroupPartition, collector.LevelGroupTopic:
		if strings.HasPrefix(name, "current_offset") {
			return SignalConsumerRate
		}
		name = strings.TrimSuffix(name, "_sum")
	case collector.LevelTopicPartition:
		if name == "current_offset" {
			return SignalProducerRate
		}
	}
	return signalNamed(name)
}

func signalNamed(name string) Signal {
	if s, ok := counters[name]; ok {
		return s
	}
	if s, err := ParseSignal(name); err == nil {
		return s
	}
	return SignalOther
}

// signalOfRecord: level:metric:operation shows what the one exported series shows that it is made of, or what its name
// says: the metric with the operation, or the metric alone.
func signalOfRecord(r *rules.Rule, known map[string]Signal) Signal {
	metric := rules.Metric(r.Record)
	for _, name := range []string{metric + "_" + rules.Operation(r.Record), metric} {
		if s, ok := known[name]; ok && s != SignalOther {
			return s
		}
	}
	prefix := strings.TrimSuffix(collector.Named(collector.LevelGroup, SignalLag.String()), SignalLag.String())
	return signalNamed(strings.TrimPrefix(strings.TrimPrefix(metric, prefix), strings.Replace(prefix, "group", "topic", 1)))
}
