package report

import (
	"bytes"
	"fmt"
	"image/color"
	"math"
	"slices"
	"strings"
	"sync"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"

	"kafka_burndown_exporter/internal/human"
	"kafka_burndown_exporter/lab/simulate"
)

// A plot is drawn in the colours of the page's light form; style turns each into the CSS variable that has both forms.
var (
	palette = []color.RGBA{ // candidates; they stay apart for colour-blind eyes and in grey print
		{0x1f, 0x5f, 0xa8, 0xff}, {0xc8, 0x5a, 0x00, 0xff}, {0x2e, 0x7d, 0x32, 0xff}, {0x8e, 0x24, 0xaa, 0xff},
		{0xa8, 0x7b, 0x00, 0xff}, {0x00, 0x83, 0x8f, 0xff}, {0xc2, 0x18, 0x5b, 0xff}, {0x5d, 0x40, 0x37, 0xff},
	}
	blue, orange = palette[0], palette[1]
	grey         = color.RGBA{0x8a, 0x8a, 0x8a, 0xff}
	light        = color.RGBA{0xe4, 0xe4, 0xe4, 0xff}
	band         = color.RGBA{0xe8, 0xf0, 0xe4, 0xff}
)

// paint is the colour of the i-th candidate.
func paint(i int) color.RGBA { return palette[i%len(palette)] }

// style replaces the colours of an SVG by the page's variables.
var style = sync.OnceValue(func() *strings.Replacer {
	var pairs []string
	add := func(c color.RGBA, name string) {
		pairs = append(pairs, fmt.Sprintf("#%02X%02X%02X", c.R, c.G, c.B), "var(--"+name+")")
	}
	for i, c := range palette {
		add(c, fmt.Sprintf("c%d", i))
	}
	add(grey, "axis")
	add(light, "grid")
	add(band, "band")
	add(color.RGBA{}, "ink")
	return strings.NewReplacer(pairs...)
})

const (
	smallWidth, smallHeight = 9.2 * vg.Centimeter, 4.2 * vg.Centimeter
	wideWidth, wideHeight   = 17 * vg.Centimeter, 4.6 * vg.Centimeter
	scatterSize             = 9.6 * vg.Centimeter
	// plotPoints bounds the points of a line; extremes within a bucket are kept.
	plotPoints = 500
)

type line struct {
	x, y  []float64
	color color.Color
	width vg.Length
	step  bool
	name  string
}

// chart is one plot of a report.
type chart struct {
	title         string
	width, height vg.Length
	lines         []line
	yMin, yMax    float64
	log           bool
	marks         []float64 // horizontal lines
	band          bool      // the HPA's dead band around 1
	unit          func(float64) string
}

// overlays draw lag, age and replicas of all results on shared axes; the highlighted one lies on top.
func overlays(results []*simulate.Result, highlight *simulate.Result, objective, drained float64) []chart {
	out := []chart{
		{title: "Lag, messages (dashed: drained)", log: true, yMin: 10, yMax: 100, marks: []float64{drained}, unit: human.Compact},
		{title: "Age of the oldest message, s (dashed: the objective)", log: true, yMin: 1, yMax: 10, marks: []float64{objective}, unit: human.Compact},
		{title: "Replicas asked for", yMax: 1, unit: human.Compact},
	}
	add := func(i int) {
		r := results[i]
		width := vg.Length(0.9)
		if r == highlight {
			width = 2
		}
		for k, y := range [][]float64{r.Trace.Lag, r.Trace.Age, r.Trace.Replicas} {
			out[k].lines = append(out[k].lines, line{x: r.Trace.At, y: y, color: paint(i), width: width, step: k == 2})
		}
		out[0].yMax, out[1].yMax = max(out[0].yMax, 1.3*r.PeakLag), max(out[1].yMax, 1.3*r.MaxAge)
		out[2].yMax = max(out[2].yMax, 1.1*float64(r.MaxReplicas))
	}
	for i, r := range results {
		if r != highlight {
			add(i)
		}
	}
	for i, r := range results {
		if r == highlight {
			add(i)
		}
	}
	for k := range out {
		out[k].width, out[k].height = wideWidth, wideHeight
		out[k].unit = wide(out[k].unit)
	}
	return out
}

// wide pads labels to one width with figure spaces, so that charts above each other share the time axis.
func wide(unit func(float64) string) func(float64) string {
	return func(v float64) string {
		text := unit(v)
		return strings.Repeat("\u2007", max(0, 5-len([]rune(text)))) + text
	}
}

// own draws what belongs to one result alone.
func own(r *simulate.Result) []chart {
	t := r.Trace
	out := []chart{
		{title: "Replicas asked for and ready", yMax: max(float64(r.MaxReplicas), 1) * 1.25, unit: human.Compact,
			lines: []line{{x: t.At, y: t.Ready, color: orange, width: 1, step: true, name: "ready"},
				{x: t.At, y: t.Replicas, color: blue, width: 1.2, step: true, name: "asked for"}}},
		{title: "Produced and consumed, messages/s", yMax: max(slices.Max(t.Rate), 1) * 1.25, unit: human.Compact,
			lines: []line{{x: t.At, y: t.Consumed, color: orange, width: 0.8, name: "consumed"},
				{x: t.At, y: t.Rate, color: blue, width: 1, name: "produced"}}},
	}
	if len(t.Metrics) > 0 {
		out = append(out, metricChart(t))
	}
	for k := range out {
		out[k].width, out[k].height = smallWidth, smallHeight
	}
	return out
}

// metricChart shows each trigger against its target.
func metricChart(t *simulate.Trace) chart {
	c := chart{title: "Metric ÷ target (band: the HPA's tolerance)", yMax: 3, marks: []float64{1}, band: true,
		unit: func(v float64) string { return human.Number(math.Round(v*100) / 100) }}
	for i, m := range t.Metrics {
		l := line{x: t.At[len(t.At)-len(m.Value):], y: m.Value, color: blue, width: 1, name: m.Name}
		if i > 0 {
			l.color, l.width = orange, 0.8
		}
		c.lines = append(c.lines, l)
	}
	return c
}

// svg draws the chart as an element to be put into HTML, in the page's colours.
func (c *chart) svg(label string) (string, error) {
	text, err := c.drawn()
	return dressed(text, label), err
}

// drawn is the chart as an SVG.
func (c *chart) drawn() (string, error) {
	p := plot.New()
	c.axes(p)
	if c.band {
		c.drawBand(p)
	}
	for _, y := range c.marks {
		if y > c.yMin && y < c.yMax {
			c.horizontal(p, y)
		}
	}
	for i := range c.lines {
		if err := c.draw(p, &c.lines[i]); err != nil {
			return "", err
		}
	}
	return render(p, c.width, c.height)
}

// render draws a plot as an SVG.
func render(p *plot.Plot, width, height vg.Length) (string, error) {
	canvas := vgsvg.New(width, height)
	p.Draw(draw.New(canvas))
	var b bytes.Buffer
	if _, err := canvas.WriteTo(&b); err != nil {
		return "", fmt.Errorf("draw a plot: %w", err)
	}
	return b.String(), nil
}

// dressed makes an SVG an element to be put into HTML, in the page's colours.
func dressed(svg, label string) string {
	text := style().Replace(svg)
	if i := strings.Index(text, "<svg"); i >= 0 {
		text = text[i:]
	}
	return strings.Replace(text, "<svg", fmt.Sprintf(`<svg role="img" aria-label=%q`, label), 1)
}

// dress gives a plot its fonts, axes and grid.
func dress(p *plot.Plot) {
	p.BackgroundColor = color.Transparent
	face := font.Font{Typeface: "Liberation", Variant: "Sans", Size: 7.5}
	for _, axis := range []*plot.Axis{&p.X, &p.Y} {
		axis.Tick.Label.Font, axis.Label.TextStyle.Font = face, face
		axis.LineStyle.Color, axis.Tick.LineStyle.Color = grey, grey
	}
	p.Legend.TextStyle.Font = face
	grid := plotter.NewGrid()
	grid.Vertical.Color, grid.Horizontal.Color = light, light
	grid.Vertical.Width, grid.Horizontal.Width = 0.4, 0.4
	p.Add(grid)
}

func (c *chart) axes(p *plot.Plot) {
	dress(p)
	end := c.lines[0].x[len(c.lines[0].x)-1]
	p.X.Min, p.X.Max = 0, end
	p.X.Tick.Marker = timeTicks(end)
	p.Y.Min, p.Y.Max = c.yMin, c.yMax
	p.Y.Tick.Marker = linearTicks{c.unit}
	if c.log {
		p.Y.Scale = plot.LogScale{}
		p.Y.Tick.Marker = logTicks{c.unit}
	}
	p.Legend.Top = true
	p.Legend.ThumbnailWidth = 0.5 * vg.Centimeter
	p.Legend.Padding = 2
}

func (c *chart) drawBand(p *plot.Plot) {
	poly, err := plotter.NewPolygon(plotter.XYs{{X: 0, Y: 0.9}, {X: p.X.Max, Y: 0.9}, {X: p.X.Max, Y: 1.1}, {X: 0, Y: 1.1}})
	if err != nil {
		return
	}
	poly.Color, poly.LineStyle.Width = band, 0
	p.Add(poly)
}

func (c *chart) horizontal(p *plot.Plot, y float64) {
	l, err := plotter.NewLine(plotter.XYs{{X: 0, Y: y}, {X: p.X.Max, Y: y}})
	if err != nil {
		return
	}
	l.Color, l.Width, l.Dashes = grey, 0.8, []vg.Length{3, 2}
	p.Add(l)
}

// draw adds a line in as many pieces as gaps leave of it.
func (c *chart) draw(p *plot.Plot, l *line) error {
	named := l.name == ""
	for _, piece := range l.pieces(c) {
		pl, err := plotter.NewLine(piece)
		if err != nil {
			return fmt.Errorf("draw a plot: %w", err)
		}
		pl.Color, pl.Width = l.color, l.width
		if l.step {
			pl.StepStyle = plotter.PostStep
		}
		p.Add(pl)
		if !named {
			p.Legend.Add(l.name, pl)
			named = true
		}
	}
	return nil
}

// pieces thins the line to its extremes per bucket, clamps it to the chart and cuts it at what is not known.
func (l *line) pieces(c *chart) []plotter.XYs {
	bucket := max(1, 2*len(l.x)/plotPoints)
	var out []plotter.XYs
	var cur plotter.XYs
	flush := func() {
		if len(cur) > 1 {
			out = append(out, cur)
		}
		cur = nil
	}
	for from := 0; from < len(l.y); from += bucket {
		lo, hi := -1, -1
		for i := from; i < min(from+bucket, len(l.y)); i++ {
			if math.IsNaN(l.y[i]) {
				continue
			}
			if lo < 0 || l.y[i] < l.y[lo] {
				lo = i
			}
			if hi < 0 || l.y[i] > l.y[hi] {
				hi = i
			}
		}
		if lo < 0 {
			flush()
			continue
		}
		for _, i := range ordered(lo, hi) {
			cur = append(cur, plotter.XY{X: l.x[i], Y: min(max(l.y[i], c.yMin), c.yMax)})
		}
	}
	flush()
	return out
}

func ordered(a, b int) []int {
	switch {
	case a == b:
		return []int{a}
	case a < b:
		return []int{a, b}
	}
	return []int{b, a}
}
