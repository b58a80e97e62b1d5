package report

import (
	_ "embed"
	"fmt"
	"html/template"
	"image/color"
	"io"
	"strings"

	"gonum.org/v1/plot/vg"

	"kafka_burndown_exporter/internal/human"
	"kafka_burndown_exporter/internal/scale"
	"kafka_burndown_exporter/lab/recording"
	"kafka_burndown_exporter/lab/scenario"
	"kafka_burndown_exporter/lab/simulate"
)

//go:embed report.html.tmpl
var reportText string

var reportTemplate = template.Must(template.New("report").Parse(reportText))

// htmlPage is a page that needs nothing else.
type htmlPage struct {
	Title, Meta, Text, Published string
	Recording, Notes             []string
	Columns                      []Column
	Services                     []htmlService
	Lints                        []simulate.Lint
}

// Colors are the numbers of the candidates' colours.
func (p *htmlPage) Colors() []color.RGBA { return palette }

// htmlService is what the page says of one service.
type htmlService struct {
	Name, Group, Objective string
	Headline               headline
	Legend                 []htmlEntry
	Overlays               []htmlPlot
	Scatter                htmlPlot
	Head                   []string
	Rows                   []htmlRow
	Conclusion             []string
	Candidates             []htmlCandidate
	Manifest               string // to apply
	Tune                   bool   // the rows are a search's
}

// htmlEntry is a candidate in the legend: its number and colour, and where its manifests stand.
type htmlEntry struct {
	Number, Color                   int
	Name, Title, Verdict, Manifests string
}

type htmlRow struct {
	Number int // 0: none
	Color  int
	Cells  []string
	Best   bool
}

type htmlCandidate struct {
	Name  string
	Plots []htmlPlot
}

type htmlPlot struct {
	Caption string
	SVG     template.HTML
}

// newPlot wraps a drawing. It holds no text from outside: labels are numbers and our own signal names.
func newPlot(caption, svg string) htmlPlot { return htmlPlot{caption, template.HTML(svg)} }

// WriteHTML writes the report as a page that needs nothing else.
func WriteHTML(w io.Writer, r *simulate.Report) error {
	page := htmlPage{Title: r.Scenario.Title, Text: r.Scenario.Description, Lints: r.Lints, Columns: columns,
		Meta:      fmt.Sprintf("%s, %s, seed %d. Replayed through %s.", r.Scenario.Name, human.Rough(r.Scenario.Duration), r.Scenario.Seed, engine(r.Kubernetes)),
		Recording: recording.Notes(r.Recordings), Notes: r.Notes()}
	if page.Title == "" {
		page.Title = r.Scenario.Name
	}
	for i := range r.Comparisons {
		s, err := newService(r, &r.Comparisons[i])
		if err != nil {
			return err
		}
		page.Services = append(page.Services, *s)
	}
	var b strings.Builder
	published(NewPrinter(&b), r)
	page.Published = strings.TrimSpace(b.String())
	return reportTemplate.Execute(w, &page)
}

func engine(k scale.Kubernetes) string {
	if text := simulate.Versions(k); text != "" {
		return "the arithmetic of " + text
	}
	return "the arithmetic of KEDA and the HPA"
}

func newService(r *simulate.Report, c *simulate.Comparison) (*htmlService, error) {
	obj := &c.Service.Objective
	out := &htmlService{Name: c.Service.Name, Group: c.Service.Group, Conclusion: r.Conclusion(c), Objective: objective(c.Service)}
	best, base := c.Best(), present(r, c)
	if best != nil {
		out.Headline = newHeadline(best.Candidate, best, base, c.Service, r.Scenario.Duration)
	}
	for _, col := range columns {
		out.Head = append(out.Head, col.Head)
	}
	var traced []*simulate.Result
	var dots []dot
	for i := range c.Results {
		res := &c.Results[i]
		number := i + 1
		row := htmlRow{Best: res == best, Number: number, Color: i % len(palette)}
		for _, col := range columns {
			row.Cells = append(row.Cells, col.Value(res))
		}
		out.Rows = append(out.Rows, row)
		entry := htmlEntry{Number: number, Color: row.Color, Name: res.Candidate, Title: res.Title, Verdict: res.Verdict}
		if cand := r.Candidate(res.Candidate); cand != nil {
			entry.Manifests = manifests(cand, c.Service.Name)
		}
		out.Legend = append(out.Legend, entry)
		if !c.Starved(res) {
			dots = append(dots, newDot(res, number, paint(i), res == best))
		}
		if res.Trace != nil && len(res.Trace.At) > 1 {
			traced = append(traced, res)
		}
	}
	var err error
	if len(traced) == len(c.Results) {
		err = out.draw(traced, best, obj.MaxAge.Seconds(), obj.MaxLag)
	}
	if err == nil && len(dots) > 0 {
		err = out.scatter(dots, obj.MaxAge.Seconds())
	}
	return out, err
}

func objective(svc *scenario.Service) string {
	obj := &svc.Objective
	return fmt.Sprintf("age at most %s for %s %% of the time", human.CompactSpan(obj.MaxAge.Seconds()), human.Number(obj.Percentile))
}

func newDot(r *simulate.Result, number int, c color.Color, highlight bool) dot {
	d := dot{cost: r.ReplicaMinutes, age: r.PercentileAge, color: c, radius: 3}
	if number > 0 {
		d.label = fmt.Sprint(number)
	}
	if highlight {
		d.radius = vg.Length(5)
	}
	return d
}

// draw adds the overlays of all results, and what belongs to each alone.
func (s *htmlService) draw(results []*simulate.Result, best *simulate.Result, objective, drained float64) error {
	for _, ch := range overlays(results, best, objective, drained) {
		svg, err := ch.svg(ch.title)
		if err != nil {
			return err
		}
		s.Overlays = append(s.Overlays, newPlot(ch.title, svg))
	}
	for _, r := range results {
		cand := htmlCandidate{Name: r.Candidate}
		for _, ch := range own(r) {
			svg, err := ch.svg(ch.title)
			if err != nil {
				return err
			}
			cand.Plots = append(cand.Plots, newPlot(ch.title, svg))
		}
		s.Candidates = append(s.Candidates, cand)
	}
	return nil
}

func (s *htmlService) scatter(dots []dot, objective float64) error {
	const caption = "Age against cost: lower and further left is better (dashed: the objective)"
	svg, err := scatter(dots, objective, caption)
	s.Scatter = newPlot(caption, svg)
	return err
}
