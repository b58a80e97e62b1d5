package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/IBM/sarama"

	"kafka_burndown_exporter/test/kafka"
)

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
		"--tls.enabled", "--tls.ca-file=" + cluster.Authority.File, "--sasl.enabled", "--sasl.mechanism=scram-sha512",
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
