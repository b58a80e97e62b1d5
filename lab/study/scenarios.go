package study

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"

	"kafka_burndown_exporter/lab/scenario"
	"kafka_burndown_exporter/lab/simulate"
)

// Service is what the pilot did to one service of a scenario, over several seeds.
type Service struct {
	Scenario, Name string
	Row
	Bound float64 // replica-minutes; 0: not worked out
}

// Scenario runs the pilot on every service that a scenario's candidates scale, all of them at once, with so many seeds.
func Scenario(ctx context.Context, sc *scenario.Scenario, seeds int, bound bool) ([]Service, error) {
	scaled, err := scaledServices(sc)
	if err != nil {
		return nil, err
	}
	cand := &simulate.Candidate{Name: Pilot}
	var out []Service
	for _, i := range scaled {
		svc := &sc.Services[i]
		cand.Controllers = append(cand.Controllers, pilotOf(sc, svc))
		out = append(out, Service{Scenario: sc.Name, Name: svc.Name, Row: Row{Name: Pilot}})
		if bound && !svc.IsShare() && !svc.IsStreams() { // it knows members with partitions only
			out[len(out)-1].Bound = Bound(sc, svc)
		}
	}
	results := make([][]simulate.Result, seeds)
	err = parallel(ctx, seeds, func(s int) error {
		own := *sc
		own.Seed = sc.Seed*1000 + uint64(s) + 1
		res, err := simulate.Run(ctx, &own, cand, simulate.Options{Phase: phaseOf(&own, s+1), LateEvents: true})
		results[s] = res
		return err
	}, nil)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", sc.Name, err)
	}
	for _, res := range results {
		for k, i := range scaled {
			out[k].add(&res[i], sc.Services[i].Objective.MaxAge.Seconds())
		}
	}
	return out, nil
}

// scaledServices are the services that some candidate of a scenario scales; all where it has no candidates.
func scaledServices(sc *scenario.Scenario) ([]int, error) {
	cands, err := simulate.Compile(sc)
	if err != nil {
		return nil, err
	}
	scaled := map[string]bool{}
	for _, c := range cands {
		for _, ctl := range c.Controllers {
			scaled[ctl.Service] = true
		}
	}
	var out []int
	for i := range sc.Services {
		if len(cands) == 0 || scaled[sc.Services[i].Name] {
			out = append(out, i)
		}
	}
	return out, nil
}

// WriteScenarios writes a table of means over the seeds.
func WriteScenarios(w io.Writer, services []Service) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "SCENARIO\tSERVICE\tOBJECTIVE MET\tREPLICA-MINUTES\tCHANGES\tREVERSALS\tAGE ÷ OBJECTIVE\tBOUND")
	for i := range services {
		s := &services[i]
		n, bound := float64(s.Workloads), ""
		if s.Bound > 0 {
			bound = fmt.Sprintf("%.0f", s.Bound)
		}
		fmt.Fprintf(t, "%s\t%s\t%d/%d\t%.0f\t%.0f\t%.0f\t%.2f\t%s\n", s.Scenario, s.Name, s.Meets, s.Workloads, s.ReplicaMinutes/n,
			float64(s.Changes)/n, float64(s.Reversals)/n, s.MeanAge, bound)
	}
	if err := t.Flush(); err != nil {
		return fmt.Errorf("write the table: %w", err)
	}
	return nil
}
