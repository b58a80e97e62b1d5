package kafka

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/IBM/sarama"
)

var errPortTaken = errors.New("another process took the port")

// Broker is one broker of a Cluster, which is its controller as well.
type Broker struct {
	ID int32

	cluster        *Cluster
	ports          map[Listener]int
	controllerPort int

	mu   sync.Mutex
	cmd  *exec.Cmd
	done chan struct{} // closed when the process has ended
}

// Addr returns the address of a listener.
func (b *Broker) Addr(l Listener) string { return loopback(b.ports[l]) }

// ControllerAddr returns the address where the broker listens as a controller.
func (b *Broker) ControllerAddr() string { return loopback(b.controllerPort) }

// dir returns the path of one of the broker's own files.
func (b *Broker) dir(name string) string {
	return b.cluster.path("broker-" + strconv.Itoa(int(b.ID)) + "-" + name)
}

func (b *Broker) format(ctx context.Context) error {
	file := b.dir("server.properties")
	properties, err := b.cluster.properties(b)
	if err != nil {
		return err
	}
	if err := os.WriteFile(file, []byte(properties), 0o600); err != nil {
		return err
	}
	args := append([]string{"format", "-t", b.cluster.options.ClusterID, "-c", file}, b.cluster.options.scramArguments()...)
	out, err := b.cluster.runtime.command(ctx, b.hostsOption(), "kafka.tools.StorageTool", args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("format the storage of broker %d: %w: %s", b.ID, err, tail(out))
	}
	return nil
}

// Start starts the broker if it does not run, on the same ports as before, and waits until it and every other running
// broker know of each other.
func (b *Broker) Start(ctx context.Context) error {
	if err := b.launch(); err != nil {
		return fmt.Errorf("start broker %d: %w", b.ID, err)
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	if err := b.waitReady(ctx); err != nil {
		return fmt.Errorf("start broker %d: %w", b.ID, err)
	}
	return nil
}

func (b *Broker) launch() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.running() {
		return nil
	}
	log, err := os.OpenFile(b.dir("log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	options := append(b.hostsOption(), b.cluster.options.JavaOptions...)
	cmd := b.cluster.runtime.command(context.Background(), options, brokerClass, b.dir("server.properties"))
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		return err
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = cmd.Wait()
	}()
	b.cmd, b.done = cmd, done
	return nil
}

// running reports whether there is a process; b.mu is held.
func (b *Broker) running() bool {
	if b.cmd == nil {
		return false
	}
	select {
	case <-b.done:
		return false
	default:
		return true
	}
}

// waitReady waits until the broker answers and names every running broker of the cluster.
func (b *Broker) waitReady(ctx context.Context) error {
	for {
		if b.knowsAll() {
			return nil
		}
		b.mu.Lock()
		done := b.done
		b.mu.Unlock()
		select {
		case <-done:
			log, _ := os.ReadFile(b.dir("log"))
			if bytes.Contains(log, []byte("Address already in use")) {
				return fmt.Errorf("%w: %s", errPortTaken, tail(log))
			}
			return fmt.Errorf("it ended: %s", tail(log))
		case <-ctx.Done():
			return fmt.Errorf("it does not answer: %w: %s", ctx.Err(), b.cluster.Logs())
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func (b *Broker) knowsAll() bool {
	config := b.cluster.Config()
	config.Net.DialTimeout, config.Net.ReadTimeout = time.Second, time.Second
	conn := sarama.NewBroker(b.Addr(Plaintext))
	if err := conn.Open(config); err != nil {
		return false
	}
	defer conn.Close()
	answer, err := conn.GetMetadata(sarama.NewMetadataRequest(config.Version, []string{}))
	if err != nil {
		return false
	}
	known := map[int32]bool{}
	for _, other := range answer.Brokers {
		known[other.ID()] = true
	}
	for _, other := range b.cluster.brokers {
		other.mu.Lock()
		running := other.running()
		other.mu.Unlock()
		if running && !known[other.ID] {
			return false
		}
	}
	return known[b.ID]
}

// Stop ends the broker with SIGTERM: it hands over its partitions first.
func (b *Broker) Stop() error { return b.end(syscall.SIGTERM) }

// Kill ends the broker with SIGKILL.
func (b *Broker) Kill() error { return b.end(syscall.SIGKILL) }

// Pause halts the broker with SIGSTOP: its connections stay open and nothing is answered.
func (b *Broker) Pause() error { return b.signal(syscall.SIGSTOP) }

// Resume continues a paused broker.
func (b *Broker) Resume() error { return b.signal(syscall.SIGCONT) }

func (b *Broker) end(sig syscall.Signal) error {
	if err := b.signal(sig); err != nil {
		return err
	}
	b.mu.Lock()
	done := b.done
	b.mu.Unlock()
	if done == nil {
		return nil
	}
	if sig != syscall.SIGKILL {
		select {
		case <-done:
			return nil
		case <-time.After(30 * time.Second):
			_ = b.signal(syscall.SIGKILL)
			<-done
			return fmt.Errorf("broker %d did not stop within 30 s", b.ID)
		}
	}
	<-done
	return nil
}

// signal sends a signal to the process, if there is one.
func (b *Broker) signal(sig syscall.Signal) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.running() {
		return nil
	}
	if err := b.cmd.Process.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("send %s to broker %d: %w", sig, b.ID, err)
	}
	return nil
}

// PID returns the process ID of the broker, 0 if it does not run.
func (b *Broker) PID() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.running() {
		return 0
	}
	return b.cmd.Process.Pid
}

// CPU returns the processor time that the running broker has used since it was started (Linux only).
func (b *Broker) CPU() (time.Duration, error) {
	pid := b.PID()
	if pid == 0 {
		return 0, fmt.Errorf("broker %d does not run", b.ID)
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	// The second field is the name in parentheses; user and system time are the 14th and 15th, in 1/100 s.
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	if len(fields) < 13 {
		return 0, fmt.Errorf("unexpected content of /proc/%d/stat", pid)
	}
	var ticks int64
	for _, field := range fields[11:13] {
		n, err := strconv.ParseInt(string(field), 10, 64)
		if err != nil {
			return 0, err
		}
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond, nil
}
