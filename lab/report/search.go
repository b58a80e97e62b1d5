package report

import (
	"io"
	"time"

	"kafka_burndown_exporter/internal/scale"
	"kafka_burndown_exporter/lab/recording"
	"kafka_burndown_exporter/lab/scenario"
	"kafka_burndown_exporter/lab/simulate"
)

// Search is what a page shows of a search for a set-up of one service.
type Search struct {
	// Meta is a sentence on what was searched.
	Meta       string
	Kubernetes scale.Kubernetes // see simulate.Versions
	Coverage   []recording.Coverage
	Service    *scenario.Service
	Length     time.Duration // of the workload

	// Name, Result, Manifest and Why are the recommendation's.
	Name     string
	Result   *simulate.Result
	Manifest []byte
	Why      []string
	Lints    []simulate.Lint

	// All are the results of the search. Those of Drawn have a trace; Highlight is the recommendation among them.
	All, Drawn []*simulate.Result
	Highlight  *simulate.Result
	// Now is what there is today, and Present its result among Drawn; nil: nothing.
	Now     *simulate.Candidate
	Present *simulate.Result

	// Rows are the table of the search, the head first; Best is the row of the recommendation. Columns explain it.
	Columns []Column
	Rows    [][]string
	Best    int
}

// WriteSearch writes a search as a page that needs nothing else.
func WriteSearch(w io.Writer, r *Search) error {
	obj := &r.Service.Objective
	s := htmlService{Name: r.Service.Name, Group: r.Service.Group, Objective: objective(r.Service), Conclusion: r.Why, Tune: true,
		Manifest: string(r.Manifest), Head: r.Rows[0]}
	for i, res := range r.Drawn {
		entry := htmlEntry{Number: i + 1, Color: i % len(palette), Name: res.Candidate}
		if res == r.Present {
			entry.Title = "what there is"
			entry.Manifests = manifests(r.Now, r.Service.Name)
		}
		s.Legend = append(s.Legend, entry)
	}
	s.Headline = newHeadline(r.Name, r.Result, r.Present, r.Service, r.Length)
	if err := s.draw(r.Drawn, r.Highlight, obj.MaxAge.Seconds(), obj.MaxLag); err != nil {
		return err
	}
	var dots []dot
	for _, res := range r.All {
		d := newDot(res, 0, grey, false)
		d.radius = 2
		dots = append(dots, d)
	}
	for i, res := range r.Drawn {
		dots = append(dots, newDot(res, i+1, paint(i), res == r.Highlight))
	}
	if err := s.scatter(dots, obj.MaxAge.Seconds()); err != nil {
		return err
	}
	s.Scatter.Caption += ", grey: all variants"
	for i, row := range r.Rows[1:] {
		s.Rows = append(s.Rows, htmlRow{Cells: row, Best: i+1 == r.Best})
	}
	page := htmlPage{Title: "tune: " + r.Service.Name, Meta: r.Meta + " Replayed through " + engine(r.Kubernetes) + ".",
		Recording: recording.Notes(r.Coverage), Columns: r.Columns, Services: []htmlService{s}, Lints: r.Lints}
	return reportTemplate.Execute(w, &page)
}
