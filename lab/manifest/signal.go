package manifest

import "fmt"

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
	SignalDesired
	// SignalOther is every other series: one that the caller named in Options.Series, or that shows nothing above.
	SignalOther
)

// signalNames are the signals as the exporter's series have them, without what their level puts in front.
var signalNames = [...]string{
	SignalLag: "lag", SignalLagMax: "lag_max", SignalBacklog: "backlog", SignalLog2x7: "lag_log2x7",
	SignalAge: "lag_seconds", SignalBurndown: "burndown_seconds", SignalBurndownMax: "burndown_max_seconds",
	SignalProducerRate: "producer_rate", SignalConsumerRate: "consumer_rate", SignalMembers: "members",
	SignalPartitions:    "partitions",
	SignalUsefulMembers: "useful_members", SignalPartitionsWithLag: "partitions_with_lag",
	SignalPartitionsStalled: "partitions_stalled", SignalComplete: "complete", SignalCapacity: "member_capacity",
	SignalDesired: "desired_replicas", SignalOther: "other",
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
