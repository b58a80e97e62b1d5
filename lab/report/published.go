package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"kafka_burndown_exporter/internal/human"
	"kafka_burndown_exporter/internal/scale"
	"kafka_burndown_exporter/lab/scenario"
	"kafka_burndown_exporter/lab/simulate"
)

// published prints figures that stand elsewhere beside those of the default candidate.
func published(p *Printer, r *simulate.Report) {
	pub := r.Scenario.Published
	if pub == nil {
		return
	}
	res := defaultResult(r)
	if res == nil {
		return
	}
	if len(pub.Timeline) > 0 && res.Trace != nil {
		p.Line("")
		p.Line("Published timeline beside the real algorithm (%s, %s)", pub.Service, res.Candidate)
		p.Table(timelineRows(pub, res), func(int) bool { return false })
		p.Line("Replicas in the run: %s", strings.Join(changesWithin(pub, res), ", "))
	}
	if len(pub.Claims) > 0 {
		p.Line("")
		p.Line("Published results beside the run (%s)", pub.Service)
		p.Table(claimRows(r, res), func(i int) bool { return i == 0 })
	}
	if len(pub.Why) > 0 {
		p.Line("")
		p.Line("Why they differ")
		for _, w := range pub.Why {
			p.Line("  - %s", w)
		}
	}
	if pub.Example != nil {
		p.Line("")
		p.Line("Worked example: %d replicas, accepted lag %s; replicas that one reconcile asks for", pub.Example.Replicas, human.Compact(pub.Example.Accepted))
		p.Table(exampleRows(pub.Example), func(i int) bool { return i == 0 })
		p.Line("The base and the factor cancel in the ratio; rounded targets are what makes the small differences.")
	}
}

// defaultResult is the published service under the scenario's default candidate.
func defaultResult(r *simulate.Report) *simulate.Result {
	def := r.Scenario.DefaultCandidate()
	if def == nil {
		return nil
	}
	return r.Result(def.Name, r.Scenario.Published.Service)
}

func timelineRows(pub *scenario.Published, res *simulate.Result) [][]string {
	head := []string{"T+"}
	text := [][]string{{"published events/s"}, {"lag"}, {"replicas"}, {"simulated events/s"}, {"lag"}, {"age"}, {"replicas"}, {"ready"}}
	t := res.Trace
	for _, c := range pub.Timeline {
		head = append(head, strconv.Itoa(int(c.At.Seconds())))
		i := nearest(t, (pub.Offset + c.At).Seconds())
		cells := []string{human.Compact(c.Rate), human.Compact(c.Lag), c.Replicas, human.Compact(t.Rate[i]), human.Compact(t.Lag[i]), human.CompactSpan(t.Age[i]),
			stepTo(t.Replicas, i), human.Number(t.Ready[i])}
		for j, cell := range cells {
			text[j] = append(text[j], cell)
		}
	}
	return append([][]string{head}, text...)
}

// stepTo writes the replicas at a point, and where they came from if they have just changed.
func stepTo(v []float64, i int) string {
	if i > 0 && v[i-1] != v[i] {
		return human.Number(v[i-1]) + "→" + human.Number(v[i])
	}
	return human.Number(v[i])
}

// nearest is the point nearest to a time.
func nearest(t *simulate.Trace, at float64) int {
	best := 0
	for i := range t.At {
		if math.Abs(t.At[i]-at) < math.Abs(t.At[best]-at) {
			best = i
		}
	}
	return best
}

// changesWithin lists the changes of replicas during the published timeline.
func changesWithin(pub *scenario.Published, res *simulate.Result) []string {
	from := pub.Offset.Seconds()
	to := from + pub.Timeline[len(pub.Timeline)-1].At.Seconds()
	var out []string
	for _, e := range res.Events {
		if e.At >= from && e.At <= to+float64(time.Minute/time.Second) {
			out = append(out, fmt.Sprintf("T+%.0f %d→%d", e.At-from, e.From, e.To))
		}
	}
	return out
}

// claimRows puts published results beside the run without autoscaling and the run of the default candidate.
func claimRows(r *simulate.Report, res *simulate.Result) [][]string {
	pub := r.Scenario.Published
	rows := [][]string{{"", "published before", "published after", "simulated fixed", "simulated " + res.Candidate}}
	still := fixed(r, pub.Service)
	for _, c := range pub.Claims {
		row := []string{c.What, c.Before, c.After, "", measure(c.Measure, res)}
		if still != nil {
			row[3] = measure(c.Measure, still)
			if c.Measure == "cost" {
				row[4] += " (" + human.Change(res.Cost, still.Cost) + ")"
			}
		}
		rows = append(rows, row)
	}
	return rows
}

// fixed is the result of the candidate that does not scale the service.
func fixed(r *simulate.Report, service string) *simulate.Result {
	for _, c := range r.Candidates {
		if !c.Controls(service) {
			if res := r.Result(c.Name, service); res != nil {
				return res
			}
		}
	}
	return nil
}

func measure(name string, r *simulate.Result) string {
	switch name {
	case "peakLag":
		return human.Compact(r.PeakLag)
	case "maxAge":
		return human.CompactSpan(r.MaxAge)
	case "p95Age":
		return human.CompactSpan(r.P95Age)
	case "maxReplicas":
		return strconv.Itoa(r.MaxReplicas)
	case "cost":
		return strconv.FormatFloat(r.Cost, 'f', 2, 64)
	}
	return ""
}

// exampleRows asks the HPA itself.
func exampleRows(ex *scenario.Example) [][]string {
	log2 := func(v float64) float64 { return math.Log2(v) }
	metrics := []struct {
		name   string
		of     func(float64) float64
		target float64
	}{
		{"lag", func(v float64) float64 { return v }, ex.Accepted},
		{"log2(lag)", log2, log2(ex.Accepted)},
		{"log2(lag), rounded target", log2, math.Floor(log2(ex.Accepted))},
		{"7·log2(lag)", func(v float64) float64 { return scale.Log2x7(v, math.Inf(1)) }, scale.Log2x7(ex.Accepted, math.Inf(1))},
		{"7·log2(lag), rounded target", func(v float64) float64 { return scale.Log2x7(v, math.Inf(1)) }, 7 * math.Floor(log2(ex.Accepted))},
		{"log10(lag)", math.Log10, math.Log10(ex.Accepted)},
	}
	head := []string{"metric", "target"}
	for _, l := range ex.Lags {
		head = append(head, "at lag "+human.Compact(l))
	}
	rows := [][]string{head}
	for _, m := range metrics {
		row := []string{m.name, strconv.FormatFloat(m.target, 'f', -1, 64)}
		if len(row[1]) > 6 {
			row[1] = strconv.FormatFloat(m.target, 'f', 3, 64)
		}
		for _, l := range ex.Lags {
			row = append(row, strconv.Itoa(int(askOnce(ex.Replicas, m.of(l), m.target))))
		}
		rows = append(rows, row)
	}
	return rows
}

// askOnce is the proposal of one reconcile for a Value metric.
func askOnce(replicas int, value, target float64) int32 {
	hpa := scale.NewHPA(scale.HPASpec{MinReplicas: 1, MaxReplicas: math.MaxInt32,
		Metrics: []scale.MetricSpec{{Kind: scale.Value, Target: scale.Milli(target)}}})
	n := int32(replicas)
	d := hpa.Reconcile(time.Unix(0, 0), scale.Observation{SpecReplicas: n, StatusReplicas: n, ReadyReplicas: n,
		Metrics: []scale.Reading{{Milli: scale.Milli(value)}}})
	return d.Proposed
}
