package rules_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"kafka_burndown_exporter/rules"
	"kafka_burndown_exporter/test/kafka"
	"kafka_burndown_exporter/test/prometheus"
)

// world is everything running.
type world struct {
	traffic *traffic
	ours    *prometheus.Server // with the base of this exporter
	plain   *prometheus.Server // with the base of kafka_exporter, on the same series
	started time.Time
}

// needPrometheus skips before anything expensive is started.
func needPrometheus(t *testing.T) {
	t.Helper()
	prometheus.Start(t, prometheus.Options{})
}

func startWorld(t *testing.T) *world {
	t.Helper()
	needPrometheus(t)
	cluster := kafka.Start(t, kafka.Options{})
	tr := startTraffic(t, cluster)
	exporter := startExporter(t, cluster)
	autoscaler := httptest.NewServer(http.HandlerFunc(autoscalerMetrics))
	t.Cleanup(autoscaler.Close)
	options := func(base string) prometheus.Options {
		path := func(name string) string { return filepath.Join("..", "..", "rules", name) }
		return prometheus.Options{
			RuleFiles: []string{path(base), path(rules.Recording), path(rules.Alerts)},
			Targets: []prometheus.Target{
				{Job: "kafka", Addr: exporter},
				{Job: "cluster-metrics", Addr: strings.TrimPrefix(autoscaler.URL, "http://")},
			},
		}
	}
	w := &world{traffic: tr, started: time.Now()}
	own := options(rules.BaseBurndownExporter)
	own.Targets = append(own.Targets, prometheus.Target{Job: "prometheus"})
	w.ours = prometheus.Start(t, own)
	w.plain = prometheus.Start(t, options(rules.BaseKafkaExporter))
	return w
}

// startExporter builds the binary and runs it on the cluster, sampling every two seconds. It names the cluster itself:
// a label that neither its process' series have nor what Prometheus adds to a scrape.
func startExporter(t *testing.T, cluster *kafka.Cluster) (addr string) {
	t.Helper()
	bin := filepath.Join(t.TempDir(), "exporter")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", bin, "../..").CombinedOutput(); err != nil {
		t.Fatalf("build the exporter: %v\n%s", err, out)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr = l.Addr().String()
	l.Close()
	args := []string{"serve", "--web.listen-address=" + addr, "--sample.interval=2s", "--kafka.labels=cluster=east"}
	for _, a := range cluster.Addrs(kafka.Plaintext) {
		args = append(args, "--kafka.server="+a)
	}
	var log bytes.Buffer
	cmd := exec.Command(bin, args...)
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		if err := cmd.Wait(); err != nil {
			t.Errorf("the exporter did not stop gracefully: %v", err)
		}
		if t.Failed() {
			t.Logf("the exporter's log:\n%s", log.String())
		}
	})
	waitFor(t, "the exporter to be ready", time.Minute, func(ctx context.Context) bool {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+"/-/ready", nil)
		if err != nil {
			return false
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			return false
		}
		res.Body.Close()
		return res.StatusCode == http.StatusOK
	})
	return addr
}

func waitFor(t *testing.T, what string, limit time.Duration, ok func(context.Context) bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	for !ok(ctx) {
		select {
		case <-ctx.Done():
			t.Fatalf("waited %s for %s", limit, what)
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// autoscalerMetrics stands in for kube-state-metrics and KEDA: the series of one HPA and its ScaledObject, by the names
// those two use.
func autoscalerMetrics(w http.ResponseWriter, _ *http.Request) {
	second := time.Now().Unix()
	desired := 2 + second/20%2
	hpa := `namespace="shop",horizontalpodautoscaler="keda-hpa-flow"`
	metric := hpa + `,metric_name="s0-prometheus",metric_target_type="average"`
	scaler := `namespace="shop",metric="s0-prometheus",scaledObject="flow",scaler="prometheusScaler",triggerIndex="0",` +
		`type="scaledobject"`
	for _, line := range []string{
		fmt.Sprintf("kube_horizontalpodautoscaler_status_current_replicas{%s} 2", hpa),
		fmt.Sprintf("kube_horizontalpodautoscaler_status_desired_replicas{%s} %d", hpa, desired),
		fmt.Sprintf("kube_horizontalpodautoscaler_spec_max_replicas{%s} 4", hpa),
		fmt.Sprintf("kube_horizontalpodautoscaler_spec_target_metric{%s} 1", metric),
		fmt.Sprintf("kube_horizontalpodautoscaler_status_target_metric{%s} 1.5", metric),
		fmt.Sprintf("keda_scaler_metrics_value{%s} 3", scaler),
		fmt.Sprintf("keda_scaler_detail_errors_total{%s} 0", scaler),
		`keda_scaler_empty_upstream_responses_total{namespace="shop",scaledResource="flow",triggerName="",` +
			`metricName="s0-prometheus",resourceType="scaledobject",ignoreNullValues="false"} 0`,
	} {
		fmt.Fprintln(w, line)
	}
}
