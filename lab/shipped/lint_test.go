package shipped

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"kafka_burndown_exporter/lab/manifest"
)

// partitions of the topics of the services, as docs/keda.md lists them: of the streams application the pods that can have
// tasks; of the share group none, since they do not limit it.
var partitions = map[string]int{
	"stream-processor": 80, "trip-analytics": 20, "fare-reconciliation": 10, "order": 6, "restaurant": 6, "courier": 6,
	"consumer-demo": 10, "payment-service": 6, "analytics": 6, "inventory": 6, "shipping": 6,
	"revenue": 6, "renderer": 0,
}

// asPublished are warnings that belong to what a source had, which docs/keda.md explains.
var asPublished = map[string]string{"keda/ride-hailing/kafka/trip-analytics.yaml": "rests-in-dead-band"}

// Information is fine, a warning or an error in what is shipped is not.
func TestScaledObjectsPassTheirOwnLints(t *testing.T) {
	for _, path := range slices.Sorted(maps.Keys(scaledObjects(t))) {
		t.Run(path, func(t *testing.T) {
			// kustomize fills in what the profiles patch; here each file stands alone.
			bundle, err := manifest.Load([]string{path}, manifest.Options{KeepUnread: true})
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range manifest.Lint(bundle, func(o *manifest.Object) manifest.Facts {
				return manifest.Facts{Partitions: partitions[o.Group()], StartDelay: 30 * time.Second}
			}) {
				if f.Severity > manifest.Info && f.ID != asPublished[path] {
					t.Error(f)
				} else {
					t.Log(f)
				}
			}
		})
	}
}

// What the README shows can be applied as it stands: no error and no warning.
func TestReadmeScaledObject(t *testing.T) {
	found := 0
	for _, block := range strings.Split(string(read(t, "..", "README.md")), "\n```yaml\n")[1:] {
		block, _, _ = strings.Cut(block, "\n```\n")
		if !strings.Contains(block, "kind: ScaledObject") {
			continue
		}
		found++
		file := filepath.Join(t.TempDir(), "readme.yaml")
		if err := os.WriteFile(file, []byte(block), 0o600); err != nil {
			t.Fatal(err)
		}
		bundle, err := manifest.Load([]string{file}, manifest.Options{})
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range manifest.Lint(bundle, func(*manifest.Object) manifest.Facts { return manifest.Facts{Partitions: 12} }) {
			if f.Severity > manifest.Info {
				t.Error(f)
			}
		}
	}
	if found == 0 {
		t.Error("the README shows no ScaledObject")
	}
}
