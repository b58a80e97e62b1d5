package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestSimulateBadInput(t *testing.T) {
	broken := writeFile(t, "broken.yaml", "name: x\nduration: 1h\ntopcis: []\n")
	manifest := writeFile(t, "so.yaml", `apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata: {name: a}
spec:
  scaleTargetRef: {name: payment-service}
  triggers:
    - type: prometheus
      metadata: {serverAddress: "http://p:9090", query: "sum(my_metric)", threshold: "1"}
`)
	gap := writeFile(t, "rate.csv", "time,rate\n0,1\n60,-3\n")
	rate := writeFile(t, "rate.csv", "time,rate\n0,1\n60,3\n")
	long := filepath.Join(filepath.Dir(rate), "long.yaml")
	if err := os.WriteFile(long, []byte("name: x\nduration: 1h\ntopics: [{name: t, partitions: 4}]\n"+
		"producers: [{name: p, topic: t, profile: {csv: {file: rate.csv}}}]\n"+
		"services: [{name: s, group: g, topics: [t], capacity: {perPod: 10}}]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cases := map[string]struct {
		args []string
		want string
	}{
		"nothing":             {[]string{"simulate"}, "give a scenario file, --csv=FILE or --prometheus.url=URL"},
		"two":                 {[]string{"simulate", "payments", "--csv=" + gap}, "given twice"},
		"no file":             {[]string{"simulate", "nowhere/x.yaml"}, "nowhere/x.yaml: cannot be read"},
		"unknown field":       {[]string{"simulate", broken}, broken + ":3: topcis: unknown field"},
		"unknown metric":      {[]string{"simulate", "payments", "-f", manifest}, "my_metric is not a series of this exporter"},
		"candidate":           {[]string{"simulate", "payments", "--candidate=x"}, "there is no \"x\"; there are max-10"},
		"csv line":            {[]string{"simulate", "--csv=" + gap}, gap + ": line 3: column rate: \"-3\" is not a number from 0"},
		"too many partitions": {[]string{"simulate", "--csv=" + rate, "--partitions=100000", "--capacity=1"}, "--partitions: 100000 is above 1000"},
		"short recording":     {[]string{"simulate", long}, ":2: duration: 1h0m0s is longer than the recording in rate.csv, which has 1m0s"},
		"no group":            {[]string{"simulate", "--prometheus.url=http://127.0.0.1:1"}, "--group: missing"},
		"time":                {[]string{"tune", "--prometheus.url=http://127.0.0.1:1", "--group=g", "--start=yesterday"}, "--start: \"yesterday\" is not a time"},
		"percentile":          {[]string{"tune", "payments", "--percentile=101"}, "--percentile: \"101\" is not a percentage"},
		"service":             {[]string{"tune", "payments"}, "--service: missing; the scenario has payment-service"},
		"preset":              {[]string{"tune", "tuning-profiles", "--preset=best"}, "--preset: \"best\" is not one of quick"},
		"calculator twice":    {[]string{"tune", "--accepted-lag=5", "--log2x7-target=5"}, "give one of them"},
		"http config":         {[]string{"simulate", "--prometheus.url=http://127.0.0.1:1", "--group=g", "--http.config.file=none.yml"}, "--http.config.file: "},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			code, stdout, stderr := tryRun(t, c.args...)
			if code != 1 || stdout != "" || strings.Count(stderr, "\n") != 1 || !strings.Contains(stderr, c.want) {
				t.Errorf("code %d, stdout %q, stderr %q; want 1, nothing, one line with %q", code, stdout, stderr, c.want)
			}
		})
	}
}

func TestSimulateWritesEveryFormat(t *testing.T) {
	html := filepath.Join(t.TempDir(), "report.html")
	code, stdout, stderr := tryRun(t, "simulate", "payments", "--candidate=max-6", "--candidate=desired", "--format=json", "--html="+html)
	if code != 0 || stderr != "" || !json.Valid([]byte(stdout)) {
		t.Fatalf("code %d, stderr %q, %d bytes of JSON", code, stderr, len(stdout))
	}
	if page, err := os.ReadFile(html); err != nil || !strings.Contains(string(page), "<svg") {
		t.Errorf("the report: %v", err)
	}
	code, stdout, _ = tryRun(t, "simulate", "payments", "--candidate=max-6", "--format=csv")
	if code != 0 || !strings.HasPrefix(stdout, "service,candidate,seconds,") {
		t.Errorf("code %d, CSV begins %.60q", code, stdout)
	}
}

// Manifests as they are shipped can be compared on the scenarios they are for.
func TestSimulateTakesShippedManifests(t *testing.T) {
	for scenario, files := range map[string][]string{
		"ride-hailing": {"../deploy/keda/ride-hailing/prometheus/trip-analytics.yaml", "../deploy/keda/ride-hailing/kafka/trip-analytics.yaml"},
		"payments":     {"../deploy/keda/payments/analytics.yaml"},
	} {
		args := []string{"simulate", scenario, "--candidate=fixed"}
		for _, f := range files {
			args = append(args, "-f", f)
		}
		code, stdout, stderr := tryRun(t, args...)
		if code != 0 {
			t.Errorf("%s: code %d, stderr %q", scenario, code, stderr)
		}
		for _, f := range files {
			if !strings.Contains(stdout, f) {
				t.Errorf("%s: %s is not in the table", scenario, f)
			}
		}
	}
}

func TestTuneCalculator(t *testing.T) {
	code, stdout, _ := tryRun(t, "tune", "--accepted-lag=20000")
	if code != 0 || !strings.Contains(stdout, "log2×7 target 100.014 accepts a lag of 20k") {
		t.Errorf("code %d, output %q", code, stdout)
	}
}

func TestReplayOfACSVFile(t *testing.T) {
	var b strings.Builder
	b.WriteString("time,rate\n")
	for i := range 120 {
		fmt.Fprintf(&b, "%d,200\n", i*60)
	}
	file := writeFile(t, "rate.csv", b.String())
	code, stdout, stderr := tryRun(t, "simulate", "--csv="+file, "--partitions=8", "--capacity=60")
	if code != 0 || !strings.Contains(stdout, "desired-replicas") || !strings.Contains(stdout, "lag-log2x7") {
		t.Errorf("code %d, stderr %q, output:\n%s", code, stderr, stdout)
	}
}

// A plain HPA on an external metric is simulated beside ScaledObjects; to zero it goes from Kubernetes 1.37 on.
func TestSimulateAPlainHPA(t *testing.T) {
	hpa := writeFile(t, "hpa.yaml", `apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: payments, namespace: payments}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: payment-service}
  minReplicas: 0
  maxReplicas: 6
  metrics:
    - type: External
      external:
        metric: {name: kafka_group_lag, selector: {matchLabels: {consumergroup: payment-service}}}
        target: {type: AverageValue, averageValue: 100}
`)
	code, _, stderr := tryRun(t, "simulate", "payments", "--candidate=max-10", "-f", hpa)
	if code != 1 || strings.Count(stderr, "\n") != 1 || !strings.Contains(stderr, "HorizontalPodAutoscaler payments/payments: spec.minReplicas: Kubernetes 1.36 refuses 0") {
		t.Errorf("code %d, stderr %q", code, stderr)
	}
	code, stdout, stderr := tryRun(t, "simulate", "payments", "--candidate=max-10", "-f", hpa, "--kubernetes=1.37")
	if code != 0 || !strings.Contains(stdout, "\nthe HPA of Kubernetes 1.37 and KEDA v2.21.0\n") || !strings.Contains(stdout, "[hpa") && !strings.Contains(stdout, "hpa.yaml") {
		t.Errorf("code %d, stderr %q, output:\n%s", code, stderr, stdout)
	}
	t.Log(stdout)
}
