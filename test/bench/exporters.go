package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// exporter is one program under comparison.
type exporter struct {
	name string
	// env names the environment variable that holds the ready binary's path; ours is built by the Makefile.
	env    string
	binary string
	// background is true for exporters that collect on their own and not in a scrape.
	background bool
	// launch returns the arguments and environment that point it at a broker and a port, all else by default, with
	// partition granularity.
	launch func(dir, broker string, port int) (args, env []string, err error)
}

// exporters lists the comparison's programs in the order of the table; the binary is empty for a missing one.
func exporters(ours string, oursArgs []string) []exporter {
	all := []exporter{
		our("kafka_burndown_exporter", ours, oursArgs),
		{name: "kafka_exporter", env: "KAFKA_EXPORTER", launch: func(_, broker string, port int) (args, env []string, err error) {
			return []string{"--kafka.server=" + broker, "--kafka.version=3.9.0",
				fmt.Sprintf("--web.listen-address=127.0.0.1:%d", port)}, nil, nil
		}},
		{name: "kminion", env: "KMINION", launch: func(_, broker string, port int) (args, env []string, err error) {
			return nil, []string{"KAFKA_BROKERS=" + broker, "EXPORTER_HOST=127.0.0.1", fmt.Sprintf("EXPORTER_PORT=%d", port),
				"LOGGER_LEVEL=warn"}, nil
		}},
		{name: "klag-exporter", env: "KLAG_EXPORTER", background: true, launch: klagConfig},
	}
	for i := range all[1:] {
		all[i+1].binary = os.Getenv(all[i+1].env)
	}
	return all
}

func our(name, binary string, further []string) exporter {
	return exporter{name: name, binary: binary, background: true, launch: func(_, broker string, port int) (args, env []string, err error) {
		return append([]string{"serve", "--kafka.server=" + broker, fmt.Sprintf("--web.listen-address=127.0.0.1:%d", port)},
			further...), nil, nil
	}}
}

// shards are our exporter as each of n shards.
func shards(ours string, oursArgs []string, n int) []exporter {
	var all []exporter
	for i := range n {
		name := fmt.Sprintf("shard-%d-of-%d", i, n)
		all = append(all, our(name, ours, append(slices.Clone(oursArgs), fmt.Sprintf("--shard=%d/%d", i, n))))
	}
	return all
}

func klagConfig(dir, broker string, port int) (args, env []string, err error) {
	file := filepath.Join(dir, "klag.toml")
	text := fmt.Sprintf(`[exporter]
poll_interval = "10s"
http_port = %d
http_host = "127.0.0.1"
granularity = "partition"

[[clusters]]
name = "bench"
bootstrap_servers = %q
`, port, broker)
	return []string{"--config", file}, nil, os.WriteFile(file, []byte(text), 0o644)
}

// process is a running exporter.
type process struct {
	cmd *exec.Cmd
	url string
	log *os.File
}

// start runs the exporter against a broker and waits until it serves its first non-empty exposition.
func (e exporter) start(ctx context.Context, dir, broker string) (*process, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	args, env, err := e.launch(dir, broker, port)
	if err != nil {
		return nil, err
	}
	logFile, err := os.Create(filepath.Join(dir, e.name+".log"))
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, e.binary, args...)
	cmd.Env = append(os.Environ(), env...)
	cmd.Stdout, cmd.Stderr = logFile, logFile
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", e.name, err)
	}
	p := &process{cmd: cmd, url: fmt.Sprintf("http://127.0.0.1:%d/metrics", port), log: logFile}
	if err := p.awaitPort(ctx, port); err != nil {
		p.stop()
		return nil, fmt.Errorf("start %s: %w (its output is in %s)", e.name, err, logFile.Name())
	}
	return p, nil
}

func (p *process) awaitPort(ctx context.Context, port int) error {
	deadline := time.Now().Add(time.Minute)
	for time.Now().Before(deadline) && ctx.Err() == nil {
		conn, err := net.DialTimeout("tcp", fmt.Sprintf("127.0.0.1:%d", port), time.Second)
		if err == nil {
			conn.Close()
			return nil
		}
		time.Sleep(50 * time.Millisecond)
	}
	return errors.Join(ctx.Err(), errors.New("it does not listen within a minute"))
}

func (p *process) stop() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	done := make(chan struct{})
	go func() { _ = p.cmd.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(10 * time.Second):
		_ = p.cmd.Process.Kill()
		<-done
	}
	p.log.Close()
}

// version is what a binary says of itself, or what an environment variable (KMINION_VERSION and the like) says of it.
func (e exporter) version() string {
	if told := os.Getenv(e.env + "_VERSION"); e.env != "" && told != "" {
		return told
	}
	out, err := exec.Command(e.binary, "--version").CombinedOutput()
	line, _, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
	if err != nil || line == "" || len(line) > 120 {
		return "version not told"
	}
	return line
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}
