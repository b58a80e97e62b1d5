// Package e2e runs the product as it is meant to be used, with every part real: Kafka, the exporter, Prometheus with
// the shipped rules, etcd, kube-apiserver, kube-controller-manager with its HPA, KEDA, and a consumer process per pod.
// Time is compressed tenfold: see compress.go.
package e2e

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"kafka_burndown_exporter/test/kafka"
)

// insideNamespace marks the second run of the test binary, in a network namespace with only loopback.
const insideNamespace = "E2E_NAMESPACE"

func TestMain(m *testing.M) {
	flag.Parse()
	if os.Getenv(insideNamespace) == "" && !testing.Short() {
		ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
		if err := prepare(ctx); err != nil {
			fmt.Fprintln(os.Stderr, "prepare:", err)
			os.Exit(1)
		}
		if done, code := rerun(ctx); done {
			os.Exit(code)
		}
		stop()
	}
	code := m.Run()
	closeWorld()
	os.Exit(code)
}

// prepare builds and fetches what needs the network or a compiler, ahead of the namespace.
func prepare(ctx context.Context) error {
	if err := os.MkdirAll(binDir(), 0o755); err != nil {
		return err
	}
	for _, b := range []struct {
		dir  string
		args []string
	}{
		{"kube", []string{"./kubecp", "github.com/kedacore/keda/v2/cmd/operator", "github.com/kedacore/keda/v2/cmd/adapter", "github.com/kedacore/keda/v2/cmd/webhooks"}},
		{".", []string{"./consumer"}},
		{filepath.Join("..", ".."), []string{"."}},
	} {
		if b.args[0] == "." && os.Getenv("E2E_EXPORTER") != "" {
			continue // a ready binary is named
		}
		begin := time.Now()
		if err := build(ctx, b.dir, b.args); err != nil {
			return err
		}
		fmt.Printf("built %s in %.1f s\n", strings.Join(b.args, " "), time.Since(begin).Seconds())
	}
	dir, err := output(ctx, "kube", "go", "list", "-m", "-f", "{{.Dir}}", "github.com/kedacore/keda/v2")
	if err != nil {
		return err
	}
	if err := os.Setenv("E2E_KEDA", strings.TrimSpace(dir)); err != nil {
		return err
	}
	if _, err := kafka.Prepare(ctx, kafka.DefaultVersion); err != nil {
		fmt.Println("Kafka:", err) // the tests that need it say so again
	}
	return nil
}

// build compiles commands with one set of flags for all, or the build cache would be of no use.
func build(ctx context.Context, dir string, packages []string) error {
	args := append([]string{"build", "-mod=readonly", "-buildvcs=false", "-trimpath", "-ldflags=-s -w", "-o", binDir() + "/"}, packages...)
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go build %s in %s: %w\n%s", strings.Join(packages, " "), dir, err, out)
	}
	return nil
}

func output(ctx context.Context, dir, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s %s: %w", name, strings.Join(args, " "), err)
	}
	return string(out), nil
}

// binDir is where the binaries are built; E2E_BIN moves it.
func binDir() string {
	if dir := os.Getenv("E2E_BIN"); dir != "" {
		return dir
	}
	dir, err := filepath.Abs(filepath.Join("..", "..", ".cache", "e2e", "bin"))
	if err != nil {
		panic(err)
	}
	return dir
}

// rerun runs this binary again in a network namespace of its own, so that nothing can reach out. Where that is not
// allowed it says so and the tests run here.
func rerun(ctx context.Context) (done bool, code int) {
	runtime.LockOSThread() // Pdeathsig is tied to the thread that starts the child
	for _, how := range [][]string{{"--net"}, {"--user", "--map-root-user", "--net"}} {
		probe := exec.CommandContext(ctx, "unshare", append(how, "ip", "link", "set", "lo", "up")...)
		if probe.Run() != nil {
			continue
		}
		args := append(how, "sh", "-c", `ip link set lo up; exec "$0" "$@"`)
		cmd := exec.CommandContext(ctx, "unshare", append(args, os.Args...)...)
		cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
		cmd.Env = append(os.Environ(), insideNamespace+"=1")
		cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
		cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
		fmt.Println("running in a network namespace with only loopback")
		err := cmd.Run()
		if exit, ok := err.(*exec.ExitError); ok {
			return true, exit.ExitCode()
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return true, 1
		}
		return true, 0
	}
	fmt.Println("no network namespace here (unshare and ip are missing or not allowed): the tests run without one")
	return false, 0
}
