package main

import (
	"context"
	"math"
	"regexp"
	"slices"
	"strings"
	"time"

	"kafka_burndown_exporter/dashboards"
	"kafka_burndown_exporter/test/prometheus"
)

// data is where a panel's answers come from.
type data struct {
	server *prometheus.Server
	values dashboards.Values
	to     time.Time
	length time.Duration
}

// line is one answer of a panel, with its name in the legend and the query it is from.
type line struct {
	name, refID string
	points      []prometheus.Point
	labels      map[string]string
}

// ask evaluates the panel's queries over the time shown.
func (d data) ask(ctx context.Context, p dashboards.Panel) ([]line, error) {
	var lines []line
	for _, t := range p.Targets {
		expr := d.values.Substitute(t.Expr)
		series, err := d.server.QueryRange(ctx, expr, d.to.Add(-d.length), d.to, (d.length / 240).Round(time.Second))
		if t.Instant {
			series, err = d.server.Query(ctx, expr, d.to)
		}
		if err != nil {
			return nil, err
		}
		var own []line
		for _, s := range series {
			l := line{name: legend(t.LegendFormat, s.Labels), refID: t.RefID, labels: s.Labels}
			for _, p := range s.Points {
				if !math.IsNaN(p.Value) && !math.IsInf(p.Value, 0) { // a gap, as in Grafana
					l.points = append(l.points, p)
				}
			}
			if len(l.points) > 0 {
				own = append(own, l)
			}
		}
		slices.SortFunc(own, func(a, b line) int { return strings.Compare(a.name, b.name) })
		lines = append(lines, own...)
	}
	return lines, nil
}

// legend fills {{label}} in as Grafana does.
func legend(format string, labels map[string]string) string {
	name := regexp.MustCompile(`\{\{\s*(\w+)\s*\}\}`).ReplaceAllStringFunc(format, func(m string) string {
		return labels[strings.Trim(m, "{} ")]
	})
	return strings.Join(strings.Fields(name), " ")
}
