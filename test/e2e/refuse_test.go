package e2e

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"kafka_burndown_exporter/test/e2e/kubeapi"
)

// Mistakes in a copied manifest: KEDA's CRD refuses a maximum below the minimum, its webhook a second ScaledObject for one
// Deployment, whose HPAs would work against each other.
func TestMistakesAreRefused(t *testing.T) {
	t.Parallel()
	w := theWorld(t)
	const ns = "refused"
	w.namespace(t, ns)
	w.deploy(t, ns, "consumer", 1, "-group=none", "-topics=none", "-start-delay=1h")
	object := func(name string, least, most int) kubeapi.Object {
		return kubeapi.Object{
			"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject", "metadata": kubeapi.Object{"name": name, "namespace": ns},
			"spec": kubeapi.Object{
				"scaleTargetRef": kubeapi.Object{"name": "consumer"}, "minReplicaCount": least, "maxReplicaCount": most,
				"triggers": []any{kubeapi.Object{"type": "cpu", "metricType": "Utilization", "metadata": kubeapi.Object{"value": "80"}}},
			},
		}
	}
	w.refused(t, object("reversed", 3, 2), "minReplicaCount must be less than or equal to maxReplicaCount")
	w.scale(t, object("first", 1, 2))
	w.refused(t, object("second", 1, 2), "already managed by the ")
}

// refused waits until an object is refused with a reason. The webhook looks into a cache, so its first answer may be yes.
func (w *world) refused(t *testing.T, object kubeapi.Object, reason string) {
	t.Helper()
	path, err := w.stack.API.PathOf(t.Context(), object, "default")
	must(t, err)
	eventually(t, 30*time.Second, path+" is refused", func() error {
		_, err := w.stack.API.Apply(t.Context(), path, object)
		if err == nil {
			return errors.Join(errors.New("it is accepted"), w.stack.API.Delete(t.Context(), path))
		}
		if !strings.Contains(err.Error(), reason) {
			return fmt.Errorf("for another reason: %w", err)
		}
		return nil
	})
}
