package web

import (
	"math"
	"net/url"
	"strconv"
	"time"

	"kafka_burndown_exporter/internal/human"
	"kafka_burndown_exporter/internal/lag"
	"kafka_burndown_exporter/internal/pilot"
	"kafka_burndown_exporter/internal/scale"
)

// What the page takes where the reader gives nothing else.
const (
	defaultLagTarget      = 1000
	defaultLog2x7Target   = 100
	defaultBurndownTarget = 30
	// noMaximum stands for maxReplicaCount where no ceiling is known.
	noMaximum = 1000
	// maxInput bounds what a reader may type, so that the arithmetic stays in range.
	maxInput = 1e9
)

// input is a number that the reader may change.
type input struct {
	Key, Title, Unit string
	Value            string
	Help             string
}

// ask is what one published metric would make of the replicas.
type ask struct {
	Title, Metric string
	Kind          string
	Value, Target string
	Formula       string
	Result        string // replicas, or unknown
	Note          string
}

type askView struct {
	Inputs []input
	Rows   []ask
	Active string
}

// question is the input of all rows.
type question struct {
	replicas, ceiling    int32
	lagTarget, logTarget float64
	burndownTarget       float64
	replicasKnown        bool
}

func newAsk(g *lag.Group, values url.Values) askView {
	q := newQuestion(g, values)
	v := askView{Inputs: q.inputs(), Active: activation(g)}
	v.Rows = []ask{
		q.row("Lag", "kafka_group_lag", g.Lag, scale.AverageValue, q.lagTarget, human.Count, "lag ÷ target"),
		q.row("log2×7 of lag", "kafka_group_lag_log2x7", g.LagLog2x7, scale.Value, q.logTarget, human.Decimal, "replicas × value ÷ target"),
		q.row("Burndown", "kafka_group_burndown_seconds", g.BurndownSeconds, scale.Value, q.burndownTarget, human.Span, "replicas × value ÷ target"),
		desired(g),
	}
	v.Rows[2].Note = "jumps when members come and go: better for alerts than for scaling"
	return v
}

// newQuestion reads the reader's numbers, and takes the group's own where there are none.
func newQuestion(g *lag.Group, values url.Values) question {
	q := question{ceiling: noMaximum}
	if g.UsefulMembers > 0 {
		q.ceiling = int32(min(g.UsefulMembers, noMaximum))
	}
	replicas, ok := number(values, "replicas")
	if !ok && g.Members > 0 {
		replicas, ok = float64(g.Members), true
	}
	q.replicas, q.replicasKnown = int32(min(replicas, noMaximum)), ok
	q.lagTarget = orDefault(values, "lag", defaultLagTarget)
	q.logTarget = orDefault(values, "log2x7", defaultLog2x7Target)
	q.burndownTarget = orDefault(values, "burndown", defaultBurndownTarget)
	return q
}

// number reads a positive number.
func number(values url.Values, key string) (float64, bool) {
	v, err := strconv.ParseFloat(values.Get(key), 64)
	if err != nil || !(v > 0 && v <= maxInput) {
		return 0, false
	}
	return v, true
}

func orDefault(values url.Values, key string, def float64) float64 {
	if v, ok := number(values, key); ok {
		return v
	}
	return def
}

func (q *question) inputs() []input {
	plain := func(v float64, ok bool) string {
		if !ok {
			return ""
		}
		return strconv.FormatFloat(math.Round(v*100)/100, 'f', -1, 64)
	}
	return []input{
		{"replicas", "Replicas now", "", plain(float64(q.replicas), q.replicasKnown), "the members, unless you say otherwise"},
		{"lag", "Lag a replica", "messages", plain(q.lagTarget, true), "target of the lag metric, AverageValue"},
		{"log2x7", "log2×7 target", "", plain(q.logTarget, true), "target, Value; " + human.Count(scale.LagForLog2x7(q.logTarget)) + " messages"},
		{"burndown", "Burndown target", "seconds", plain(q.burndownTarget, true), "target, Value"},
	}
}

// row is one metric put to an HPA of its own: no behaviour, the default tolerance, up to the useful members.
func (q *question) row(title, metric string, value float64, kind scale.TargetKind, target float64,
	format func(float64) string, formula string,
) ask {
	a := ask{Title: title, Metric: metric, Kind: kind.String(), Value: format(value), Target: format(target), Formula: formula,
		Result: human.Unknown}
	if !lag.Known(value) || !q.replicasKnown || q.replicas < 1 {
		return a
	}
	hpa := scale.NewHPA(scale.HPASpec{MinReplicas: 1, MaxReplicas: max(q.ceiling, q.replicas),
		Metrics: []scale.MetricSpec{{Name: metric, Kind: kind, Target: milli(target)}}})
	d := hpa.Reconcile(time.Time{}, scale.Observation{SpecReplicas: q.replicas, StatusReplicas: q.replicas,
		ReadyReplicas: q.replicas, Metrics: []scale.Reading{{Milli: milli(value)}}})
	if d.Winner < 0 {
		return a
	}
	a.Result = human.Whole(int(d.Proposed))
	switch {
	case d.Proposals[0].Tolerated:
		a.Note = "within 10 % of the target: stays"
	case d.Proposed > q.ceiling && q.ceiling < noMaximum:
		a.Note = "only " + human.Whole(int(q.ceiling)) + " replicas can have a partition"
	}
	return a
}

func milli(v float64) int64 { return int64(math.Round(min(v, maxInput*maxInput/1e3) * 1000)) }

// desired is what the exporter itself asks for, at a target of 1.
func desired(g *lag.Group) ask {
	a := ask{Title: "Desired replicas", Metric: "kafka_group_desired_replicas", Kind: scale.AverageValue.String(),
		Value: human.Unknown, Target: "1", Formula: "value ÷ target", Result: human.Unknown}
	d := &g.Decision
	if !g.Decided {
		return a
	}
	a.Note = because[d.Reason]
	if lag.Known(d.Capacity) {
		a.Note += "; one member was measured to handle " + human.Rate(d.Capacity)
	}
	if d.Known {
		a.Value = human.Whole(d.Replicas)
		a.Result = a.Value
	}
	return a
}

// because says for people why the desired replicas are what they are.
var because = [...]string{
	pilot.ReasonRate:            "as many as carry what is produced",
	pilot.ReasonBacklog:         "so that what waits is read before it is late",
	pilot.ReasonUrgent:          "messages are late or about to be",
	pilot.ReasonIdle:            "nothing is produced and nothing waits",
	pilot.ReasonCapacityUnknown: "what a member can do was not measured yet: it needs a backlog",
	pilot.ReasonHeld:            "fewer might do; the exporter waits until that is clear",
	pilot.ReasonFailed:          "fewer were tried at this rate and did not suffice",
	pilot.ReasonStuck:           "what waits would not be read sooner by more members",
	pilot.ReasonCeiling:         "more would be needed than can have a partition",
	pilot.ReasonOffsets:         "some partition could not be read",
	pilot.ReasonMembers:         "the members could not be read, or the group commits without any",
	pilot.ReasonStarting:        "too few samples were taken yet",
}

// activation is what scaling from zero would see.
func activation(g *lag.Group) string {
	switch {
	case !lag.Known(g.Backlog):
		return human.Unknown
	case g.Backlog > 0:
		return "active: " + human.Count(g.Backlog) + " messages are waiting"
	default:
		return "inactive: nothing is waiting"
	}
}
