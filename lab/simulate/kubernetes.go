package simulate

import (
	"fmt"

	"kafka_burndown_exporter/internal/scale"
)

// KEDAVersion is the release of KEDA that is simulated.
const KEDAVersion = "v2.21.0"

// UseKubernetes has the candidates' HPAs run by a release's controller. It refuses what that release's API server does.
func UseKubernetes(k scale.Kubernetes, cands ...*Candidate) error {
	for _, c := range cands {
		for _, ctl := range c.Controllers {
			so := &ctl.Object
			if so.Plain && so.MinReplicas != nil && *so.MinReplicas == 0 && !k.Controller().ScaleToZero {
				return fmt.Errorf("%s: spec.minReplicas: Kubernetes %s refuses 0, unless the gate HPAScaleToZero is on: set it to 1, or give --kubernetes=%s",
					ctl.Origin, k, scale.Kubernetes137)
			}
			so.Kubernetes = k
		}
	}
	return nil
}

// Versions says what is simulated; empty where the caller has not said it.
func Versions(k scale.Kubernetes) string {
	if k == "" {
		return ""
	}
	return fmt.Sprintf("the HPA of Kubernetes %s and KEDA %s", k, KEDAVersion)
}
