package main

import (
	"context"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kingpin/v2"
	"github.com/jcmturner/gokrb5/v8/iana/etypeID"
	"github.com/jcmturner/gokrb5/v8/keytab"

	"kafka_burndown_exporter/collector"
	"kafka_burndown_exporter/internal/cli"
	"kafka_burndown_exporter/internal/cli/clitest"
	"kafka_burndown_exporter/internal/exporter"
	"kafka_burndown_exporter/internal/kafka"
)

var update = flag.Bool("update", false, "rewrite docs/flags.md")

func tryRun(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs clitest.Buffer
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	code = run(ctx, args, &out, &errs)
	return code, out.String(), errs.String()
}

func writeFile(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// writeKeytab writes the key of a Kerberos user.
func writeKeytab(t *testing.T) string {
	t.Helper()
	table := keytab.New()
	if err := table.AddEntry("exporter", "EXAMPLE", "secret", time.Unix(0, 0), 1, etypeID.AES256_CTS_HMAC_SHA1_96); err != nil {
		t.Fatal(err)
	}
	raw, err := table.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return writeFile(t, "kerberos.keytab", string(raw))
}

// parseOnly parses the flags of serve and makes the configuration of them, without running it.
func parseOnly(t *testing.T, args []string) (kafka.Config, collector.EncoderOptions, string) {
	t.Helper()
	var stderr clitest.Buffer
	app := kingpin.New(name, "")
	cmd := app.Command("serve", "").Default()
	f := exporter.AddFlags(cmd)
	if _, err := cli.Parse(app, args); err != nil {
		t.Fatal(err)
	}
	logger, _ := f.Log.Loggers(&stderr)
	cfg, err := f.Kafka.Config(logger)
	if err != nil {
		t.Fatal(err)
	}
	if err := cfg.Validate(); err != nil {
		t.Fatal(err)
	}
	opt := f.Metrics.Options(cfg.Shard, logger)
	if _, err := collector.NewEncoder(opt); err != nil {
		t.Fatal(err)
	}
	f.Ignored.Warn(logger)
	return cfg, opt, stderr.String()
}

func lastLine(s string) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	return lines[len(lines)-1]
}

// name0 is the program's name where a test shadows name.
const name0 = name

func TestContainerLimit(t *testing.T) {
	for text, want := range map[string]int64{
		"max\n": 0, "": 0, "1000000\n": 900000, "9223372036854771712": 0, "-1": 0,
	} {
		if got := containerLimit(text); got != want {
			t.Errorf("containerLimit(%q) = %d, want %d", text, got, want)
		}
	}
}
