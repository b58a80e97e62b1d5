package simulate

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"strings"
)

//go:embed report.html.tmpl
var reportText string

var reportTemplate = template.Must(template.New("report").Parse(reportText))

// WriteHTML writes a page that needs nothing else: tables, conclusions, lints and plots of every candidate.
func (r *Report) WriteHTML(w io.Writer) error {
	page := htmlPage{Title: r.Scenario.Title, Name: r.Scenario.Name, Text: r.Scenario.Description,
		Length: short(r.Scenario.Duration), Seed: r.Scenario.Seed, Notes: r.notes(), Lints: r.Lints}
	if page.Title == "" {
		page.Title = r.Scenario.Name
	}
	page.Columns = append(page.Columns, columns...)
	page.Recording = recordingNotes(r.Recordings)
	for i := range r.Comparisons {
		s, err := r.htmlService(&r.Comparisons[i])
		if err != nil {
			return err
		}
		page.Services = append(page.Services, *s)
	}
	var b strings.Builder
	p := &printer{w: &b}
	r.published(p)
	page.Published = strings.TrimSpace(b.String())
	return reportTemplate.Execute(w, &page)
}

type htmlPage struct {
	Title, Name, Text, Length, Published string
	Seed                                 uint64
	Columns                              []column
	Recording, Notes                     []string
	Services                             []htmlService
	Lints                                []Lint
}

type htmlService struct {
	Name, Group, Objective string
	Rows                   []htmlRow
	Conclusion             []string
	Candidates             []htmlCandidate
}

type htmlRow struct {
	Cells []string
	Best  bool
}

type htmlCandidate struct {
	Name, Title, Verdict string
	Plots                []htmlPlot
}

type htmlPlot struct {
	Caption string
	SVG     template.HTML
}

func (r *Report) htmlService(c *Comparison) (*htmlService, error) {
	obj := &c.Service.Objective
	out := &htmlService{Name: c.Service.Name, Group: c.Service.Group, Conclusion: r.Conclusion(c),
		Objective: fmt.Sprintf("age at most %s for %s %% of the time", seconds(obj.MaxAge.Seconds()), trim(obj.Percentile))}
	best, common := c.best(), c.limits()
	for i := range c.Results {
		res := &c.Results[i]
		row := htmlRow{Best: res == best}
		for _, col := range columns {
			row.Cells = append(row.Cells, col.value(res))
		}
		out.Rows = append(out.Rows, row)
		cand := htmlCandidate{Name: res.Candidate, Title: res.Title, Verdict: res.Verdict}
		if res.Trace != nil && len(res.Trace.At) > 1 {
			for _, ch := range charts(res, common, obj.MaxAge.Seconds(), obj.MaxLag) {
				svg, err := ch.svg(ch.title)
				if err != nil {
					return nil, err
				}
				// The drawing holds no text from outside: labels are numbers and our own signal names.
				cand.Plots = append(cand.Plots, htmlPlot{ch.title, template.HTML(svg)})
			}
		}
		out.Candidates = append(out.Candidates, cand)
	}
	return out, nil
}
