package report

import (
	"encoding/csv"
	"encoding/json"
	"io"
	"math"
	"strconv"

	"kafka_burndown_exporter/lab/simulate"
)

// jsonReport is the report as data. Times are in seconds.
type jsonReport struct {
	Scenario string          `json:"scenario"`
	Title    string          `json:"title"`
	Seed     uint64          `json:"seed"`
	Duration float64         `json:"duration_seconds"`
	Kube     string          `json:"kubernetes,omitempty"`
	KEDA     string          `json:"keda"`
	Recorded []jsonRec       `json:"recordings,omitempty"`
	Notes    []string        `json:"notes,omitempty"`
	Services []jsonCmp       `json:"services"`
	Lints    []simulate.Lint `json:"lints,omitempty"`
}

type jsonRec struct {
	Producer string    `json:"producer"`
	Before   float64   `json:"before_seconds"`
	Length   float64   `json:"length_seconds"`
	After    float64   `json:"after_seconds"`
	Missing  float64   `json:"missing_seconds"`
	Gaps     []jsonGap `json:"gaps,omitempty"`
}

type jsonGap struct {
	From float64 `json:"from_seconds"`
	To   float64 `json:"to_seconds"`
}

type jsonCmp struct {
	Service    string            `json:"service"`
	Group      string            `json:"group"`
	MaxAge     float64           `json:"objective_max_age_seconds"`
	Percentile float64           `json:"objective_percentile"`
	Best       string            `json:"best"`
	Conclusion []string          `json:"conclusion"`
	Results    []simulate.Result `json:"results"`
}

// WriteJSON writes the report as JSON.
func WriteJSON(w io.Writer, r *simulate.Report) error {
	out := jsonReport{Scenario: r.Scenario.Name, Title: r.Scenario.Title, Seed: r.Scenario.Seed,
		Duration: r.Scenario.Duration.Seconds(), Kube: string(r.Kubernetes), KEDA: simulate.KEDAVersion, Notes: r.Notes(), Lints: r.Lints}
	for i := range r.Recordings {
		rec := &r.Recordings[i]
		j := jsonRec{Producer: rec.Producer, Before: rec.Before.Seconds(), Length: rec.Length.Seconds(), After: rec.After.Seconds(),
			Missing: rec.Missing.Seconds()}
		for _, g := range rec.Gaps {
			j.Gaps = append(j.Gaps, jsonGap{g.From.Seconds(), g.To.Seconds()})
		}
		out.Recorded = append(out.Recorded, j)
	}
	for i := range r.Comparisons {
		c := &r.Comparisons[i]
		cmp := jsonCmp{Service: c.Service.Name, Group: c.Service.Group, MaxAge: c.Service.Objective.MaxAge.Seconds(),
			Percentile: c.Service.Objective.Percentile, Conclusion: r.Conclusion(c), Results: c.Results}
		if best := c.Best(); best != nil {
			cmp.Best = best.Candidate
		}
		out.Services = append(out.Services, cmp)
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(out)
}

// WriteCSV writes the course of every run: one row per candidate, service and point.
func WriteCSV(w io.Writer, r *simulate.Report) error {
	out := csv.NewWriter(w)
	head := []string{"service", "candidate", "seconds", "produced_rate", "produced_known", "consumed_rate", "lag", "age_seconds",
		"replicas", "ready_replicas"}
	if err := out.Write(head); err != nil {
		return err
	}
	for i := range r.Comparisons {
		for j := range r.Comparisons[i].Results {
			res := &r.Comparisons[i].Results[j]
			if res.Trace == nil {
				continue
			}
			if err := rows(out, res); err != nil {
				return err
			}
		}
	}
	out.Flush()
	return out.Error()
}

func rows(out *csv.Writer, res *simulate.Result) error {
	t := res.Trace
	for i := range t.At {
		row := []string{res.Service, res.Candidate, cell(t.At[i]), cell(t.Rate[i]), strconv.FormatBool(!t.Unknown[i]), cell(t.Consumed[i]),
			cell(t.Lag[i]), cell(t.Age[i]), cell(t.Replicas[i]), cell(t.Ready[i])}
		if err := out.Write(row); err != nil {
			return err
		}
	}
	return nil
}

func cell(v float64) string {
	return strconv.FormatFloat(math.Round(v*1000)/1000, 'f', -1, 64)
}
