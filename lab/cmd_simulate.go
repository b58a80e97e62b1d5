package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/alecthomas/kingpin/v2"

	"kafka_burndown_exporter/internal/cli"
	"kafka_burndown_exporter/internal/scale"
	"kafka_burndown_exporter/lab/recording"
	"kafka_burndown_exporter/lab/report"
	"kafka_burndown_exporter/lab/scenario"
	"kafka_burndown_exporter/lab/simulate"
	"kafka_burndown_exporter/lab/tune"
)

// simulateFlags say what is compared and how it is shown.
type simulateFlags struct {
	workload   *workloadFlags
	manifests  []string
	candidates []string
	format     string
	html       string
	events     bool
}

func registerSimulate(app *kingpin.Application) (*kingpin.CmdClause, cli.Command) {
	cmd := app.Command("simulate", "Replay a workload through the exact KEDA and HPA algorithm for several ScaledObjects and "+
		"compare what they do.")
	f := &simulateFlags{workload: addWorkloadFlags(cmd)}
	cmd.Flag("manifest", "Manifest file with ScaledObjects or HPAs to compare. Repeatable.").Short('f').StringsVar(&f.manifests)
	cmd.Flag("candidate", "Only this candidate of the scenario. Repeatable.").StringsVar(&f.candidates)
	cmd.Flag("format", "What to print: table, json or csv.").Default("table").EnumVar(&f.format, "table", "json", "csv")
	cmd.Flag("html", "Write a report with plots to this file too.").StringVar(&f.html)
	cmd.Flag("events", "Print every change of replicas with its reason.").BoolVar(&f.events)
	return cmd, f.run
}

func (f *simulateFlags) run(ctx context.Context, stdout, stderr io.Writer) error {
	sc, history, err := f.workload.load(ctx, stderr)
	if err != nil {
		return err
	}
	cands, err := f.compile(sc, history)
	if err != nil {
		return err
	}
	kubernetes := scale.Kubernetes(f.workload.kubernetes)
	if err := simulate.UseKubernetes(kubernetes, cands...); err != nil {
		return err
	}
	progress := newBar(stderr, "simulating")
	r, err := simulate.Simulate(ctx, sc, cands, simulate.Options{Trace: true}, func(done int) { progress.at(done, len(cands)) })
	progress.end()
	if err != nil {
		return err
	}
	r.Kubernetes = kubernetes
	if f.html != "" {
		if err := writeWhole(f.html, func(w io.Writer) error { return report.WriteHTML(w, r) }); err != nil {
			return fmt.Errorf("--html: %w", err)
		}
	}
	switch f.format {
	case "json":
		return report.WriteJSON(stdout, r)
	case "csv":
		return report.WriteCSV(stdout, r)
	default:
		return report.WriteText(stdout, r, f.events)
	}
}

// compile collects the candidates: the scenario's or standard ones, and those of manifest files.
func (f *simulateFlags) compile(sc *scenario.Scenario, history *recording.History) ([]*simulate.Candidate, error) {
	cands, err := simulate.Compile(sc)
	if err != nil {
		return nil, err
	}
	if history != nil {
		query, err := shippedQuery()
		if err != nil {
			return nil, err
		}
		if cands, err = tune.Standard(sc, query); err != nil {
			return nil, err
		}
		if recorded := simulate.Recorded(history, sc.Services[0].Name); recorded != nil {
			cands = append(cands, recorded)
		}
	}
	if cands, err = selectCandidates(cands, f.candidates); err != nil {
		return nil, err
	}
	own, err := simulate.FromFiles(sc, f.manifests)
	return append(cands, own...), err
}

func selectCandidates(all []*simulate.Candidate, names []string) ([]*simulate.Candidate, error) {
	if len(names) == 0 {
		return all, nil
	}
	var out []*simulate.Candidate
	for _, name := range names {
		i := slices.IndexFunc(all, func(c *simulate.Candidate) bool { return c.Name == name })
		if i < 0 {
			var known []string
			for _, c := range all {
				known = append(known, c.Name)
			}
			return nil, fmt.Errorf("--candidate: there is no %q; there are %s", name, strings.Join(known, ", "))
		}
		out = append(out, all[i])
	}
	return out, nil
}

// writeWhole writes a file as a whole or not at all.
func writeWhole(path string, write func(io.Writer) error) error {
	var b bytes.Buffer
	if err := write(&b); err != nil {
		return err
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), ".report-*")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	if _, err := tmp.Write(b.Bytes()); err != nil {
		tmp.Close()
		return err
	}
	if err := tmp.Chmod(0o644); err != nil {
		tmp.Close()
		return err
	}
	if err := tmp.Close(); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), path)
}
