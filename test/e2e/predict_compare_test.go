package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// margin is how far a measured figure may lie outside what the phases span: a part of the span's nearer end, and an
// absolute part for what the test itself cannot see more exactly.
type margin struct{ relative, absolute float64 }

// tolerances of the comparison. A second of the test is ten of the original.
type tolerances struct {
	peakLag, replicaSeconds, times margin
	changes                        int
	// timeline is how far the replicas may be off the nearest phase on average; relative to the most replicas.
	timeline margin
}

// quiet holds on a machine that has nothing else to do.
var quiet = tolerances{
	peakLag: margin{relative: 0.15, absolute: 20}, replicaSeconds: margin{relative: 0.05, absolute: 5},
	times: margin{absolute: 2}, changes: 3,
	// docs/simulate.md: at most 1.4 % of the most replicas in eight cases.
	timeline: margin{relative: 0.03, absolute: 0.1},
}

// sawing is quiet for a trigger that asks for lag alone: a few messages more at one sync are a step of five pods or none.
func sawing() tolerances {
	t := quiet
	t.replicaSeconds.relative = 0.15
	return t
}

// band is what a figure is over all phases.
type band struct{ least, middle, most float64 }

func bandOf(all []figures, figure func(figures) float64) band {
	var values []float64
	for _, f := range all {
		values = append(values, figure(f))
	}
	slices.Sort(values)
	return band{values[0], values[len(values)/2], values[len(values)-1]}
}

// outside is how far a value lies outside the band and its margin, 0 within.
func (b band) outside(v float64, m margin) float64 {
	low, high := b.least*(1-m.relative)-m.absolute, b.most*(1+m.relative)+m.absolute
	return max(low-v, v-high, 0)
}

// wider is what to allow where other tests ran beside.
func (t tolerances) wider() tolerances {
	for _, m := range []*margin{&t.peakLag, &t.replicaSeconds, &t.times, &t.timeline} {
		m.relative, m.absolute = slack*m.relative, slack*m.absolute
	}
	t.changes *= slack
	return t
}

// compare holds a measured course to the simulated ones and prints both in one table. On a machine that was too busy
// nothing fails; what lies within the wide margins is counted as held to them, or else as skipped.
func compare(t *testing.T, name string, measured *course, predicted []*course, mark float64, allowed tolerances) {
	t.Helper()
	var all []figures
	for _, c := range predicted {
		all = append(all, c.figures(mark))
	}
	is := measured.figures(mark)
	var out strings.Builder
	fmt.Fprintf(&out, "\n%s, predicted over %d phases\n| | measured | predicted: middle | least | most | difference to the middle |\n|---|--:|--:|--:|--:|--:|\n", name, len(predicted))
	const drained = "s to the drained lag"
	strictness := strictnessAt(measured.pressure)
	if strictness != held {
		allowed = allowed.wider()
	}
	times := allowed.times
	var outside []string
	for _, row := range []struct {
		what   string
		figure func(figures) float64
		margin margin
	}{
		{"peak lag", func(f figures) float64 { return f.peakLag }, allowed.peakLag},
		{"replica-seconds", func(f figures) float64 { return f.replicaSeconds }, allowed.replicaSeconds},
		{"s to the first scale-up", func(f figures) float64 { return f.firstUp }, times},
		{"s to the most replicas", func(f figures) float64 { return f.atMost }, times},
		{drained, func(f figures) float64 { return f.drained }, times},
		{"s to the first scale-down", func(f figures) float64 { return f.firstDown }, times},
		{"most replicas", func(f figures) float64 { return float64(f.most) }, margin{absolute: 1}},
		{"changes", func(f figures) float64 { return float64(f.changes) }, margin{absolute: float64(allowed.changes)}},
	} {
		v, b := row.figure(is), bandOf(all, row.figure)
		difference := "0"
		if v != b.middle {
			difference = fmt.Sprintf("%+.1f", v-b.middle)
			if b.middle != 0 {
				difference += fmt.Sprintf(" (%+.0f %%)", 100*(v/b.middle-1))
			}
		}
		fmt.Fprintf(&out, "| %s | %.4g | %.4g | %.4g | %.4g | %s |\n", row.what, v, b.middle, b.least, b.most, difference)
		if row.what == drained && v == 0 {
			continue // the lag never passed the mark: whether it should have is the peak's to say
		}
		if off := b.outside(v, row.margin); off > 0 {
			outside = append(outside, fmt.Sprintf("%s is %.4g, predicted %.4g to %.4g: %.3g outside the margin", row.what, v, b.least, b.most, off))
		}
	}
	nearest := slices.MinFunc(predicted, func(a, b *course) int {
		return sign(a.distance(measured) - b.distance(measured))
	})
	off, most := nearest.distance(measured), bandOf(all, func(f figures) float64 { return float64(f.most) }).most
	if limit := allowed.timeline.relative*most + allowed.timeline.absolute; off > limit {
		outside = append(outside, fmt.Sprintf("the replicas are %.2f off the nearest phase on average, %.2f are allowed", off, limit))
	}
	waited := fmt.Sprintf("something waited for a processor %.0f %% of the time", 100*measured.pressure)
	if measured.pressure == unknownPressure {
		waited = "the kernel does not tell how short of processors it was: the wide margins hold"
	}
	fmt.Fprintf(&out, "%s\nmeasured: %s\npredicted, nearest phase (%.2f replicas off on average): %s", waited, measured.steps(), off, nearest.steps())
	t.Log(out.String())
	switch {
	case strictness == skipped && len(outside) == 0:
		strictness = widened // it held all the same
	case strictness == skipped:
		t.Logf("%s: the machine was too busy for what is outside: %q", name, outside)
	case len(outside) > 0:
		t.Errorf("%s: %q", name, outside)
	}
	compared.note(strictness)
}

func sign(v float64) int {
	switch {
	case v < 0:
		return -1
	case v > 0:
		return 1
	}
	return 0
}

// distance is the mean difference of the replicas of two courses.
func (c *course) distance(other *course) float64 {
	sum := 0.0
	const slice = 0.1
	for at := 0.0; at < c.length; at += slice {
		sum += slice * max(c.at(at)-other.at(at), other.at(at)-c.at(at))
	}
	return sum / c.length
}

// at is the number of replicas at a time.
func (c *course) at(seconds float64) float64 {
	v := c.replicas[0].value
	for _, r := range c.replicas {
		if r.at > seconds {
			break
		}
		v = r.value
	}
	return v
}
