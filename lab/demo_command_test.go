package main

import (
	"context"
	"net"
	"os"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"kafka_burndown_exporter/internal/cli/clitest"
)

var demoAddress = regexp.MustCompile(`runs at http://([0-9.:]+)/demo/`)

// runDemo runs the command until ok says that enough was seen, or the test fails, and returns what it printed.
func runDemo(t *testing.T, ok func(out string) bool, args ...string) (code int, out, errs string) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var stdout, stderr clitest.Buffer
	ended := make(chan int, 1)
	go func() {
		ended <- run(ctx, append([]string{"demo", "--web.listen-address=127.0.0.1:0"}, args...), &stdout, &stderr)
	}()
	deadline := time.After(2 * time.Minute)
	for {
		select {
		case code := <-ended:
			return code, stdout.String(), stderr.String()
		case <-deadline:
			cancel()
			<-ended
			t.Fatalf("not seen what should be:\n%s\n%s", stdout.String(), stderr.String())
		case <-time.After(50 * time.Millisecond):
			if ok(stdout.String()) {
				cancel()
			}
		}
	}
}

// moving reports that the first service has consumed something: its lag is known.
func moving(out string) bool { return regexp.MustCompile(`service=\S+ lag=\d+`).MatchString(out) }

func TestDemoEndsWithoutATrace(t *testing.T) {
	temporary := t.TempDir()
	t.Setenv("TMPDIR", temporary)
	before := runtime.NumGoroutine()
	code, out, errs := runDemo(t, moving, "--speed=20")
	if code != 0 {
		t.Errorf("exit code %d:\n%s", code, errs)
	}
	for _, line := range strings.Split(errs, "\n") {
		// A busy machine may well miss the deadline of a wave, which the sampler says and outlives.
		if strings.Contains(line, "component=kafka") && strings.Contains(line, "level=warn") {
			continue
		}
		if strings.Contains(line, "level=warn") || strings.Contains(line, "level=error") {
			t.Errorf("on stderr: %s", line)
		}
	}
	left := 0
	for range 250 { // connections take a moment to be closed on both ends
		if left = runtime.NumGoroutine(); left <= before {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	if left > before {
		stacks := make([]byte, 1<<20)
		t.Errorf("%d goroutines before, %d after:\n%s", before, left, stacks[:runtime.Stack(stacks, true)])
	}
	found := demoAddress.FindStringSubmatch(out)
	if found == nil {
		t.Fatalf("no address in:\n%s", out)
	}
	l, err := net.Listen("tcp", found[1])
	if err != nil {
		t.Errorf("the port is still taken: %v", err)
	} else {
		l.Close()
	}
	if files, _ := os.ReadDir(temporary); len(files) > 0 {
		t.Errorf("temporary files: %v", files)
	}
}

func TestDemoRefuses(t *testing.T) {
	for name, tc := range map[string]struct {
		args []string
		want string
	}{
		"an address beyond loopback": {[]string{"--web.listen-address=0.0.0.0:0"}, "not on the loopback interface"},
		"an unknown scenario":        {[]string{"--scenario=nothing"}, "use fashion, food-delivery"},
		"a file that is not there":   {[]string{"--scenario=./nothing.yaml"}, "no such file"},
		"an unknown candidate":       {[]string{"--candidate=nothing"}, `no candidate "nothing"`},
		"a share group":              {[]string{"--scenario=share-group"}, "use simulate"},
		"a streams group":            {[]string{"--scenario=streams"}, "use simulate"},
		"a speed of nothing":         {[]string{"--speed=0"}, "--speed"},
		"no broker":                  {[]string{"--kafka.server=127.0.0.1:1"}, "connect to Kafka"},
		"half an address":            {[]string{"--kafka.server=kafka"}, "write it as host:port"},
		"TLS without a cluster":      {[]string{"--tls.enabled"}, "name a cluster with --kafka.server"},
		"an unknown mechanism":       {[]string{"--kafka.server=127.0.0.1:1", "--sasl.enabled", "--sasl.username=u", "--sasl.password=p", "--sasl.mechanism=rot13"}, "--sasl.mechanism"},
		"metrics on the page":        {[]string{"--web.telemetry-path=/demo/"}, "is taken"},
		"a stray word":               {[]string{"surf"}, "unknown command"},
	} {
		t.Run(name, func(t *testing.T) {
			code, out, errs := runDemo(t, func(string) bool { return false }, tc.args...)
			if code != 1 || !strings.Contains(errs, tc.want) || strings.Count(errs, "error:") != 1 {
				t.Errorf("exit code %d, want one line with %q:\n%s%s", code, tc.want, out, errs)
			}
		})
	}
}

func TestDemoRunsEveryScenario(t *testing.T) {
	for _, name := range []string{"food-delivery", "ride-hailing", "fashion", "payments"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if code, _, errs := runDemo(t, moving, "--scenario="+name); code != 0 {
				t.Errorf("exit code %d:\n%s", code, errs)
			}
		})
	}
}
