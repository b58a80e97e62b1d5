package manifest

import (
	"fmt"
	"time"
)

// Signal is a quantity of a consumer group that a query can read.
type Signal uint8

// The signals behind the exporter's series and the recorded ones; units as in the metrics contract.
const (
	SignalLag Signal = iota + 1
	SignalLagMax
	SignalBacklog
	SignalLog2x7
	SignalAge
	SignalBurndown
	SignalBurndownMax
	SignalProducerRate
	SignalConsumerRate
	SignalMembers
	SignalPartitions
	SignalUsefulMembers
	SignalPartitionsWithLag
	SignalPartitionsStalled
	SignalComplete
	SignalCapacity
	SignalDesiredRaw
	SignalDesired
	// SignalOther is a series the caller named in Options.Series under a name of its own.
	SignalOther
)

var signalNames = [...]string{
	SignalLag: "lag", SignalLagMax: "lag_max", SignalBacklog: "backlog", SignalLog2x7: "lag_log2x7",
	SignalAge: "lag_seconds", SignalBurndown: "burndown_seconds", SignalBurndownMax: "burndown_max_seconds",
	SignalProducerRate: "producer_rate", SignalConsumerRate: "consumer_rate", SignalMembers: "members",
	SignalPartitions:    "partitions",
	SignalUsefulMembers: "useful_members", SignalPartitionsWithLag: "partitions_with_lag",
	SignalPartitionsStalled: "partitions_stalled", SignalComplete: "complete", SignalCapacity: "member_capacity",
	SignalDesiredRaw: "desired_replicas_raw", SignalDesired: "desired_replicas", SignalOther: "other",
}

// String is the signal's name as in the exporter's series, without their prefix.
func (s Signal) String() string {
	if int(s) < len(signalNames) && signalNames[s] != "" {
		return signalNames[s]
	}
	return fmt.Sprintf("Signal(%d)", uint8(s))
}

// ParseSignal finds a signal by its name.
func ParseSignal(name string) (Signal, error) {
	for s, n := range signalNames {
		if n == name && n != "" {
			return Signal(s), nil
		}
	}
	return 0, fmt.Errorf("no signal is called %q: use one such as lag, backlog or producer_rate", name)
}

// Ref names one series a query reads: a signal of a group, or of one topic of it.
type Ref struct {
	Signal Signal
	// Group is empty for series without a consumergroup label: of a topic, or those of Options.Series.
	Group string
	// Topic is empty for the group's total.
	Topic string
	// Series is the name as written.
	Series string
	// Over is the function over time around the series, and Window its range; empty and 0 for the present value.
	Over   Over
	Window time.Duration
	// Offset is how far back the value lies.
	Offset time.Duration
}

// Over is a function over time.
type Over string

// The functions over time a query may use. A counter under rate() or increase() becomes SignalProducerRate or
// SignalConsumerRate with OverRate and the range as its window.
const (
	OverNone  Over = ""
	OverMax   Over = "max_over_time"
	OverMin   Over = "min_over_time"
	OverAvg   Over = "avg_over_time"
	OverLast  Over = "last_over_time"
	OverDeriv Over = "deriv"
	OverRate  Over = "rate"
)

// Signals answers a query's look-ups; ok false means that there is no sample.
type Signals interface {
	Lookup(ref Ref) (value float64, ok bool)
}

// SignalsFunc makes Signals of a function.
type SignalsFunc func(ref Ref) (float64, bool)

// Lookup calls the function.
func (f SignalsFunc) Lookup(ref Ref) (float64, bool) { return f(ref) }
