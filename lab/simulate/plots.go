package simulate

import (
	"bytes"
	"fmt"
	"image/color"
	"math"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// Colours that stay apart for colour-blind eyes and in grey print.
var (
	blue   = color.RGBA{0x1f, 0x5f, 0xa8, 0xff}
	orange = color.RGBA{0xc8, 0x5a, 0x00, 0xff}
	grey   = color.RGBA{0x8a, 0x8a, 0x8a, 0xff}
	light  = color.RGBA{0xe4, 0xe4, 0xe4, 0xff}
	band   = color.RGBA{0xe8, 0xf0, 0xe4, 0xff}
)

const (
	plotWidth  = 9.2 * vg.Centimeter
	plotHeight = 4.2 * vg.Centimeter
	// plotPoints bounds the points of a line; extremes within a bucket are kept.
	plotPoints = 500
)

// limits are the common ranges of a comparison's plots, so that candidates can be compared by eye.
type limits struct{ lag, age, replicas float64 }

func (c *Comparison) limits() limits {
	var l limits
	for i := range c.Results {
		r := &c.Results[i]
		l.lag, l.age, l.replicas = max(l.lag, r.PeakLag), max(l.age, r.MaxAge), max(l.replicas, float64(r.MaxReplicas))
	}
	return l
}

type line struct {
	x, y  []float64
	color color.Color
	width vg.Length
	step  bool
	name  string
}

// chart is one plot of a report.
type chart struct {
	title      string
	lines      []line
	yMin, yMax float64
	log        bool
	marks      []float64 // horizontal lines
	band       bool      // the HPA's dead band around 1
	unit       func(float64) string
}

func charts(r *Result, l limits, objective, drained float64) []chart {
	t := r.Trace
	out := []chart{
		{title: "Lag, messages", log: true, yMin: 10, yMax: max(l.lag, 100), marks: []float64{drained}, unit: count,
			lines: []line{{x: t.At, y: t.Lag, color: blue, width: 1}}},
		{title: "Age of the oldest message, s", log: true, yMin: 1, yMax: max(l.age, 10), marks: []float64{objective}, unit: count,
			lines: []line{{x: t.At, y: t.Age, color: blue, width: 1}}},
		{title: "Replicas asked for and ready", yMax: max(l.replicas, 1) * 1.25, unit: count,
			lines: []line{{x: t.At, y: t.Ready, color: orange, width: 1, step: true, name: "ready"},
				{x: t.At, y: t.Replicas, color: blue, width: 1.2, step: true, name: "asked for"}}},
		{title: "Produced and consumed, messages/s", yMax: max(maximum(t.Rate), 1) * 1.25, unit: count,
			lines: []line{{x: t.At, y: t.Consumed, color: orange, width: 0.8, name: "consumed"},
				{x: t.At, y: t.Rate, color: blue, width: 1, name: "produced"}}},
	}
	if len(t.Metrics) > 0 {
		out[3] = metricChart(t)
	}
	return out
}

// metricChart shows each trigger against its target.
func metricChart(t *Trace) chart {
	c := chart{title: "Metric ÷ target (band: the HPA's tolerance)", yMax: 3, marks: []float64{1}, band: true,
		unit: func(v float64) string { return trim(math.Round(v*100) / 100) }}
	for i, m := range t.Metrics {
		l := line{x: t.At[len(t.At)-len(m.Value):], y: m.Value, color: blue, width: 1, name: m.Name}
		if i > 0 {
			l.color, l.width = orange, 0.8
		}
		c.lines = append(c.lines, l)
	}
	return c
}

// svg draws the chart as an element to be put into HTML.
func (c *chart) svg(label string) (string, error) {
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
	canvas := vgsvg.New(plotWidth, plotHeight)
	p.Draw(draw.New(canvas))
	var b bytes.Buffer
	if _, err := canvas.WriteTo(&b); err != nil {
		return "", fmt.Errorf("draw a plot: %w", err)
	}
	text := b.String()
	if i := strings.Index(text, "<svg"); i >= 0 {
		text = text[i:]
	}
	return strings.Replace(text, "<svg", fmt.Sprintf(`<svg role="img" aria-label=%q`, label), 1), nil
}

func (c *chart) axes(p *plot.Plot) {
	p.BackgroundColor = color.Transparent
	face := font.Font{Typeface: "Liberation", Variant: "Sans", Size: 7.5}
	p.X.Tick.Label.Font, p.Y.Tick.Label.Font = face, face
	p.Legend.TextStyle.Font = face
	p.X.LineStyle.Color, p.Y.LineStyle.Color = grey, grey
	p.X.Tick.LineStyle.Color, p.Y.Tick.LineStyle.Color = grey, grey
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
	grid := plotter.NewGrid()
	grid.Vertical.Color, grid.Horizontal.Color = light, light
	grid.Vertical.Width, grid.Horizontal.Width = 0.4, 0.4
	p.Add(grid)
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
