package e2e

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"kafka_burndown_exporter/test/e2e/kubeapi"
	"kafka_burndown_exporter/test/e2e/proc"
)

// fleet is a Deployment of consumers, and a record of how many there were.
type fleet struct {
	t               *testing.T
	w               *world
	namespace, name string

	mu      sync.Mutex
	changes []change // spec.replicas whenever it changed
	ready   int
}

type change struct {
	at       time.Time
	replicas int
}

// deploy creates the Deployment with n replicas and begins to record them. Everything goes when the test ends.
func (w *world) deploy(t *testing.T, namespace, name string, n int, args ...string) *fleet {
	t.Helper()
	labels := kubeapi.Object{"app": name}
	full := append([]any{"-brokers=" + w.kafka.Bootstrap()}, anys(args)...)
	path := "/apis/apps/v1/namespaces/" + namespace + "/deployments/" + name
	_, err := w.stack.API.Apply(t.Context(), path, kubeapi.Object{
		"apiVersion": "apps/v1", "kind": "Deployment", "metadata": kubeapi.Object{"name": name, "namespace": namespace},
		"spec": kubeapi.Object{
			"replicas": n, "selector": kubeapi.Object{"matchLabels": labels},
			"strategy": kubeapi.Object{"type": "Recreate"},
			"template": kubeapi.Object{
				"metadata": kubeapi.Object{"labels": labels},
				"spec": kubeapi.Object{"terminationGracePeriodSeconds": 10, "containers": []any{kubeapi.Object{
					"name": "consumer", "image": "none", "command": []any{"consumer"}, "args": full,
					"env":       []any{kubeapi.Object{"name": "GOMAXPROCS", "value": "1"}},
					"resources": kubeapi.Object{"requests": kubeapi.Object{"cpu": "500m", "memory": "64Mi"}},
				}}},
			},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	f := &fleet{t: t, w: w, namespace: namespace, name: name}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); f.record(ctx, path) }()
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("replicas of %s: %s", name, f.history())
		}
		cancel()
		<-done
		if err := w.stack.API.Delete(context.Background(), path); err != nil {
			t.Error(err)
		}
	})
	return f
}

func anys(in []string) []any {
	out := make([]any, len(in))
	for i, s := range in {
		out[i] = s
	}
	return out
}

func (f *fleet) record(ctx context.Context, path string) {
	failing := false
	for ctx.Err() == nil {
		d, err := f.w.stack.API.Get(ctx, path)
		if err == nil {
			n := kubeapi.Int(d, "spec", "replicas")
			f.mu.Lock()
			if len(f.changes) == 0 || f.changes[len(f.changes)-1].replicas != n {
				f.changes = append(f.changes, change{time.Now(), n})
			}
			f.ready = kubeapi.Int(d, "status", "readyReplicas")
			f.mu.Unlock()
		}
		// Once per streak: without an answer the record has a gap.
		if err != nil && !failing && ctx.Err() == nil {
			logf("replicas of %s/%s are not known: %v", f.namespace, f.name, err)
		}
		failing = err != nil
		select {
		case <-ctx.Done():
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// replicas is how many are wanted now, and how many are ready.
func (f *fleet) replicas() (wanted, ready int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.changes) == 0 {
		return 0, 0
	}
	return f.changes[len(f.changes)-1].replicas, f.ready
}

// set changes how many are wanted, as a person would.
func (f *fleet) set(n int) error {
	path := "/apis/apps/v1/namespaces/" + f.namespace + "/deployments/" + f.name
	_, err := f.w.stack.API.Merge(context.Background(), path, kubeapi.Object{"spec": kubeapi.Object{"replicas": n}})
	return err
}

// since is every count there was from begin on, the one at begin included.
func (f *fleet) since(begin time.Time) []int {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []int
	for i, c := range f.changes {
		if i+1 < len(f.changes) && !f.changes[i+1].at.After(begin) {
			continue
		}
		out = append(out, c.replicas)
	}
	return out
}

// changesSince is every change after begin.
func (f *fleet) changesSince(begin time.Time) []change {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []change
	for _, c := range f.changes {
		if c.at.After(begin) {
			out = append(out, c)
		}
	}
	return out
}

func (f *fleet) history() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []string
	for _, c := range f.changes {
		out = append(out, fmt.Sprintf("%.1fs:%d", c.at.Sub(f.changes[0].at).Seconds(), c.replicas))
	}
	return strings.Join(out, " ")
}

// waitReady waits until exactly n are wanted and ready.
func (f *fleet) waitReady(limit time.Duration, n int) {
	f.t.Helper()
	eventually(f.t, limit, fmt.Sprintf("%d replicas of %s", n, f.name), func() error {
		if wanted, ready := f.replicas(); wanted != n || ready != n {
			return fmt.Errorf("%d wanted, %d ready", wanted, ready)
		}
		return nil
	})
}

// processes are the fleet's own consumers that live.
func (f *fleet) processes() []*proc.Process {
	return f.w.stack.Kubelet.Processes(f.namespace, "app", f.name)
}

func (f *fleet) signal(sig os.Signal) {
	for _, p := range f.processes() {
		p.Signal(sig)
	}
}

// reversals counts the changes of direction.
func reversals(counts []int) int {
	n, direction := 0, 0
	for i := 1; i < len(counts); i++ {
		d := 1
		if counts[i] < counts[i-1] {
			d = -1
		}
		if direction != 0 && d != direction {
			n++
		}
		direction = d
	}
	return n
}
