package report

import (
	"context"
	"fmt"
	"image/color"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/plot/vg"

	"kafka_burndown_exporter/internal/human"
	"kafka_burndown_exporter/lab/scenario"
	"kafka_burndown_exporter/lab/simulate"
)

// burstFile is the picture of a burst in docs/concepts.md.
var burstFile = filepath.Join("..", "..", "docs", "images", "burst.svg")

// TestBurst simulates a burst, checks what every signal says of it, and draws the picture of it:
//
//	cd lab && go test ./report -run Burst -update
func TestBurst(t *testing.T) {
	sc, err := scenario.Load(filepath.Join("testdata", "burst.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	results, err := simulate.Run(context.Background(), sc, candidates(t, sc)[0], simulate.Options{Trace: true})
	if err != nil {
		t.Fatal(err)
	}
	trace := results[0].Trace
	signals := map[string][]float64{}
	names := []string{"desired", "lag", "backlog", "age", "burndown", "log2x7", "capacity", "useful"}
	if len(trace.Metrics) != 1+len(names) {
		t.Fatalf("%d metrics", len(trace.Metrics))
	}
	for i, name := range names {
		signals[name] = readings(trace, 1+i)
	}
	checkBurst(t, signals)
	got := burstPicture(t, sc, trace, signals)
	if *update {
		if err := os.WriteFile(burstFile, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if want, err := os.ReadFile(burstFile); err != nil || got != string(want) {
		t.Errorf("%s shows another burst (%v); look at it, and draw it anew with -update", burstFile, err)
	}
}

// readings are the values of a trigger, of which the trace has the ratio to the target; NaN before the first.
func readings(trace *simulate.Trace, trigger int) []float64 {
	const target = 1e6
	ratios := trace.Metrics[trigger].Value
	out := slices.Repeat([]float64{math.NaN()}, len(trace.At)-len(ratios))
	for _, v := range ratios {
		out = append(out, v*target)
	}
	return out
}

// checkBurst holds the picture to the text around it.
func checkBurst(t *testing.T, s map[string][]float64) {
	t.Helper()
	peak := func(name string) (top float64, at int) {
		for i, v := range s[name] {
			if !math.IsNaN(v) && v > top {
				top, at = v, i
			}
		}
		return top, at
	}
	lag, _ := peak("lag")
	log2x7, _ := peak("log2x7")
	if want := 7 * math.Log2(lag); math.Abs(log2x7-want) > 0.5 {
		t.Errorf("log2×7 is %.1f at most, want %.1f for a lag of %.0f", log2x7, want, lag)
	}
	if backlog, _ := peak("backlog"); math.Abs(backlog-lag) > 1 {
		t.Errorf("the backlog is %.0f at most, the lag %.0f", backlog, lag)
	}
	if rest := s["log2x7"][len(s["log2x7"])-1]; math.Round(rest) != 48 || math.Round(log2x7) != 95 {
		t.Errorf("log2×7 is %.1f at rest and %.1f at most, the text says 48 and 95", rest, log2x7)
	}
	var course []float64
	for _, v := range s["desired"] {
		if !math.IsNaN(v) && (len(course) == 0 || course[len(course)-1] != v) {
			course = append(course, v)
		}
	}
	if useful, _ := peak("useful"); !slices.Equal(course, []float64{1, 12, 6, 1}) || useful != 12 {
		t.Errorf("desired replicas are %v of %.0f useful ones", course, useful)
	}
	age, latest := peak("age")
	burndown, soonest := peak("burndown")
	if age >= 60 || burndown < 4*age || soonest > latest {
		t.Errorf("age is %.0f s at most (point %d), burndown %.0f s (point %d)", age, latest, burndown, soonest)
	}
	known := slices.IndexFunc(s["capacity"], func(v float64) bool { return !math.IsNaN(v) })
	if last := s["capacity"][len(s["capacity"])-1]; known <= 0 || math.Abs(last-50) > 5 {
		t.Errorf("the capacity is known from point %d on, and %.1f at the end, want 50", known, last)
	}
}

// inPoints are sizes with a unit; within a picture there are the picture's units only.
var inPoints = regexp.MustCompile(`(width|height)="([0-9.]+)pt"`)

// burstPicture draws the signals above each other on one time axis.
func burstPicture(t *testing.T, sc *scenario.Scenario, trace *simulate.Trace, s map[string][]float64) string {
	t.Helper()
	of := func(name string, y []float64, c color.RGBA, width vg.Length) line {
		return line{x: trace.At, y: y, color: c, width: width, name: name}
	}
	step := func(l line) line { l.step = true; return l }
	charts := []chart{
		{title: "Messages/s", lines: []line{of("produced", trace.Rate, blue, 1.4), of("consumed", trace.Consumed, orange, 1)}},
		{title: "Messages: lag, and the backlog on it (every partition has a commit)", lines: []line{
			of("lag", s["lag"], palette[5], 2.6), of("backlog", s["backlog"], palette[7], 0.8)}},
		{title: "Seconds (dashed: the objective)", marks: []float64{sc.Services[0].Objective.MaxAge.Seconds()}, lines: []line{
			of("age", s["age"], palette[3], 1.2), of("burndown", s["burndown"], palette[6], 1.2)}},
		{title: "log2×7", lines: []line{of("log2×7", s["log2x7"], palette[4], 1.4)}},
		{title: "Capacity of a member, messages/s: absent until one has been seen behind", lines: []line{of("capacity", s["capacity"], palette[2], 1.4)}},
		{title: "Replicas", lines: []line{step(of("useful members", s["useful"], grey, 1)), step(of("desired replicas", s["desired"], blue, 1.8)),
			step(of("ready", trace.Ready, orange, 1))}},
	}
	const gap = 16 // points, for the title
	var b strings.Builder
	top := vg.Length(0)
	for i := range charts {
		c := &charts[i]
		c.width, c.height, c.unit, c.yMax = wideWidth, 3.2*vg.Centimeter, wide(human.Compact), 1
		for _, l := range c.lines {
			for _, v := range l.y {
				if !math.IsNaN(v) {
					c.yMax = max(c.yMax, 1.4*v)
				}
			}
		}
		text, err := c.drawn()
		if err != nil {
			t.Fatal(err)
		}
		_, text, _ = strings.Cut(text, "<svg")
		text = inPoints.ReplaceAllString(text, `$1="$2"`)
		fmt.Fprintf(&b, `<text x="6" y="%.0f">%s</text>`+"\n"+`<svg x="0" y="%.0f"%s`, float64(top)+gap-4, c.title, float64(top)+gap, text)
		top += c.height + gap
	}
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %.0f %.0f" role="img" aria-label="%s" font-family="Liberation Sans, sans-serif" font-size="9">
<rect width="100%%" height="100%%" fill="white"/>
%s</svg>
`, float64(wideWidth), float64(top), sc.Title, b.String())
}
