package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/alecthomas/kingpin/v2"
	promconfig "github.com/prometheus/common/config"
	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"kafka_burndown_exporter/internal/cli"
	"kafka_burndown_exporter/internal/scale"
	"kafka_burndown_exporter/lab/recording"
	"kafka_burndown_exporter/lab/scenario"
	"kafka_burndown_exporter/lab/tune"
	"kafka_burndown_exporter/rules"
	"kafka_burndown_exporter/scenarios"
)

// workloadFlags say what simulate and tune replay: a scenario file, a CSV file, or the history on a Prometheus server.
type workloadFlags struct {
	file string

	url, httpConfig       string
	timeout               time.Duration
	from, to              string
	length, step          time.Duration
	group                 string
	queries               recording.Queries
	csv, csvTime, csvRate string

	w       recording.Workload
	metrics metricsFlags
	maxAge  time.Duration
	percent float64
	maxLag  float64
	set     map[string]bool

	kubernetes string
}

func addWorkloadFlags(cmd *kingpin.CmdClause) *workloadFlags {
	f := &workloadFlags{set: map[string]bool{}}
	cmd.Arg("scenario", "Scenario file, or the name of a shipped one: ride-hailing, fashion, food-delivery, payments, tuning-profiles, share-group or streams.").StringVar(&f.file)
	cmd.Flag("csv", "Replay the production in this CSV file.").StringVar(&f.csv)
	cmd.Flag("csv.time", "Column with the time: Unix seconds, RFC 3339, or seconds from 0.").Default("time").StringVar(&f.csvTime)
	cmd.Flag("csv.rate", "Column with the rate in messages/s; an empty cell is a gap.").Default("rate").StringVar(&f.csvRate)
	cmd.Flag("prometheus.url", "Replay the production recorded on this Prometheus server.").StringVar(&f.url)
	cmd.Flag("http.config.file", "HTTP client configuration for the server, as promtool takes it.").StringVar(&f.httpConfig)
	cli.Declare(cmd, &f.timeout, "prometheus.timeout", "2m", "How long the server has for one answer.", parseDays)
	cmd.Flag("start", "Start of the history: RFC 3339 or Unix seconds. Default: --range before --end.").StringVar(&f.from)
	cmd.Flag("end", "End of the history. Default: now.").StringVar(&f.to)
	cli.Declare(cmd, &f.length, "range", "", "Length of the history where --start is not given. Default: what is there, up to a day.", parseDays)
	cli.Declare(cmd, &f.step, "step", "1m", "Distance of the points of the history.", parseDays)
	cmd.Flag("group", "Consumer group of the history.").StringVar(&f.group)
	cmd.Flag("query.produced", "PromQL for the messages/s produced, instead of the recorded series.").StringVar(&f.queries.Produced)
	cmd.Flag("query.consumed", "PromQL for the messages/s consumed.").StringVar(&f.queries.Consumed)
	cmd.Flag("query.members", "PromQL for the number of members.").StringVar(&f.queries.Members)
	cmd.Flag("query.replicas", "PromQL for the number of replicas; the members if not given.").StringVar(&f.queries.Replicas)
	cmd.Flag("kubernetes", "The release whose HPA is simulated: 1.36 or 1.37.").Default(string(scale.Kubernetes136)).
		EnumVar(&f.kubernetes, string(scale.Kubernetes136), string(scale.Kubernetes137))
	f.addServiceFlags(cmd)
	f.metrics.add(cmd)
	return f
}

// addServiceFlags describe the consumer of a recorded production; a scenario file has its own.
func (f *workloadFlags) addServiceFlags(cmd *kingpin.CmdClause) {
	cmd.Flag("topic", "Name of the topic of a recorded production.").Default("recorded").StringVar(&f.w.Topic)
	cli.Declare(cmd, &f.w.Partitions, "partitions", "", "Partitions of a recorded production. Default: as recorded.", cli.ParseCount[int])
	cli.Declare(cmd, &f.w.Capacity, "capacity", "", "Messages/s of one replica. Default: the most that was recorded.", cli.ParsePositive)
	cli.Declare(cmd, &f.w.StartDelay, "start-delay", "30s", "From the decision until a pod consumes.", parseDays)
	cli.Declare(cmd, &f.w.RebalancePause, "rebalance-pause", "5s", "How long a change of membership stops consumption.", parseDays)
	cli.Declare(cmd, &f.w.Replicas, "replicas", "", "Replicas at the start. Default: as recorded.", cli.ParseCount[int])
	cli.Declare(cmd, &f.w.Cost, "cost", "", "Price of one replica for one hour.", cli.ParsePositive)
	cli.Declare(cmd, &f.maxAge, "max-age", "", "Objective: messages shall not wait longer. Default: the scenario's, else 60s.", parseDays)
	cli.Declare(cmd, &f.percent, "percentile", "", "Objective: for this share of the time, in percent. Default: the scenario's, else 99.", parsePercent)
	cli.Declare(cmd, &f.maxLag, "drained", "", "Lag that counts as drained. Default: the scenario's, else 1000.", cli.ParsePositive)
}

func parseDays(s string) (time.Duration, error) {
	d, err := scenario.ParseDuration(s)
	if err != nil || d <= 0 {
		return 0, fmt.Errorf("%q is not a duration above zero; write e.g. 30s, 5m or 7d", s)
	}
	return d, nil
}

func parsePercent(s string) (float64, error) {
	v, err := strconv.ParseFloat(s, 64)
	if err != nil || !(v > 0 && v <= 100) {
		return 0, fmt.Errorf("%q is not a percentage above 0, up to 100", s)
	}
	return v, nil
}

// load reads the workload. A history is returned besides the scenario made of it.
func (f *workloadFlags) load(ctx context.Context, stderr io.Writer) (*scenario.Scenario, *recording.History, error) {
	given := 0
	for _, s := range []string{f.file, f.csv, f.url} {
		if s != "" {
			given++
		}
	}
	if given != 1 {
		return nil, nil, errors.New("what to replay is missing or given twice; give a scenario file, --csv=FILE or --prometheus.url=URL")
	}
	if f.file != "" {
		sc, err := readScenario(f.file)
		if err != nil {
			return nil, nil, err
		}
		f.override(sc)
		return sc, nil, f.metrics.apply(sc)
	}
	h, name, err := f.history(ctx, stderr)
	if err != nil {
		return nil, nil, err
	}
	f.w.Group = f.group
	if f.w.Group == "" {
		f.w.Group = "recorded"
	}
	f.w.Service, f.w.Namespace = f.w.Group, "default"
	sc, err := recording.Replay(name, h, f.w)
	if err != nil {
		return nil, nil, err
	}
	f.override(sc)
	return sc, h, f.metrics.apply(sc)
}

// readScenario reads a scenario file, or a shipped scenario by its name.
func readScenario(name string) (*scenario.Scenario, error) {
	if _, err := os.Stat(name); err == nil || strings.ContainsAny(name, `/\.`) {
		return scenario.Load(name)
	}
	sc, err := scenario.LoadFS(scenarios.FS, name+".yaml")
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("no scenario is called %q; use %s, or name a file", name, strings.Join(scenarios.Names(), ", "))
	}
	return sc, err
}

// override puts what flags say about the objective and the price into the scenario.
func (f *workloadFlags) override(sc *scenario.Scenario) {
	for i := range sc.Services {
		svc := &sc.Services[i]
		if f.maxAge > 0 {
			svc.Objective.MaxAge = f.maxAge
		}
		if f.percent > 0 {
			svc.Objective.Percentile = f.percent
		}
		if f.maxLag > 0 {
			svc.Objective.MaxLag = f.maxLag
		}
		if f.w.Cost > 0 {
			svc.Cost = f.w.Cost
		}
	}
}

func (f *workloadFlags) history(ctx context.Context, stderr io.Writer) (*recording.History, string, error) {
	if f.csv == "" {
		h, err := f.fetch(ctx, stderr)
		return h, f.group, err
	}
	file, err := os.Open(f.csv)
	if err != nil {
		return nil, "", fmt.Errorf("--csv: %w", err)
	}
	defer file.Close()
	s, err := scenario.ReadCSV(file, f.csvTime, f.csvRate)
	if err != nil {
		return nil, "", fmt.Errorf("%s: %w", f.csv, err)
	}
	from := s.Start
	if from.IsZero() {
		from = time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)
	}
	return &recording.History{From: from, Produced: s}, strings.TrimSuffix(filepath.Base(f.csv), filepath.Ext(f.csv)), nil
}

func (f *workloadFlags) fetch(ctx context.Context, stderr io.Writer) (*recording.History, error) {
	if f.group == "" {
		return nil, errors.New("--group: missing; name the consumer group whose history is replayed")
	}
	server, err := recording.ParseServer(f.url)
	if err != nil {
		return nil, fmt.Errorf("--prometheus.url: %w", err)
	}
	client, err := httpClient(f.httpConfig)
	if err != nil {
		return nil, err
	}
	req := &recording.Request{URL: server, Client: client, Timeout: f.timeout, Group: f.group, Step: f.step, Queries: f.queries}
	if req.To, err = parseInstant("end", f.to, time.Now()); err != nil {
		return nil, err
	}
	length := f.length
	if length == 0 {
		length = 24 * time.Hour
	}
	if req.From, err = parseInstant("start", f.from, req.To.Add(-length)); err != nil {
		return nil, err
	}
	bar := newBar(stderr, "reading history")
	req.Progress = bar.at
	h, err := recording.Fetch(ctx, req)
	bar.end()
	if err != nil {
		shown := url.URL{Scheme: server.Scheme, Host: server.Host, Path: server.Path} // what else it holds may be secret
		return nil, fmt.Errorf("%s: %w", &shown, err)
	}
	if f.length == 0 && f.from == "" {
		h.Produced.Before = 0 // what is there was asked for
	}
	return h, nil
}

// httpClient reads promtool's --http.config.file; without one it is a plain client.
func httpClient(file string) (*http.Client, error) {
	cfg := promconfig.DefaultHTTPClientConfig
	if file != "" {
		read, _, err := promconfig.LoadHTTPConfigFile(file)
		if err != nil {
			return nil, fmt.Errorf("--http.config.file: %w", err)
		}
		cfg = *read
	}
	client, err := promconfig.NewClientFromConfig(cfg, "simulate")
	if err != nil {
		return nil, fmt.Errorf("--http.config.file: %w", err)
	}
	return client, nil
}

func parseInstant(flag, s string, def time.Time) (time.Time, error) {
	if s == "" {
		return def.Truncate(time.Second), nil
	}
	if sec, err := strconv.ParseFloat(s, 64); err == nil && sec > 0 && sec < 1e11 {
		return time.UnixMilli(int64(sec * 1000)), nil
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return t, fmt.Errorf("--%s: %q is not a time; write e.g. 2026-01-02T15:04:05Z or Unix seconds", flag, s)
	}
	return t, nil
}

// bar is a progress bar on a terminal, and nothing elsewhere.
type bar struct {
	w    io.Writer
	text string
	bar  *progressbar.ProgressBar
}

func newBar(w io.Writer, text string) *bar { return &bar{w: w, text: text} }

func (b *bar) at(done, total int) {
	file, ok := b.w.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return
	}
	if b.bar == nil {
		b.bar = progressbar.NewOptions(total, progressbar.OptionSetWriter(b.w), progressbar.OptionSetDescription(b.text),
			progressbar.OptionClearOnFinish(), progressbar.OptionSetPredictTime(true))
	}
	b.bar.ChangeMax(total)
	_ = b.bar.Set(done)
}

func (b *bar) end() {
	if b.bar != nil {
		_ = b.bar.Finish()
	}
}

// shippedQuery gives the queries of rules/trigger-queries.yaml by name.
func shippedQuery() (tune.QueryText, error) {
	all, err := rules.TriggerQueries()
	if err != nil {
		return nil, err
	}
	return func(name, group, threshold string) (string, error) {
		for _, q := range all.Queries {
			if q.Name == name {
				return q.Expr(group, threshold), nil
			}
		}
		return "", fmt.Errorf("there is no trigger query %q", name)
	}, nil
}
