// Package proc runs the parts of the end-to-end stack as child processes: each with a log file, gone when the test
// process goes, and with errors that quote the end of the log. It knows nothing of what it runs.
package proc

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Set is a group of processes that share a folder for their logs.
type Set struct {
	dir string
	mu  sync.Mutex
	all []*Process
}

// NewSet returns an empty set whose logs go to dir.
func NewSet(dir string) *Set { return &Set{dir: dir} }

// Process is one running (or ended) child.
type Process struct {
	Name string
	cmd  *exec.Cmd
	log  string
	done chan struct{}
	err  error
}

// Spec says what to start.
type Spec struct {
	Name string // also names the log file
	Bin  string
	Args []string
	Env  []string // besides PATH, HOME (the log folder), TMPDIR and NO_PROXY
}

// Start starts a process. Where one of that name ran before, its log is appended to.
func (s *Set) Start(spec Spec) (*Process, error) {
	log := filepath.Join(s.dir, spec.Name+".log")
	out, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(spec.Bin, spec.Args...)
	cmd.Stdout, cmd.Stderr, cmd.Dir = out, out, s.dir
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + s.dir, "TMPDIR=" + os.TempDir(), "NO_PROXY=*"}, spec.Env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	p := &Process{Name: spec.Name, cmd: cmd, log: log, done: make(chan struct{})}
	if err := startOnOwnThread(cmd); err != nil {
		out.Close()
		return nil, fmt.Errorf("start %s: %w", spec.Name, err)
	}
	go func() { p.err = cmd.Wait(); out.Close(); close(p.done) }()
	s.mu.Lock()
	s.all = append(s.all, p)
	s.mu.Unlock()
	return p, nil
}

// StopAll ends every process, the newest first.
func (s *Set) StopAll() {
	s.mu.Lock()
	all := s.all
	s.all = nil
	s.mu.Unlock()
	for i := len(all) - 1; i >= 0; i-- {
		all[i].Stop(3 * time.Second)
	}
}

// Signal sends a signal; to a process that has ended it does nothing.
func (p *Process) Signal(sig os.Signal) { _ = p.cmd.Process.Signal(sig) }

// Stop asks the process to end, and kills it if it has not after grace.
func (p *Process) Stop(grace time.Duration) {
	p.Signal(syscall.SIGTERM)
	select {
	case <-p.done:
	case <-time.After(grace):
		p.Kill()
	}
}

// Kill ends the process at once and waits for it.
func (p *Process) Kill() {
	p.Signal(syscall.SIGKILL)
	<-p.done
}

// Done is closed when the process has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Living says whether the process has not ended.
func (p *Process) Living() bool {
	select {
	case <-p.done:
		return false
	default:
		return true
	}
}

// Tail is the last n lines of the log.
func (p *Process) Tail(n int) string {
	raw, _ := os.ReadFile(p.log)
	lines := strings.Split(strings.TrimSpace(string(raw)), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}

// Wait polls ready every 50 ms until it returns nil, the process ends or the time is up.
func (p *Process) Wait(ctx context.Context, timeout time.Duration, ready func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	var last error
	for {
		if last = ready(ctx); last == nil {
			return nil
		}
		select {
		case <-p.done:
			return fmt.Errorf("%s ended (%v) before it was ready:\n%s", p.Name, p.err, p.Tail(20))
		case <-ctx.Done():
			return fmt.Errorf("%s is not ready: %w\n%s", p.Name, last, p.Tail(20))
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// PID is the process's number.
func (p *Process) PID() int { return p.cmd.Process.Pid }
