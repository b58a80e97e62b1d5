package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/alecthomas/kingpin/v2"

	"kafka_burndown_exporter/internal/cli"
	"kafka_burndown_exporter/internal/scale"
	"kafka_burndown_exporter/lab/recording"
	"kafka_burndown_exporter/lab/scenario"
	"kafka_burndown_exporter/lab/simulate"
	"kafka_burndown_exporter/lab/tune"
)

// tuneFlags bound the search.
type tuneFlags struct {
	workload *workloadFlags
	service  string
	limits   tune.Limits
	output   string
	html     string
	lag      float64
	target   float64
}

func registerTune(app *kingpin.Application) (*kingpin.CmdClause, cli.Command) {
	cmd := app.Command("tune", "Search metrics, thresholds and behaviours for a workload and an objective; print the trade-off, "+
		"a recommendation and its ScaledObject. Or translate between an accepted lag and a log2×7 target.")
	f := &tuneFlags{workload: addWorkloadFlags(cmd)}
	cmd.Flag("service", "Which service of the scenario; may be left out where there is one.").StringVar(&f.service)
	cmd.Flag("preset", "Only this tuning profile: quick, slow, known-peaks, initial-load or consistently-high. Default: "+
		"all, and for the desired replicas one of their own.").
		StringVar(&f.limits.Preset)
	cli.Declare(cmd, &f.limits.Min, "min-replicas", "", "Lower limit. Default: the profile's.", cli.ParseCount[int])
	cli.Declare(cmd, &f.limits.Max, "max-replicas", "", "Upper limit. Default: the profile's, at most the partitions.", cli.ParseCount[int])
	cli.Declare(cmd, &f.limits.Reversals, "max-reversals", "4", "Changes of direction an hour that a recommendation may have.", cli.ParsePositive)
	cmd.Flag("scaledobject.server-address", "serverAddress in the ScaledObject.").
		Default("http://prometheus.monitoring:9090").StringVar(&f.limits.Prometheus)
	cmd.Flag("scaledobject.bootstrap-servers", "bootstrapServers in the ScaledObject.").Default("kafka:9092").
		StringVar(&f.limits.Bootstrap)
	cmd.Flag("name", "Name of the ScaledObject. Default: the service's.").StringVar(&f.limits.Name)
	cmd.Flag("namespace", "Namespace of the ScaledObject. Default: the service's.").StringVar(&f.limits.Namespace)
	cmd.Flag("target", "Deployment that the ScaledObject scales. Default: --name.").StringVar(&f.limits.Target)
	cmd.Flag("output", "Write the recommended ScaledObject to this file.").Short('o').StringVar(&f.output)
	cmd.Flag("html", "Write a report with plots to this file too.").StringVar(&f.html)
	cli.Declare(cmd, &f.lag, "accepted-lag", "", "Calculator: the log2×7 target for this lag.", cli.ParsePositive)
	cli.Declare(cmd, &f.target, "log2x7-target", "", "Calculator: the lag that this log2×7 target accepts.", cli.ParsePositive)
	return cmd, f.run
}

func (f *tuneFlags) run(ctx context.Context, stdout, stderr io.Writer) error {
	switch {
	case f.lag > 0 && f.target > 0:
		return errors.New("--accepted-lag and --log2x7-target: give one of them")
	case f.lag == 1:
		return errors.New("--accepted-lag: log2×7 tells a lag of 1 from 0 not; give at least 2")
	case f.lag > 0:
		return tune.WriteCalculator(stdout, scale.Log2x7(f.lag, 7*64))
	case f.target > 0:
		return tune.WriteCalculator(stdout, f.target)
	}
	if f.workload.file == "" && f.workload.group == "" {
		return errors.New("--group: missing; the ScaledObject has to name the consumer group that it is for")
	}
	sc, history, err := f.workload.load(ctx, stderr)
	if err != nil {
		return err
	}
	service, err := f.pick(sc)
	if err != nil {
		return err
	}
	query, err := shippedQuery()
	if err != nil {
		return err
	}
	f.limits.Kubernetes = scale.Kubernetes(f.workload.kubernetes)
	if f.limits.Trace = f.html != ""; f.limits.Trace {
		if f.limits.Present, err = present(sc, history, service); err != nil {
			return err
		}
		if err := simulate.UseKubernetes(f.limits.Kubernetes, f.limits.Present); err != nil {
			return err
		}
	}
	progress := newBar(stderr, "searching")
	t, err := tune.Search(ctx, sc, service, f.limits, query, progress.at)
	progress.end()
	if err != nil {
		return err
	}
	if f.html != "" {
		if err := writeWhole(f.html, t.WriteHTML); err != nil {
			return fmt.Errorf("--html: %w", err)
		}
	}
	if f.output != "" {
		write := func(w io.Writer) error { _, err := w.Write(t.Recommended.Manifest); return err }
		if err := writeWhole(f.output, write); err != nil {
			return fmt.Errorf("--output: %w", err)
		}
	}
	return t.WriteText(stdout)
}

// present is what a recommendation is compared with: the recorded replicas, else the scenario's default candidate, else
// no autoscaling.
func present(sc *scenario.Scenario, history *recording.History, service string) (*simulate.Candidate, error) {
	if history != nil {
		if recorded := simulate.Recorded(history, service); recorded != nil {
			return recorded, nil
		}
	}
	if def := sc.DefaultCandidate(); def != nil {
		cands, err := simulate.Compile(sc)
		if err != nil {
			return nil, err
		}
		cands, err = selectCandidates(cands, []string{def.Name})
		return cands[0], err
	}
	return &simulate.Candidate{Name: "fixed", Title: "no autoscaling"}, nil
}

// pick names the service to tune.
func (f *tuneFlags) pick(sc *scenario.Scenario) (string, error) {
	if f.service != "" {
		return f.service, nil
	}
	if len(sc.Services) == 1 {
		return sc.Services[0].Name, nil
	}
	names := ""
	for _, s := range sc.Services {
		names += ", " + s.Name
	}
	return "", fmt.Errorf("--service: missing; the scenario has %s", names[2:])
}
