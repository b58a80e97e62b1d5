package integration

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	broker "kafka_burndown_exporter/test/kafka"
)

// serve runs the exporter's binary against the cluster and compares the drop-in series with kafka-consumer-groups.
func (w *groupWorld) serve(t *testing.T) {
	t.Helper()
	want := describeGroups(t, w.Cluster)
	lost := want["trimmed"].partitions["trimmed 0"]
	lost.lag -= 30 // deleted, so not to be read any more
	want["trimmed"].partitions["trimmed 0"] = lost

	url := startExporter(t, "--kafka.server="+w.Addrs(broker.Plaintext)[0], "--sample.interval=1s")
	missing := "no answer"
	err := eventually(t.Context(), time.Minute, func() (bool, error) {
		families, err := scrape(t.Context(), url+"/metrics")
		if err != nil {
			return false, err
		}
		missing = differences(families, want)
		return missing == "", nil
	})
	if err != nil {
		t.Errorf("%v: %s", err, missing)
	}
}

// startExporter builds the exporter, runs it until the test ends and returns its URL.
func startExporter(t *testing.T, args ...string) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "exporter")
	if out, err := exec.Command("go", "build", "-o", binary, "kafka_burndown_exporter").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v: %s", err, out)
	}
	address := fmt.Sprint("127.0.0.1:", freePort(t))
	var out logs
	cmd := exec.Command(binary, append([]string{"serve", "--web.listen-address=" + address}, args...)...)
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		if err := cmd.Wait(); err != nil {
			t.Errorf("the exporter ended with %v", err)
		}
		if t.Failed() {
			t.Logf("the exporter's output:\n%s", &out)
		}
	})
	return "http://" + address
}

func scrape(ctx context.Context, url string) (map[string]*dto.MetricFamily, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s", url, response.Status)
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	return parser.TextToMetricFamilies(response.Body)
}

// differences says where the drop-in series differ from what is wanted.
func differences(families map[string]*dto.MetricFamily, want map[string]*described) string {
	got := map[string]float64{}
	for _, name := range []string{
		"kafka_consumergroup_current_offset", "kafka_consumergroup_lag", "kafka_consumergroup_members",
	} {
		for _, m := range families[name].GetMetric() {
			labels := map[string]string{}
			for _, l := range m.GetLabel() {
				labels[l.GetName()] = l.GetValue()
			}
			got[key(name, labels["consumergroup"], labels["topic"]+" "+labels["partition"])] = m.GetGauge().GetValue()
		}
	}
	expected := map[string]float64{}
	for id, group := range want {
		expected[key("kafka_consumergroup_members", id, " ")] = float64(group.members)
		for where, p := range group.partitions {
			if p.committed >= 0 {
				expected[key("kafka_consumergroup_current_offset", id, where)] = float64(p.committed)
				expected[key("kafka_consumergroup_lag", id, where)] = float64(p.lag)
			}
		}
	}
	for name := range got { // groups that kafka-consumer-groups leaves out
		if name == key("kafka_consumergroup_members", "sharing", " ") {
			delete(got, name)
		}
	}
	if maps.Equal(got, expected) {
		return ""
	}
	text := ""
	for name, value := range expected {
		if v, ok := got[name]; !ok || v != value {
			text += fmt.Sprintf("%s is %v (there: %v), want %v\n", name, v, ok, value)
		}
	}
	for name, value := range got {
		if _, ok := expected[name]; !ok {
			text += fmt.Sprintf("%s is %v, not wanted\n", name, value)
		}
	}
	return text
}

func key(name, group, partition string) string { return name + " " + group + " " + partition }
