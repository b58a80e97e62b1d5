package main

import (
	"image/color"
	"math"
	"os"
	"path/filepath"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
)

// charted are the columns that are drawn, with their axes.
var charted = []struct{ column, title string }{
	{"scrape gzip p50", "Scrape, gzip (s)"},
	{"CPU per sample + scrape", "CPU per sample and scrape (s)"},
	{"resident", "Resident memory (bytes)"},
	{"Kafka requests per sample", "Requests to Kafka per sample"},
}

// writeChart draws one logarithmic bar chart per charted column, side by side.
func writeChart(dir string, rows []row) error {
	const width, height = 14 * vg.Inch, 3.6 * vg.Inch
	img := vgimg.NewWith(vgimg.UseWH(width, height), vgimg.UseDPI(110))
	canvas := draw.New(img)
	tiles := draw.Tiles{Rows: 1, Cols: len(charted), PadX: 12, PadTop: 6, PadBottom: 6, PadLeft: 6, PadRight: 6}
	for i, c := range charted {
		p, err := bars(c.column, c.title, rows)
		if err != nil {
			return err
		}
		p.Draw(tiles.At(canvas, i, 0))
	}
	f, err := os.Create(filepath.Join(dir, "peers.png"))
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = vgimg.PngCanvas{Canvas: img}.WriteTo(f)
	return err
}

func bars(column, title string, rows []row) (*plot.Plot, error) {
	p := plot.New()
	p.Title.Text = title
	p.Title.Padding = 6
	low, high := math.Inf(1), 0.0
	var names []string
	var values plotter.Values
	var labels []string
	for _, r := range rows {
		for _, f := range r.figures {
			if f.column == column && f.known && f.value > 0 {
				names = append(names, r.name)
				values = append(values, f.value)
				labels = append(labels, f.text)
				low, high = math.Min(low, f.value), math.Max(high, f.value)
			}
		}
	}
	if len(values) == 0 {
		return p, nil
	}
	floor := math.Pow(10, math.Floor(math.Log10(low))-0.5)
	for i, v := range values {
		bar, err := plotter.NewPolygon(plotter.XYs{{X: float64(i) - 0.35, Y: floor}, {X: float64(i) - 0.35, Y: v},
			{X: float64(i) + 0.35, Y: v}, {X: float64(i) + 0.35, Y: floor}})
		if err != nil {
			return nil, err
		}
		bar.Color = color.RGBA{R: 0x9a, G: 0xa5, B: 0xb1, A: 0xff}
		if names[i] == "kafka_burndown_exporter" {
			bar.Color = color.RGBA{R: 0x1f, G: 0x77, B: 0xb4, A: 0xff}
		}
		bar.LineStyle.Width = 0
		p.Add(bar)
		text, err := plotter.NewLabels(plotter.XYLabels{XYs: plotter.XYs{{X: float64(i), Y: v * 1.15}}, Labels: []string{labels[i]}})
		if err != nil {
			return nil, err
		}
		text.TextStyle[0].XAlign = draw.XCenter
		text.TextStyle[0].Font.Size = 8
		p.Add(text)
	}
	p.NominalX(names...)
	p.X.Tick.Label.Rotation = 0.5
	p.X.Tick.Label.XAlign = draw.XRight
	p.X.Tick.Label.Font.Size = 8
	p.Y.Scale = plot.LogScale{}
	p.Y.Tick.Marker = plot.LogTicks{Prec: -1}
	p.Y.Min, p.Y.Max = floor, math.Pow(10, math.Log10(high)+0.6)
	return p, nil
}
