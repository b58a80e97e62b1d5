package main

import (
	"context"
	"fmt"
	"image/color"
	"io"
	"os"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"

	"kafka_burndown_exporter/dashboards"
)

// Sizes of a picture. A grid row is what Grafana calls a height of one.
const (
	pictureWidth = 1200 * vg.Inch / dpi
	rowHeight    = 30 * vg.Inch / dpi
	headHeight   = 44 * vg.Inch / dpi
	gap          = 5 * vg.Inch / dpi
	dpi          = 96
)

// The colours of a quiet, light page.
func ink() color.Color    { return color.RGBA{R: 0x24, G: 0x29, B: 0x2e, A: 0xff} }
func muted() color.Color  { return color.RGBA{R: 0x6a, G: 0x73, B: 0x7d, A: 0xff} }
func faint() color.Color  { return color.RGBA{R: 0xe1, G: 0xe4, B: 0xe8, A: 0xff} }
func ground() color.Color { return color.RGBA{R: 0xf4, G: 0xf5, B: 0xf7, A: 0xff} }

// palette tells series apart also without colour vision (Okabe and Ito's colours).
func palette(i int) color.Color {
	colours := []color.RGBA{
		{0x00, 0x72, 0xb2, 0xff},
		{0xd5, 0x5e, 0x00, 0xff},
		{0x00, 0x9e, 0x73, 0xff},
		{0xcc, 0x79, 0xa7, 0xff},
		{0xe6, 0x9f, 0x00, 0xff},
		{0x56, 0xb4, 0xe9, 0xff},
		{0x7f, 0x7f, 0x7f, 0xff},
		{0xb0, 0xa0, 0x10, 0xff},
	}
	return colours[i%len(colours)]
}

// thresholdColour is the colour of a step, by the names in use.
func thresholdColour(name string) color.Color {
	switch name {
	case "red":
		return color.RGBA{R: 0xc0, G: 0x39, B: 0x2b, A: 0xff}
	case "orange":
		return color.RGBA{R: 0xd6, G: 0x7a, B: 0x00, A: 0xff}
	case "green":
		return color.RGBA{R: 0x1e, G: 0x84, B: 0x49, A: 0xff}
	}
	return ink()
}

// style is a text style of the picture.
func style(size vg.Length, c color.Color, bold bool) draw.TextStyle {
	f := font.From(plot.DefaultFont, size)
	f.Variant = "Sans"
	if bold {
		f.Weight = 3
	}
	return draw.TextStyle{Color: c, Font: f, Handler: text.Plain{Fonts: font.DefaultCache}, YAlign: draw.YTop}
}

// picture writes one dashboard as a picture.
func picture(ctx context.Context, d dashboards.Dashboard, source data, out io.Writer) error {
	rows := 0
	for _, p := range d.Panels {
		rows = max(rows, p.GridPos.Y+p.GridPos.H)
	}
	height := headHeight + vg.Length(rows)*rowHeight
	canvas := vgimg.NewWith(vgimg.UseWH(pictureWidth, height), vgimg.UseDPI(dpi), vgimg.UseBackgroundColor(ground()))
	page := draw.New(canvas)
	page.FillText(style(17, ink(), true), vg.Point{X: 2 * gap, Y: height - 1.6*gap}, d.Title)
	caption := style(10, muted(), false)
	caption.XAlign = draw.XRight
	page.FillText(caption, vg.Point{X: pictureWidth - 2*gap, Y: height - 2.4*gap},
		"drawn from the panels' queries, not by Grafana")
	for _, p := range d.Panels {
		box := draw.Crop(page,
			pictureWidth*vg.Length(p.GridPos.X)/24+gap/2, -pictureWidth*vg.Length(24-p.GridPos.X-p.GridPos.W)/24-gap/2,
			height-headHeight-vg.Length(p.GridPos.Y+p.GridPos.H)*rowHeight+gap/2,
			-headHeight-vg.Length(p.GridPos.Y)*rowHeight-gap/2)
		if p.Type == "row" {
			page.FillText(style(12, ink(), true), vg.Point{X: box.Min.X + gap, Y: box.Max.Y - gap/2}, p.Title)
			continue
		}
		if err := drawPanel(ctx, box, p, source); err != nil {
			return fmt.Errorf("panel %q: %w", p.Title, err)
		}
	}
	if _, err := (vgimg.PngCanvas{Canvas: canvas}).WriteTo(out); err != nil {
		return fmt.Errorf("encode the picture: %w", err)
	}
	return nil
}

func drawPanel(ctx context.Context, box draw.Canvas, p dashboards.Panel, source data) error {
	lines, err := source.ask(ctx, p)
	if err != nil {
		return err
	}
	fill(box, color.White)
	box.StrokeLines(draw.LineStyle{Color: faint(), Width: 0.7}, outline(box))
	box.FillText(style(11, ink(), true), vg.Point{X: box.Min.X + 1.4*gap, Y: box.Max.Y - gap}, p.Title)
	inner := draw.Crop(box, gap, -gap, gap, -26*vg.Inch/dpi)
	switch {
	case len(lines) == 0:
		empty := style(11, muted(), false)
		empty.XAlign, empty.YAlign = draw.XCenter, draw.YCenter
		inner.FillText(empty, inner.Center(), "no data in this time")
	case p.Type == "stat":
		drawStat(inner, p, lines[0])
	case p.Type == "table":
		drawTable(inner, p, lines)
	default:
		return drawSeries(inner, p, lines, source)
	}
	return nil
}

func outline(c draw.Canvas) []vg.Point {
	return []vg.Point{c.Min, {X: c.Max.X, Y: c.Min.Y}, c.Max, {X: c.Min.X, Y: c.Max.Y}, c.Min}
}

func fill(c draw.Canvas, with color.Color) { c.FillPolygon(with, outline(c)) }

// drawTo writes a dashboard into a file.
func drawTo(ctx context.Context, d dashboards.Dashboard, source data, path string) (err error) {
	f, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("create picture: %w", err)
	}
	defer func() {
		if cerr := f.Close(); err == nil {
			err = cerr
		}
	}()
	return picture(ctx, d, source, f)
}
