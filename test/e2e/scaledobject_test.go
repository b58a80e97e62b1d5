package e2e

import (
	"bytes"
	"context"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"sigs.k8s.io/yaml"

	"kafka_burndown_exporter/test/e2e/kubeapi"
)

// deployDir is where the manifests are.
var deployDir = filepath.Join("..", "..", "deploy")

var groupMatcher = regexp.MustCompile(`consumergroup="[^"]*"`)

// readObjects reads every document of a YAML file.
func readObjects(t *testing.T, path string) []kubeapi.Object {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return parseObjects(t, raw)
}

func parseObjects(t *testing.T, raw []byte) []kubeapi.Object {
	t.Helper()
	var out []kubeapi.Object
	for doc := range bytes.SplitSeq(raw, []byte("\n---\n")) {
		var o kubeapi.Object
		if err := yaml.Unmarshal(doc, &o); err != nil {
			t.Fatal(err)
		}
		if o != nil {
			out = append(out, o)
		}
	}
	return out
}

// service is where a shipped ScaledObject runs in a test: names of its own, so that tests do not meet.
type service struct {
	namespace, group, topic, prometheus string
	exporter                            string  // its address, for a metrics-api trigger
	counts                              float64 // what counts of messages are divided by; 0: the square of speed
}

// shipped reads a ScaledObject under deploy/keda, compressed in time, pointed at this test's group, topic, Prometheus
// and Kafka. The group is the one name that its queries hold.
func (w *world) shipped(t *testing.T, path string, s service) kubeapi.Object {
	t.Helper()
	object := readObjects(t, filepath.Join(deployDir, "keda", path))[0]
	object["metadata"].(kubeapi.Object)["namespace"] = s.namespace
	if s.counts == 0 {
		s.counts = speed * speed
	}
	compressScaledObject(object, s.counts)
	for _, trigger := range kubeapi.List(object, "spec", "triggers") {
		metadata, _ := trigger["metadata"].(kubeapi.Object)
		switch kubeapi.String(trigger, "type") {
		case "prometheus":
			metadata["serverAddress"] = s.prometheus
			metadata["query"] = groupMatcher.ReplaceAllString(kubeapi.String(metadata, "query"), `consumergroup="`+s.group+`"`)
		case "metrics-api":
			metadata["url"] = "http://" + s.exporter + "/desired/" + url.PathEscape(s.group)
		case "kafka":
			metadata["bootstrapServers"], metadata["consumerGroup"], metadata["topic"] = strings.Join(w.kafka.observers(), ","), s.group, s.topic
		}
	}
	return object
}

// scale applies a ScaledObject, waits until KEDA has taken it up, and removes it when the test ends.
func (w *world) scale(t *testing.T, object kubeapi.Object) {
	t.Helper()
	path, err := w.stack.API.PathOf(t.Context(), object, "default")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.stack.API.Apply(t.Context(), path, object); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			w.explain(t, path)
		}
		if err := w.stack.API.Delete(context.Background(), path); err != nil {
			t.Error(err)
		}
		eventually(t, 30*time.Second, "the ScaledObject goes", func() error {
			if _, err := w.stack.API.Get(context.Background(), path); !kubeapi.IsNotFound(err) {
				return os.ErrExist
			}
			return nil
		})
	})
	eventually(t, 30*time.Second, "the ScaledObject becomes ready", func() error {
		o, err := w.stack.API.Get(t.Context(), path)
		if err != nil {
			return err
		}
		if c := kubeapi.Condition(o, "Ready"); kubeapi.String(c, "status") != "True" {
			return &kubeapi.StatusError{Reason: kubeapi.String(c, "reason"), Message: kubeapi.String(c, "message")}
		}
		return nil
	})
}
