package study

import (
	"fmt"
	"image/color"
	"io"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// WritePlot draws age against cost, one point a controller: what is nearer to the corner is better. Filled points met the
// objective as often as the pilot.
func (r *Report) WritePlot(w io.Writer) error {
	p := plot.New()
	p.Title.Text = fmt.Sprintf("%d random workloads from seed %d", len(r.Outcomes), r.Options.First)
	p.X.Label.Text = "replica-minutes, relative to the pilot"
	p.Y.Label.Text = "age ÷ objective, mean"
	p.X.Min, p.Y.Min = 0, 0
	p.Add(plotter.NewGrid())
	pilot := r.Row(Pilot)
	if pilot == nil {
		return fmt.Errorf("draw the plot: no workload is feasible")
	}
	for i := range r.Rows {
		row := &r.Rows[i]
		at := plotter.XYs{{X: row.ReplicaMinutes / pilot.ReplicaMinutes, Y: row.MeanAge}}
		s, err := plotter.NewScatter(at)
		if err != nil {
			return fmt.Errorf("draw the plot: %w", err)
		}
		s.Shape, s.Radius = draw.RingGlyph{}, vg.Points(4)
		if row.Meets >= pilot.Meets {
			s.Shape = draw.CircleGlyph{}
		}
		s.Color = color.RGBA{0x8a, 0x8a, 0x8a, 0xff}
		switch {
		case row == pilot:
			s.Color = color.RGBA{0x1f, 0x5f, 0xa8, 0xff}
		case isKafka(row.Name) || row.Name == BestOf:
			s.Color = color.RGBA{0xc8, 0x5a, 0x00, 0xff}
		}
		l, err := plotter.NewLabels(plotter.XYLabels{XYs: at, Labels: []string{fmt.Sprintf("  %s (%d)", row.Name, row.Meets)}})
		if err != nil {
			return fmt.Errorf("draw the plot: %w", err)
		}
		p.Add(s, l)
	}
	canvas := vgsvg.New(24*vg.Centimeter, 14*vg.Centimeter)
	p.Draw(draw.New(canvas))
	if _, err := canvas.WriteTo(w); err != nil {
		return fmt.Errorf("write the plot: %w", err)
	}
	return nil
}
