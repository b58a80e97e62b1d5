package main

import (
	"context"
	"fmt"
	"io"

	"github.com/alecthomas/kingpin/v2"

	"kafka_burndown_exporter/internal/cli"
	"kafka_burndown_exporter/lab/study"
)

// studyFlags say which workloads are drawn and what is shown.
type studyFlags struct {
	opt           study.Options
	shipped, each bool
	ablation      bool
	plot          string
	scenarios     []string
	seeds         int
}

func registerStudy(app *kingpin.Application) (*kingpin.CmdClause, cli.Command) {
	cmd := app.Command("study", "Compare the pilot with plain triggers on random workloads: how often the objective is met, "+
		"what it costs, how often replicas change.")
	f := &studyFlags{}
	cli.Declare(cmd, &f.opt.First, "seed", "2001", "Seed of the first workload; the others follow.", cli.ParseCount[int])
	cli.Declare(cmd, &f.opt.Workloads, "workloads", "40", "How many.", cli.ParseCount[int])
	cmd.Flag("faults", "With lost scrapes, crashes, a brown-out, failing commits and partitions that cannot be read.").
		BoolVar(&f.opt.Faults)
	cmd.Flag("bound", "Work out how little somebody would need who knows everything beforehand. Slow.").BoolVar(&f.opt.Bound)
	cmd.Flag("shipped", "Compare with every shipped trigger, not only with KEDA's kafka trigger.").BoolVar(&f.shipped)
	cmd.Flag("each", "Print every workload with the pilot and the best kafka trigger.").BoolVar(&f.each)
	cmd.Flag("ablation", "Show what each of the law's constants is worth instead: without it, or halved and doubled.").BoolVar(&f.ablation)
	cmd.Flag("scenario", "Run the pilot on this scenario file, or the shipped one of that name, instead. Repeatable.").
		StringsVar(&f.scenarios)
	cli.Declare(cmd, &f.seeds, "scenario-seeds", "5", "Seeds to run each scenario with.", cli.ParseCount[int])
	cmd.Flag("plot", "Draw age against cost to this SVG file.").StringVar(&f.plot)
	return cmd, f.run
}

func (f *studyFlags) run(ctx context.Context, stdout, stderr io.Writer) error {
	if f.shipped {
		query, err := shippedQuery()
		if err != nil {
			return err
		}
		f.opt.Query = query
	}
	progress := newBar(stderr, "studying")
	defer progress.end()
	if len(f.scenarios) > 0 {
		return f.services(ctx, stdout, progress)
	}
	if f.ablation {
		rows, err := study.Ablate(ctx, f.opt, progress.at)
		progress.end()
		if err != nil {
			return err
		}
		return study.WriteAblation(stdout, rows)
	}
	f.opt.Done = func(done int) { progress.at(done, f.opt.Workloads) }
	report, err := study.Run(ctx, f.opt)
	progress.end()
	if err != nil {
		return err
	}
	if f.plot != "" {
		if err := writeWhole(f.plot, report.WritePlot); err != nil {
			return fmt.Errorf("--plot: %w", err)
		}
	}
	return report.WriteText(stdout, f.each)
}

// services runs the pilot on scenarios.
func (f *studyFlags) services(ctx context.Context, stdout io.Writer, progress *bar) error {
	var all []study.Service
	for i, name := range f.scenarios {
		sc, err := readScenario(name)
		if err != nil {
			return err
		}
		services, err := study.Scenario(ctx, sc, f.seeds, f.opt.Bound)
		if err != nil {
			return err
		}
		all = append(all, services...)
		progress.at(i+1, len(f.scenarios))
	}
	progress.end()
	return study.WriteScenarios(stdout, all)
}
