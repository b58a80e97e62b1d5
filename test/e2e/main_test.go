// Package e2e runs the product as it is meant to be used, with every part real: Kafka, the exporter, Prometheus with
// the shipped rules, etcd, kube-apiserver, kube-controller-manager with its HPA, KEDA, and a consumer process per pod.
// Time is compressed tenfold: see compress_test.go.
package e2e

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"syscall"
	"testing"
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
	// How many run at a time is the world's to say.
	if err := flag.Set("test.parallel", "32"); err != nil {
		panic(err)
	}
	code := m.Run()
	closeWorld()
	if !compared.report() && code == 0 {
		code = 1
	}
	os.Exit(code)
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
