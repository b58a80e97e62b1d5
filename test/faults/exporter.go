package faults

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"
)

// exporter is the real program as a process.
type exporter struct {
	binary string
	args   []string
	addr   string
	cmd    *exec.Cmd
	out    *tail
}

// build makes the program.
func build(t testing.TB) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "kafka_burndown_exporter")
	cmd := exec.Command("go", "build", "-o", binary, ".")
	cmd.Dir = "../.."
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build the exporter: %v: %s", err, out)
	}
	return binary
}

func newExporter(binary string, args ...string) (*exporter, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	defer l.Close()
	return &exporter{binary: binary, args: args, addr: l.Addr().String(), out: &tail{}}, nil
}

func (e *exporter) url() string { return "http://" + e.addr }

// start starts it; env is added to its environment.
func (e *exporter) start(env ...string) error {
	e.cmd = exec.Command(e.binary, append([]string{"serve", "--web.listen-address=" + e.addr}, e.args...)...)
	e.cmd.Env = append(e.cmd.Environ(), env...)
	e.cmd.Stdout, e.cmd.Stderr = e.out, e.out
	e.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := e.cmd.Start(); err != nil {
		return fmt.Errorf("start the exporter: %w", err)
	}
	return nil
}

// kill ends it without notice.
func (e *exporter) kill() {
	_ = e.cmd.Process.Kill()
	_ = e.cmd.Wait()
}

// sleep halts the process for a while, as a frozen machine would.
func (e *exporter) sleep(ctx context.Context, d time.Duration) error {
	if err := e.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		return err
	}
	wait(ctx, d)
	return e.cmd.Process.Signal(syscall.SIGCONT)
}

// wait passes time, unless ctx ends.
func wait(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// tail keeps what was written, the last part where it is much.
type tail struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.buf.Len() > 4<<20 {
		t.buf.Next(2 << 20)
	}
	return t.buf.Write(p)
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.buf.String()
}
