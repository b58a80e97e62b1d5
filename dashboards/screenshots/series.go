package main

import (
	"fmt"
	"image/color"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"kafka_burndown_exporter/dashboards"
)

// legendRows is how many series the legend names; the rest is counted.
const legendRows = 5

// drawSeries plots a panel over time. A query that the panel puts on the right axis is scaled to the left one and gets
// ticks of its own.
func drawSeries(c draw.Canvas, p dashboards.Panel, lines []line, source data) error {
	right := rightQuery(p)
	unit := p.FieldConfig.Defaults.Unit
	factor := rightFactor(lines, right)
	pl := plot.New()
	pl.BackgroundColor = color.Transparent
	pl.X.Tick.Marker = plot.TimeTicks{Ticker: everyMinutes{}, Format: "15:04"}
	pl.Y.Tick.Marker = labelled{unit: unit, factor: 1}
	pl.Y.Min = 0
	for _, axis := range []*plot.Axis{&pl.X, &pl.Y} {
		axis.Color, axis.Tick.Color = faint(), faint()
		axis.Tick.Label = style(8.5, muted(), false)
		axis.LineStyle.Width = 0.5
	}
	pl.X.Tick.Label.XAlign, pl.Y.Tick.Label.XAlign = draw.XCenter, draw.XRight
	pl.X.Tick.Label.YAlign, pl.Y.Tick.Label.YAlign = draw.YTop, draw.YCenter
	grid := plotter.NewGrid()
	grid.Vertical.Color, grid.Horizontal.Color = color.Transparent, faint()
	pl.Add(grid)
	for i, l := range lines {
		scale := 1.0
		if right != "" && l.refID == right {
			scale = factor
		}
		if err := addLine(pl, l, scale, palette(i), dashedQuery(p, l.refID)); err != nil {
			return err
		}
	}
	pl.X.Min, pl.X.Max = float64(source.to.Add(-source.length).Unix()), float64(source.to.Unix())
	headroom(pl)
	addThresholds(pl, p)
	legendHeight := vg.Length(min(len(lines), legendRows)+1) * 12
	margin := vg.Length(0)
	if right != "" && factor != 1 {
		margin = 30
	}
	area := draw.Crop(c, 0, -margin, legendHeight, 0)
	pl.Draw(area)
	if margin > 0 {
		rightTicks(pl, c, area, factor)
	}
	drawLegend(draw.Crop(c, 4, 0, 0, legendHeight-(c.Max.Y-c.Min.Y)), lines, unit)
	return nil
}

func addLine(pl *plot.Plot, l line, scale float64, with color.Color, dashed bool) error {
	// Gaps stay gaps: a piece ends where a point is missing.
	var pieces []plotter.XYs
	for i, pt := range l.points {
		if i == 0 || pt.Time.Sub(l.points[i-1].Time) > gapAfter(l) {
			pieces = append(pieces, nil)
		}
		last := len(pieces) - 1
		pieces[last] = append(pieces[last], plotter.XY{X: float64(pt.Time.Unix()), Y: pt.Value * scale})
	}
	for _, piece := range pieces {
		drawn, err := plotter.NewLine(piece)
		if err != nil {
			return fmt.Errorf("plot %s: %w", l.name, err)
		}
		drawn.Color, drawn.Width = with, 1.3
		if dashed {
			drawn.Dashes = []vg.Length{4, 3}
		}
		pl.Add(drawn)
	}
	return nil
}

// gapAfter is how far apart two points may be.
func gapAfter(l line) (d durationOf) {
	d = 1 << 62
	for i := 1; i < len(l.points); i++ {
		d = min(d, l.points[i].Time.Sub(l.points[i-1].Time))
	}
	return d + d/2
}

// headroom leaves the highest line below the frame.
func headroom(pl *plot.Plot) {
	if pl.Y.Max <= 0 {
		pl.Y.Max = 1
	}
	pl.Y.Min, pl.Y.Max = 0, pl.Y.Max*1.08
}

// addThresholds draws the limits that lie in the picture.
func addThresholds(pl *plot.Plot, p dashboards.Panel) {
	for _, s := range p.FieldConfig.Defaults.Thresholds.Steps {
		if s.Value == nil || *s.Value > pl.Y.Max || pl.X.Max <= pl.X.Min {
			continue
		}
		limit, err := plotter.NewLine(plotter.XYs{{X: pl.X.Min, Y: *s.Value}, {X: pl.X.Max, Y: *s.Value}})
		if err != nil {
			continue
		}
		limit.Color, limit.Width, limit.Dashes = thresholdColour(s.Color), 0.8, []vg.Length{2, 2}
		pl.Add(limit)
	}
}

// rightQuery is the query that the panel puts on the right axis.
func rightQuery(p dashboards.Panel) string { return queryWith(p, "custom.axisPlacement") }

func dashedQuery(p dashboards.Panel, refID string) bool {
	return queryWith(p, "custom.lineStyle") == refID
}

func queryWith(p dashboards.Panel, property string) string {
	for _, o := range p.FieldConfig.Overrides {
		for _, prop := range o.Properties {
			if o.Matcher.ID == "byFrameRefID" && prop.ID == property {
				return o.Matcher.Options
			}
		}
	}
	return ""
}

// rightFactor brings the largest value of the right axis to that of the left.
func rightFactor(lines []line, right string) float64 {
	var most [2]float64
	for _, l := range lines {
		side := 0
		if right != "" && l.refID == right {
			side = 1
		}
		for _, pt := range l.points {
			most[side] = max(most[side], pt.Value)
		}
	}
	if most[0] <= 0 || most[1] <= 0 {
		return 1
	}
	return most[0] / most[1]
}

func rightTicks(pl *plot.Plot, c, area draw.Canvas, factor float64) {
	inner := pl.DataCanvas(area)
	label := style(8.5, muted(), false)
	label.YAlign = draw.YCenter
	for _, t := range plot.DefaultTicks.Ticks(plot.DefaultTicks{}, 0, pl.Y.Max/factor) {
		if t.Label == "" {
			continue
		}
		y := inner.Y((t.Value * factor) / pl.Y.Max)
		c.FillText(label, vg.Point{X: area.Max.X + 4, Y: y}, scaled(t.Value))
	}
}

func drawLegend(c draw.Canvas, lines []line, unit string) {
	label := style(9, ink(), false)
	value := style(9, muted(), false)
	value.XAlign = draw.XRight
	for i, l := range lines {
		y := c.Max.Y - vg.Length(i)*12 - 4
		if i == legendRows {
			c.FillText(value, vg.Point{X: c.Max.X - 4, Y: y}, fmt.Sprintf("and %d more", len(lines)-legendRows))
			return
		}
		c.StrokeLines(draw.LineStyle{Color: palette(i), Width: 2}, []vg.Point{{X: c.Min.X, Y: y - 4}, {X: c.Min.X + 10, Y: y - 4}})
		c.FillText(label, vg.Point{X: c.Min.X + 15, Y: y}, shortened(l.name, 34))
		highest := slices.MaxFunc(l.points, pointOrder).Value
		c.FillText(value, vg.Point{X: c.Max.X - 4, Y: y},
			format(l.points[len(l.points)-1].Value, unit)+"   max "+format(highest, unit))
	}
}

func shortened(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return s
}

// labelled are ticks with the unit of the panel.
type labelled struct {
	unit   string
	factor float64
}

// Ticks implements plot.Ticker.
func (l labelled) Ticks(low, high float64) []plot.Tick {
	ticks := plot.DefaultTicks{}.Ticks(low, high)
	out := ticks[:0]
	for _, t := range ticks {
		if t.Label != "" {
			t.Label = format(math.Abs(t.Value), l.unit)
			out = append(out, t)
		}
	}
	return out
}

// everyMinutes are ticks on whole minutes, at most eight.
type everyMinutes struct{}

// Ticks implements plot.Ticker.
func (everyMinutes) Ticks(low, high float64) []plot.Tick {
	var ticks []plot.Tick
	for _, step := range []float64{60, 120, 300, 600, 1800, 3600, 7200, 21600} {
		if (high-low)/step > 7 {
			continue
		}
		for v := math.Ceil(low/step) * step; v <= high; v += step {
			ticks = append(ticks, plot.Tick{Value: v, Label: " "})
		}
		break
	}
	return ticks
}
