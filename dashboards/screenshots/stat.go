package main

import (
	"cmp"
	"slices"
	"time"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"kafka_burndown_exporter/dashboards"
	"kafka_burndown_exporter/test/prometheus"
)

type durationOf = time.Duration

func pointOrder(a, b prometheus.Point) int { return cmp.Compare(a.Value, b.Value) }

// drawStat shows the newest value in its threshold's colour over its recent course. A series named by a label shows the
// name: a state is one.
func drawStat(c draw.Canvas, p dashboards.Panel, l line) {
	last := l.points[len(l.points)-1].Value
	sparkline(draw.Crop(c, 0, 0, 0, -(c.Max.Y-c.Min.Y)*0.6), l)
	shown := format(last, p.FieldConfig.Defaults.Unit)
	if state, ok := l.labels["state"]; ok {
		shown = state
	}
	big := style(20, thresholdColour(step(p.FieldConfig.Defaults.Thresholds, last)), true)
	big.XAlign, big.YAlign = draw.XCenter, draw.YCenter
	c.FillText(big, vg.Point{X: c.Center().X, Y: c.Center().Y + 8}, shown)
}

// step is the colour of the highest threshold reached.
func step(t dashboards.Thresholds, v float64) string {
	colour := t.Steps[0].Color
	for _, s := range t.Steps[1:] {
		if v >= *s.Value {
			colour = s.Color
		}
	}
	return colour
}

// sparkline draws the course of a series without axes.
func sparkline(c draw.Canvas, l line) {
	if len(l.points) < 2 {
		return
	}
	from, to := l.points[0].Time, l.points[len(l.points)-1].Time
	highest := max(slices.MaxFunc(l.points, pointOrder).Value, 1e-9)
	course := make([]vg.Point, 0, len(l.points))
	for _, pt := range l.points {
		course = append(course, vg.Point{
			X: c.Min.X + (c.Max.X-c.Min.X)*vg.Length(pt.Time.Sub(from).Seconds()/to.Sub(from).Seconds()),
			Y: c.Min.Y + 1 + (c.Max.Y-c.Min.Y-2)*vg.Length(pt.Value/highest),
		})
	}
	c.StrokeLines(draw.LineStyle{Color: palette(5), Width: 1.2}, course)
}

// drawTable has a row per group: the course of the first query, then the value of each other.
func drawTable(c draw.Canvas, p dashboards.Panel, lines []line) {
	const rowSpace = 20
	columns := p.Targets[1:]
	rows := map[string]map[string]line{}
	for _, l := range lines {
		group := l.labels["consumergroup"]
		if rows[group] == nil {
			rows[group] = map[string]line{}
		}
		rows[group][l.refID] = l
	}
	groups := make([]string, 0, len(rows))
	for g := range rows {
		groups = append(groups, g)
	}
	slices.Sort(groups)
	titles, units := columnTitles(p)
	width := c.Max.X - c.Min.X
	place := func(i int) vg.Length {
		return c.Min.X + width*0.44 + width*0.56*vg.Length(i+1)/vg.Length(len(columns)) - 8
	}
	head, cell := style(9.5, muted(), true), style(10, ink(), false)
	c.FillText(head, vg.Point{X: c.Min.X + 8, Y: c.Max.Y - 4}, "Group")
	c.FillText(head, vg.Point{X: c.Min.X + width*0.2, Y: c.Max.Y - 4}, "Lag over time")
	head.XAlign, cell.XAlign = draw.XRight, draw.XRight
	for i, t := range columns {
		c.FillText(head, vg.Point{X: place(i), Y: c.Max.Y - 4}, titles[t.RefID])
	}
	name := style(10, palette(0), false)
	for r, g := range groups {
		y := c.Max.Y - vg.Length(r+1)*rowSpace - 2
		if y < c.Min.Y+rowSpace {
			break
		}
		c.StrokeLines(draw.LineStyle{Color: faint(), Width: 0.5}, []vg.Point{{X: c.Min.X, Y: y + 3}, {X: c.Max.X, Y: y + 3}})
		c.FillText(name, vg.Point{X: c.Min.X + 8, Y: y - 2}, shortened(g, 34))
		if l, ok := rows[g][p.Targets[0].RefID]; ok {
			trend := draw.Canvas{Canvas: c.Canvas}
			trend.Min = vg.Point{X: c.Min.X + width*0.2, Y: y - rowSpace + 5}
			trend.Max = vg.Point{X: c.Min.X + width*0.42, Y: y}
			sparkline(trend, l)
		}
		for i, t := range columns {
			if l, ok := rows[g][t.RefID]; ok {
				c.FillText(cell, vg.Point{X: place(i), Y: y - 2}, format(l.points[0].Value, units[titles[t.RefID]]))
			}
		}
	}
}

// columnTitles reads the names and units of the columns from the panel's own settings.
func columnTitles(p dashboards.Panel) (titles, units map[string]string) {
	titles, units = map[string]string{}, map[string]string{}
	for _, t := range p.Transformations {
		renamed, _ := t.Options["renameByName"].(map[string]any)
		for _, q := range p.Targets {
			if title, ok := renamed["Value #"+q.RefID].(string); ok {
				titles[q.RefID] = title
			}
		}
	}
	for _, o := range p.FieldConfig.Overrides {
		for _, prop := range o.Properties {
			if unit, ok := prop.Value.(string); ok && prop.ID == "unit" {
				units[o.Matcher.Options] = unit
			}
		}
	}
	return titles, units
}
