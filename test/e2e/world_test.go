package e2e

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"kafka_burndown_exporter/test/e2e/kubeapi"
	"kafka_burndown_exporter/test/e2e/stack"
	"kafka_burndown_exporter/test/kafka"
)

// world is what all tests share: booting it takes longer than most of them.
type world struct {
	dir    string
	stack  *stack.Stack
	kafka  *cluster
	memory *memory
}

var shared struct {
	once  sync.Once
	world *world
	err   error
}

// places are for the tests that run at a time. They wait more than they work, so there are more than cores.
var places = make(chan struct{}, 4)

// longest is the test that takes as long as several others in a row: it gets a place before them.
const longest = "TestFaults"

// theWorld waits for a place and boots the shared parts on first use. Where one is missing the test is skipped, or fails
// where CI is "true".
func theWorld(t *testing.T) *world {
	t.Helper()
	if testing.Short() && os.Getenv("CI") != "true" {
		t.Skip("-short: no real Kubernetes")
	}
	if t.Name() != longest {
		time.Sleep(100 * time.Millisecond)
	}
	places <- struct{}{}
	t.Cleanup(func() { <-places })
	shared.once.Do(func() { shared.world, shared.err = boot() })
	if errors.Is(shared.err, kafka.ErrMissing) && os.Getenv("CI") != "true" {
		t.Skipf("install what is missing: %v", shared.err)
	}
	if shared.err != nil {
		t.Fatal(shared.err)
	}
	return shared.world
}

func boot() (*world, error) {
	dir := os.Getenv("E2E_DIR")
	if dir == "" {
		var err error
		if dir, err = os.MkdirTemp("", "e2e-"); err != nil {
			return nil, err
		}
	}
	w := &world{dir: dir, memory: watchMemory()}
	ctx := context.Background()
	began := time.Now()
	var wg sync.WaitGroup
	var stackErr, kafkaErr error
	wg.Go(func() {
		w.stack, stackErr = stack.Up(ctx, stack.Config{
			Dir: dir, Bin: binDir(), KEDA: os.Getenv("E2E_KEDA"), Sync: syncPeriod, Log: logf,
			// As docs/keda.md says for components/prometheus-auth/openshift.
			TokenAudiences: `[{"audience": "https://kubernetes.default.svc", "namespace": "ridehailing", "serviceAccountName": "keda-prometheus"}]`,
			Commands:       map[string]string{"consumer": filepath.Join(binDir(), "consumer")},
		})
	})
	wg.Go(func() {
		w.kafka, kafkaErr = startKafka(ctx, kafka.DefaultVersion, 1)
	})
	wg.Wait()
	logf("the world took %.1f s to boot", time.Since(began).Seconds())
	return w, errors.Join(stackErr, kafkaErr)
}

// logf prints while tests run in parallel, and also what belongs to none.
func logf(format string, args ...any) { fmt.Printf("e2e: "+format+"\n", args...) }

func closeWorld() {
	w := shared.world
	if w == nil {
		return
	}
	logf("%s", w.memory.stop())
	if w.stack != nil {
		w.stack.Down()
	}
	if w.kafka != nil {
		w.kafka.close()
	}
	if os.Getenv("E2E_DIR") == "" {
		os.RemoveAll(w.dir)
	}
}

// withKafka is the same world with a Kafka of its own, which ends with the test.
func (w *world) withKafka(t *testing.T, brokers int) *world {
	t.Helper()
	return w.withKafkaOf(t, kafka.DefaultVersion, brokers)
}

// withKafkaOf is the same with a Kafka of that version.
func (w *world) withKafkaOf(t *testing.T, version string, brokers int) *world {
	t.Helper()
	k, err := startKafka(t.Context(), version, brokers)
	must(t, err)
	t.Cleanup(k.close)
	other := *w
	other.kafka = k
	return &other
}

// namespace makes a namespace for one test.
func (w *world) namespace(t *testing.T, name string) {
	t.Helper()
	_, err := w.stack.API.Apply(t.Context(), "/api/v1/namespaces/"+name, kubeapi.Object{
		"apiVersion": "v1", "kind": "Namespace", "metadata": kubeapi.Object{"name": name},
	})
	if err != nil {
		t.Fatal(err)
	}
}

// eventually polls check until it returns nil. What takes longer than the limit would never come.
func eventually(t *testing.T, limit time.Duration, what string, check func() error) {
	t.Helper()
	deadline := time.Now().Add(limit)
	for {
		err := check()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within %v: %v", what, limit, err)
		}
		time.Sleep(100 * time.Millisecond)
	}
}
