package shipped

import (
	"maps"
	"slices"
	"testing"
	"time"

	"kafka_burndown_exporter/lab/manifest"
)

// partitions of the topics of the services, as docs/keda.md lists them.
var partitions = map[string]int{
	"stream-processor": 80, "trip-analytics": 20, "fare-reconciliation": 10, "order": 6, "restaurant": 6, "courier": 6,
	"consumer-demo": 10, "payment-service": 6, "analytics": 6, "inventory": 6, "shipping": 6,
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
