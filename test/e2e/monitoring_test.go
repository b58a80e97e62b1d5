package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"kafka_burndown_exporter/internal/lag"
	"kafka_burndown_exporter/test/e2e/proc"
	"kafka_burndown_exporter/test/e2e/stack"
)

// monitoring is one test's exporter and Prometheus.
type monitoring struct {
	t          *testing.T
	w          *world
	url        string
	port       int
	exporter   string // address
	exporterP  *proc.Process
	prometheus *proc.Process
	args       []string
}

// monitor starts an exporter that looks at some groups, and a Prometheus with the shipped rules that scrapes it.
func (w *world) monitor(t *testing.T, groups []string, flags ...string) *monitoring {
	t.Helper()
	m := &monitoring{t: t, w: w}
	port, err := stack.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	m.exporter = fmt.Sprintf("127.0.0.1:%d", port)
	m.args = append([]string{
		"--web.listen-address=" + m.exporter, "--group.filter=^(" + strings.Join(groups, "|") + ")$",
		"--sample.interval=" + compressTime(lag.Defaults().Interval).String(), "--rate.window=" + compressTime(lag.Defaults().RateWindow).String(),
		"--stall.window=" + compressTime(5*time.Minute).String(), fmt.Sprintf("--pace=%d", speed), "--refresh.metadata=3s", "--refresh.starts=6s",
	}, flags...)
	for _, addr := range w.kafka.observers() {
		m.args = append(m.args, "--kafka.server="+addr)
	}
	m.startExporter()
	if m.port, err = stack.FreePort(); err != nil {
		t.Fatal(err)
	}
	m.url = fmt.Sprintf("http://127.0.0.1:%d", m.port)
	m.configure()
	m.startPrometheus()
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("exporter:\n%s", m.exporterP.Tail(10))
		}
		m.prometheus.Stop(3 * time.Second)
		m.exporterP.Stop(3 * time.Second)
	})
	return m
}

func (m *monitoring) name(part string) string {
	return part + "-" + strings.ToLower(strings.ReplaceAll(m.t.Name(), "/", "-"))
}

func (m *monitoring) startExporter() {
	m.t.Helper()
	var err error
	m.exporterP, err = m.w.stack.Procs.Start(proc.Spec{Name: m.name("exporter"), Bin: filepath.Join(binDir(), "exporter"), Args: m.args})
	if err != nil {
		m.t.Fatal(err)
	}
	if err := m.exporterP.Wait(context.Background(), 30*time.Second, answers("http://"+m.exporter+"/-/ready")); err != nil {
		m.t.Fatal(err)
	}
}

// configure writes Prometheus' configuration and the compressed rules.
func (m *monitoring) configure() {
	m.t.Helper()
	dir := filepath.Join(m.w.dir, m.name("prometheus"))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		m.t.Fatal(err)
	}
	for _, file := range []string{"base-burndown-exporter.yaml", "recording.yaml", "alerts.yaml"} {
		raw, err := os.ReadFile(filepath.Join("..", "..", "rules", file))
		if err != nil {
			m.t.Fatal(err)
		}
		m.write(filepath.Join(dir, file), compressRules(string(raw)))
	}
	m.write(filepath.Join(dir, "prometheus.yml"), fmt.Sprintf(`global: {scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1500ms}
rule_files: [base-burndown-exporter.yaml, recording.yaml, alerts.yaml]
scrape_configs:
  - job_name: kafka-burndown-exporter
    static_configs: [{targets: [%q]}]
  - job_name: keda
    static_configs: [{targets: [%q]}]
`, m.exporter, m.w.stack.KEDAMetrics()))
}

func (m *monitoring) write(path, content string) {
	m.t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		m.t.Fatal(err)
	}
}

func prometheusBinary(t *testing.T) string {
	t.Helper()
	bin, err := exec.LookPath("prometheus")
	if err != nil {
		missing(t, "Prometheus (package prometheus)")
	}
	return bin
}

func (m *monitoring) startPrometheus() {
	m.t.Helper()
	var err error
	dir := filepath.Join(m.w.dir, m.name("prometheus"))
	m.prometheus, err = m.w.stack.Procs.Start(proc.Spec{Name: m.name("prometheus-server"), Bin: prometheusBinary(m.t), Args: []string{
		"--config.file=" + filepath.Join(dir, "prometheus.yml"), "--storage.tsdb.path=" + filepath.Join(dir, "data"),
		fmt.Sprintf("--web.listen-address=127.0.0.1:%d", m.port), "--log.level=warn",
	}})
	if err != nil {
		m.t.Fatal(err)
	}
	if err := m.prometheus.Wait(context.Background(), 30*time.Second, answers(m.url+"/-/ready")); err != nil {
		m.t.Fatal(err)
	}
}

func answers(address string) func(context.Context) error {
	return func(ctx context.Context) error {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
		if err != nil {
			return err
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return err
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			return fmt.Errorf("%s: %s", address, resp.Status)
		}
		return nil
	}
}

// desiredOf is the shipped trigger query for what a group needs.
func desiredOf(group string) string {
	return fmt.Sprintf("max(kafka_group_desired_replicas{consumergroup=%q})", group)
}

// query asks for one sample; known is false where there is none.
func (m *monitoring) query(expr string) (value float64, known bool, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, m.url+"/api/v1/query?query="+url.QueryEscape(expr), nil)
	if err != nil {
		return 0, false, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, false, err
	}
	defer resp.Body.Close()
	var answer struct {
		Error string
		Data  struct {
			Result []struct{ Value [2]any }
		}
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		return 0, false, err
	}
	if answer.Error != "" || len(answer.Data.Result) > 1 {
		return 0, false, fmt.Errorf("%s: %d samples %s", expr, len(answer.Data.Result), answer.Error)
	}
	if len(answer.Data.Result) == 0 {
		return 0, false, nil
	}
	value, err = strconv.ParseFloat(fmt.Sprint(answer.Data.Result[0].Value[1]), 64)
	return value, true, err
}

// waitFor waits until an expression has a sample for which good is true.
func (m *monitoring) waitFor(t *testing.T, limit time.Duration, expr string, good func(float64) bool) float64 {
	t.Helper()
	var value float64
	eventually(t, limit, expr, func() error {
		v, known, err := m.query(expr)
		if err != nil {
			return err
		}
		if !known || !good(v) {
			return fmt.Errorf("%v (known: %v)", v, known)
		}
		value = v
		return nil
	})
	return value
}

func known(float64) bool { return true }

func lagOf(group string) string { return fmt.Sprintf("max(kafka_group_lag{consumergroup=%q})", group) }

// history is an expression's value every second of the last so many, for a person to read.
func (m *monitoring) history(expr string, seconds int) string {
	resp, err := http.Get(m.url + "/api/v1/query?query=" + url.QueryEscape(fmt.Sprintf("(%s)[%ds:1s]", expr, seconds)))
	if err != nil {
		return err.Error()
	}
	defer resp.Body.Close()
	var answer struct {
		Data struct {
			Result []struct{ Values [][2]any }
		}
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		return err.Error()
	}
	var out strings.Builder
	for _, series := range answer.Data.Result {
		last := 0.
		for _, v := range series.Values {
			at, _ := v[0].(float64)
			if last != 0 && at-last > 1.5 {
				fmt.Fprintf(&out, "(%.0f s none) ", at-last)
			}
			last = at
			fmt.Fprintf(&out, "%.4s ", v[1])
		}
	}
	return out.String()
}

// scrape is what the exporter says now, the lines that hold a text.
func (m *monitoring) scrape(text string) string {
	resp, err := http.Get("http://" + m.exporter + "/metrics")
	if err != nil {
		return err.Error()
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return err.Error()
	}
	var out strings.Builder
	for line := range strings.Lines(string(body)) {
		if strings.HasPrefix(line, "kafka_group") && strings.Contains(line, text) {
			out.WriteString(line)
		}
	}
	return out.String()
}
