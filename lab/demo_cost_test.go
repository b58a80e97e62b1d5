package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

const (
	costSettles = 20 * time.Second
	costSamples = 60 * time.Second // six of the exporter's
	costMeasure = costSamples + 500*time.Millisecond
)

// BenchmarkSteady measures what the whole demo costs in a process of its own, embedded Kafka included, where 5000
// messages a second are produced and 5000 consumed:
//
//	go test -run '^$' -bench Steady -benchtime 1x .
func BenchmarkSteady(b *testing.B) {
	for b.Loop() {
		pid, url := startProgram(b, "--scenario="+filepath.Join("testdata", "steady.yaml"), "--speed=1")
		time.Sleep(costSettles)
		awaitSample(b, url)
		before, began := observeCost(b, pid, url), time.Now()
		time.Sleep(costMeasure)
		after, took := observeCost(b, pid, url), time.Since(began).Seconds()
		b.ReportMetric((after.produced-before.produced)/costSamples.Seconds(), "produced/s")
		b.ReportMetric((after.consumed-before.consumed)/took, "consumed/s")
		b.ReportMetric(100*(after.cpu-before.cpu)/took, "%core")
		b.ReportMetric(after.lag, "lag")
		b.ReportMetric(0, "ns/op")
	}
}

// startProgram builds the program and runs it until the benchmark ends.
func startProgram(b *testing.B, args ...string) (pid int, url string) {
	b.Helper()
	bin := filepath.Join(b.TempDir(), name)
	if out, err := exec.Command("go", "build", "-o", bin, ".").CombinedOutput(); err != nil {
		b.Fatalf("build: %v\n%s", err, out)
	}
	cmd := exec.Command(bin, append([]string{"demo", "--web.listen-address=127.0.0.1:0"}, args...)...)
	cmd.Stderr = os.Stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	lines := bufio.NewScanner(stdout)
	if !lines.Scan() {
		b.Fatal("nothing on standard output")
	}
	go func() {
		for lines.Scan() {
		}
	}()
	b.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGINT)
		_ = cmd.Wait()
	})
	found := demoAddress.FindStringSubmatch(lines.Text())
	if found == nil {
		b.Fatalf("no address in %q", lines.Text())
	}
	return cmd.Process.Pid, "http://" + found[1]
}

// cost is what was produced, consumed and spent since the start.
type cost struct{ produced, consumed, cpu, lag float64 }

// observeCost reads a process: messages produced from the exporter's end offsets, messages handled from the pods, CPU
// seconds from the kernel.
func observeCost(b *testing.B, pid int, url string) (c cost) {
	b.Helper()
	c.produced, c.cpu = produced(b, url), cpuSeconds(b, pid)
	var state struct {
		Services []struct {
			Handled float64
			Lag     *float64
		}
	}
	resp := get(b, url+"/demo/state")
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(&state); err != nil {
		b.Fatal(err)
	}
	for _, s := range state.Services {
		c.consumed += s.Handled
		if s.Lag != nil {
			c.lag += *s.Lag
		}
	}
	return c
}

// awaitSample returns just after the exporter has published a sample.
func awaitSample(b *testing.B, url string) {
	b.Helper()
	for before := produced(b, url); produced(b, url) == before; {
		time.Sleep(200 * time.Millisecond)
	}
}

// produced is the sum of the end offsets in the exporter's newest sample.
func produced(b *testing.B, url string) (sum float64) {
	b.Helper()
	metrics := get(b, url+"/metrics")
	defer metrics.Body.Close()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(metrics.Body)
	if err != nil {
		b.Fatal(err)
	}
	for _, m := range families["kafka_topic_partition_current_offset"].GetMetric() {
		sum += m.GetGauge().GetValue()
	}
	return sum
}

func get(b *testing.B, url string) *http.Response {
	b.Helper()
	resp, err := http.Get(url)
	if err != nil {
		b.Fatal(err)
	}
	return resp
}

// cpuSeconds is the user and system time of a process so far, in the kernel's ticks of 10 ms.
func cpuSeconds(b *testing.B, pid int) float64 {
	b.Helper()
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		b.Skipf("needs Linux: %v", err)
	}
	_, rest, _ := strings.Cut(string(raw), ") ")
	fields := strings.Fields(rest)
	sum := 0.0
	for _, f := range fields[11:13] {
		v, err := strconv.ParseFloat(f, 64)
		if err != nil {
			b.Fatal(err)
		}
		sum += v / 100
	}
	return sum
}
