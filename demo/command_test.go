package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/IBM/sarama"

	"kafka_burndown_exporter/test/kafka"
)

var demoAddress = regexp.MustCompile(`runs at http://([0-9.:]+)/demo/`)

// runDemo runs the command until ok says that enough was seen, or the test fails, and returns what it printed.
func runDemo(t *testing.T, ok func(out string) bool, args ...string) (code int, out, errs string) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var stdout, stderr buffer
	ended := make(chan int, 1)
	go func() {
		ended <- run(ctx, append([]string{"--web.listen-address=127.0.0.1:0"}, args...), &stdout, &stderr)
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
		"an unknown scenario":        {[]string{"--scenario=nothing"}, "use food-delivery"},
		"a file that is not there":   {[]string{"--scenario=./nothing.yaml"}, "there is no file"},
		"an unknown candidate":       {[]string{"--candidate=nothing"}, `no candidate "nothing"`},
		"a speed of nothing":         {[]string{"--speed=0"}, "--speed"},
		"no broker":                  {[]string{"--kafka.server=127.0.0.1:1"}, "connect to Kafka"},
		"half an address":            {[]string{"--kafka.server=kafka"}, "write it as host:port"},
		"TLS without a cluster":      {[]string{"--tls.enabled"}, "name a cluster with --kafka.server"},
		"an unknown mechanism":       {[]string{"--kafka.server=127.0.0.1:1", "--sasl.enabled", "--sasl.username=u", "--sasl.password=p", "--sasl.mechanism=rot13"}, "--sasl.mechanism"},
		"metrics on the page":        {[]string{"--web.telemetry-path=/demo/"}, "is taken"},
		"a stray word":               {[]string{"demo"}, "takes flags only"},
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

// TestDemoOnARealCluster: topics and groups get the prefix, and go at the end where the answer is yes.
func TestDemoOnARealCluster(t *testing.T) {
	cluster := kafka.Start(t, kafka.Options{})
	broker := cluster.Addrs(kafka.Plaintext)[0]
	for _, tc := range []struct {
		name string
		args []string
		text string
		stay bool
	}{
		{"no", nil, "n\n", true},
		{"no answer", nil, "", true},
		{"yes", nil, "y\n", false},
		{"--yes", []string{"--yes"}, "", false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			before := os.Stdin
			os.Stdin = answering(t, tc.text)
			defer func() { os.Stdin = before }()
			code, out, errs := runDemo(t, moving, append(tc.args, "--kafka.server="+broker, "--kafka.prefix=try.", "--speed=5")...)
			if code != 0 {
				t.Errorf("exit code %d:\n%s", code, errs)
			}
			if asked := strings.Contains(out, "Remove the 4 topics and 5 groups try.*"); asked == (tc.name == "--yes") {
				t.Errorf("asked: %v:\n%s", asked, out)
			}
			if topics, groups := named(t, broker, "try."); (topics+groups > 0) != tc.stay {
				t.Errorf("%d topics and %d groups are left", topics, groups)
			}
		})
	}
}

// TestDemoOnASecuredCluster: every client of the workload and the exporter log in, over TLS.
func TestDemoOnASecuredCluster(t *testing.T) {
	const user, secret = "workload", "hunter2-do-not-print"
	cluster := kafka.Start(t, kafka.Options{Listeners: []kafka.Listener{kafka.SASLTLS}, Users: map[string]string{user: secret}})
	password := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(password, []byte(secret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	login := []string{"--kafka.server=" + cluster.Addrs(kafka.SASLTLS)[0], "--kafka.prefix=safe.", "--speed=5", "--yes",
		"--tls.enabled", "--tls.ca-file=" + cluster.Authority.CertFile(), "--sasl.enabled", "--sasl.mechanism=scram-sha512",
		"--sasl.username=" + user}
	broker := cluster.Addrs(kafka.Plaintext)[0]
	seen := 0
	code, _, errs := runDemo(t, func(out string) bool {
		if !moving(out) {
			return false
		}
		topics, groups := named(t, broker, "safe.")
		seen = max(seen, topics+groups) // it is asked again while the demo ends
		return true
	}, append(login, "--sasl.password-file="+password)...)
	if code != 0 || strings.Contains(errs, secret) || strings.Contains(errs, "level=error") {
		t.Errorf("exit code %d:\n%s", code, errs)
	}
	if topics, groups := named(t, broker, "safe."); seen != 9 || topics+groups != 0 {
		t.Errorf("%d topics and groups while it ran, want 9; %d and %d are left", seen, topics, groups)
	}
	code, _, errs = runDemo(t, func(string) bool { return false }, append(login, "--sasl.password=wrong")...)
	if code != 1 || strings.Count(errs, "error:") != 1 {
		t.Errorf("with a wrong password: exit code %d:\n%s", code, errs)
	}
}

// answering is a standard input with a text.
func answering(t *testing.T, text string) *os.File {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	w.Close()
	t.Cleanup(func() { r.Close() })
	return r
}

// named counts the topics and groups with a prefix, once deletions have had time to be seen.
func named(t *testing.T, broker, prefix string) (topics, groups int) {
	t.Helper()
	cfg := sarama.NewConfig()
	cfg.Version = sarama.V3_6_0_0
	admin, err := sarama.NewClusterAdmin([]string{broker}, cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close()
	for range 20 {
		topics, groups = 0, 0
		all, err := admin.ListTopics()
		if err != nil {
			t.Fatal(err)
		}
		for name := range all {
			if strings.HasPrefix(name, prefix) {
				topics++
			}
		}
		members, err := admin.ListConsumerGroups()
		if err != nil {
			t.Fatal(fmt.Errorf("list groups: %w", err))
		}
		for name := range members {
			if strings.HasPrefix(name, prefix) {
				groups++
			}
		}
		if topics+groups == 0 {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	return topics, groups
}
