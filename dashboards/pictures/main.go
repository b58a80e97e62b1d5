// Command pictures draws the shipped dashboards for the docs. It is not Grafana: it asks a real Prometheus what the panels
// ask, and lets Chromium draw the answers. It runs the lab's demo, and a Prometheus with the shipped rules:
//
//	go run ./dashboards/pictures -lab ./kafka_burndown_lab -for 20m
//
// The Autoscaling dashboard is left out: the demo has no Kubernetes, so there are no series to draw.
package main

import (
	"bufio"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"html/template"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"time"

	"kafka_burndown_exporter/dashboards"
	"kafka_burndown_exporter/rules"
	"kafka_burndown_exporter/test/prometheus"
)

//go:embed page.html
var page string

type options struct {
	lab, scenario, group, out, chromium string
	length                              time.Duration
}

func main() {
	var o options
	flag.StringVar(&o.lab, "lab", "./kafka_burndown_lab", "the lab's program")
	flag.StringVar(&o.scenario, "scenario", "ride-hailing", "what the demo runs")
	flag.StringVar(&o.group, "group", "trip-analytics", "the consumer group that is shown")
	flag.StringVar(&o.out, "out", filepath.Join("docs", "images"), "the folder of the pictures")
	flag.StringVar(&o.chromium, "chromium", "chromium", "the browser's program")
	flag.DurationVar(&o.length, "for", 20*time.Minute, "how long the demo runs, and how much is shown")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "pictures:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) (err error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	addr, wait, err := startDemo(ctx, o)
	if err != nil {
		return err
	}
	defer func() { stop(); err = errors.Join(err, wait()) }()
	server, err := prometheus.New(ctx, prometheus.Options{
		RuleFiles: []string{filepath.Join("rules", rules.BaseBurndownExporter), filepath.Join("rules", rules.Recording)},
		Targets:   []prometheus.Target{{Job: "kafka", Addr: addr}, {Job: "prometheus"}},
		Interval:  5 * time.Second,
	})
	if err != nil {
		return fmt.Errorf("start Prometheus (run this from the root of the repository): %w", err)
	}
	defer func() { err = errors.Join(err, server.Close()) }()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(o.length):
	}
	all, err := dashboards.Load()
	if err != nil {
		return err
	}
	for _, d := range all {
		if d.UID == "kafka-autoscaling" {
			continue
		}
		if err := draw(ctx, o, server, d.UID); err != nil {
			return fmt.Errorf("draw %s: %w", d.UID, err)
		}
	}
	return nil
}

// startDemo returns where the demo serves metrics, and what waits for its end once the context is done.
func startDemo(ctx context.Context, o options) (addr string, wait func() error, err error) {
	demo := exec.CommandContext(ctx, o.lab, "demo", "--scenario="+o.scenario, "--web.listen-address=127.0.0.1:0")
	demo.Cancel = func() error { return demo.Process.Signal(syscall.SIGINT) }
	demo.Stderr = os.Stderr
	out, err := demo.StdoutPipe()
	if err == nil {
		err = demo.Start()
	}
	if err != nil {
		return "", nil, fmt.Errorf("start the demo: %w", err)
	}
	lines := bufio.NewReader(out)
	line, err := lines.ReadString('\n')
	found := regexp.MustCompile(`http://(127\.0\.0\.1:\d+)`).FindStringSubmatch(line)
	if found == nil {
		return "", nil, fmt.Errorf("the demo says no address but %q: %w", line, errors.Join(err, demo.Cancel(), demo.Wait()))
	}
	go io.Copy(io.Discard, lines) //nolint:errcheck // ends with the demo
	return found[1], func() error {
		if err := demo.Wait(); err != nil && !errors.Is(err, context.Canceled) {
			return fmt.Errorf("end the demo: %w", err)
		}
		return nil
	}, nil
}

// answer is one series of a panel.
type answer struct {
	Ref    string            `json:"ref"`
	Name   string            `json:"name"`
	Labels map[string]string `json:"labels"`
	Points [][2]float64      `json:"points"` // seconds since the epoch, value
}

// draw writes one dashboard as a picture: the page gets the dashboard as it is shipped, and the answers to its panels.
func draw(ctx context.Context, o options, server *prometheus.Server, uid string) error {
	data, err := os.ReadFile(filepath.Join("dashboards", uid+".json"))
	if err != nil {
		return fmt.Errorf("read the dashboard: %w", err)
	}
	var d dashboards.Dashboard
	if err := json.Unmarshal(data, &d); err != nil {
		return fmt.Errorf("parse the dashboard: %w", err)
	}
	to := time.Now()
	step := (o.length / 240).Round(time.Second)
	answers := map[int][]answer{}
	height := 60
	for _, p := range d.Panels {
		height = max(height, 60+30*(p.GridPos.Y+p.GridPos.H))
		for _, t := range p.Targets {
			got, err := ask(ctx, o, server, t, to, step)
			if err != nil {
				return fmt.Errorf("panel %q: %w", p.Title, err)
			}
			answers[p.ID] = append(answers[p.ID], got...)
		}
	}
	view := map[string]any{
		"Board": json.RawMessage(data), "Answers": answers, "Step": step.Seconds(),
		"From": to.Add(-o.length).Unix(), "To": to.Unix(),
	}
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if err := template.Must(template.New("page").Parse(page)).Execute(w, view); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	}))
	defer web.Close()
	path, err := filepath.Abs(filepath.Join(o.out, "dashboard-"+uid+".png"))
	if err != nil {
		return err
	}
	out, err := exec.CommandContext(ctx, o.chromium, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
		fmt.Sprintf("--window-size=1200,%d", height), "--screenshot="+path, web.URL).CombinedOutput()
	if err != nil {
		return fmt.Errorf("run %s: %w\n%s", o.chromium, err, out)
	}
	return nil
}

func ask(ctx context.Context, o options, s *prometheus.Server, t dashboards.Target, to time.Time, step time.Duration) ([]answer, error) {
	values := dashboards.Values{Group: o.group, RateInterval: "1m", Range: fmt.Sprintf("%ds", int(o.length.Seconds()))}
	series, err := s.QueryRange(ctx, values.Substitute(t.Expr), to.Add(-o.length), to, step)
	if t.Instant {
		series, err = s.Query(ctx, values.Substitute(t.Expr), to)
	}
	if err != nil {
		return nil, err
	}
	var all []answer
	for _, one := range series {
		name := regexp.MustCompile(`\{\{\s*(\w+)\s*\}\}`).ReplaceAllStringFunc(t.LegendFormat, func(label string) string {
			return one.Labels[strings.Trim(label, "{} ")]
		})
		a := answer{Ref: t.RefID, Name: strings.TrimSpace(name), Labels: one.Labels}
		for _, p := range one.Points {
			if !math.IsNaN(p.Value) && !math.IsInf(p.Value, 0) { // a gap, as in Grafana
				a.Points = append(a.Points, [2]float64{float64(p.Time.Unix()), p.Value})
			}
		}
		if len(a.Points) > 0 {
			all = append(all, a)
		}
	}
	return all, nil
}
