package report

import (
	"fmt"
	"image/color"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"kafka_burndown_exporter/internal/human"
)

// dot is a point of the scatter plot of age against cost.
type dot struct {
	cost, age float64
	color     color.Color
	radius    vg.Length
	label     string
}

// scatter draws age against cost: what lies lower and further left is better.
func scatter(dots []dot, objective float64, label string) (string, error) {
	p := plot.New()
	dress(p)
	p.X.Label.Text, p.Y.Label.Text = "replica-minutes", "age at the objective's percentile, s"
	p.X.Tick.Marker, p.Y.Tick.Marker = linearTicks{human.Compact}, logTicks{human.Compact}
	p.Y.Scale = plot.LogScale{}
	lowX, highX, highY := math.Inf(1), 0.0, 2*objective
	for _, d := range dots {
		lowX, highX, highY = min(lowX, d.cost), max(highX, d.cost), max(highY, 1.5*d.age)
	}
	margin := max(0.08*(highX-lowX), 1)
	p.X.Min, p.X.Max = max(0, lowX-margin), highX+margin
	p.Y.Min, p.Y.Max = 1, max(highY, 10)
	line, err := plotter.NewLine(plotter.XYs{{X: p.X.Min, Y: objective}, {X: p.X.Max, Y: objective}})
	if err != nil {
		return "", fmt.Errorf("draw a plot: %w", err)
	}
	line.Color, line.Width, line.Dashes = grey, 0.8, []vg.Length{3, 2}
	p.Add(line)
	for _, d := range dots {
		at := plotter.XYs{{X: d.cost, Y: max(d.age, 1)}}
		s, err := plotter.NewScatter(at)
		if err != nil {
			return "", fmt.Errorf("draw a plot: %w", err)
		}
		s.GlyphStyle = draw.GlyphStyle{Color: d.color, Radius: d.radius, Shape: draw.CircleGlyph{}}
		p.Add(s)
		if d.label == "" {
			continue
		}
		text, err := plotter.NewLabels(plotter.XYLabels{XYs: at, Labels: []string{d.label}})
		if err != nil {
			return "", fmt.Errorf("draw a plot: %w", err)
		}
		text.Offset = vg.Point{X: d.radius + 1.5, Y: d.radius}
		text.TextStyle[0].Font = font.Font{Typeface: "Liberation", Variant: "Sans", Size: 8}
		p.Add(text)
	}
	text, err := render(p, scatterSize, scatterSize)
	return dressed(text, label), err
}
