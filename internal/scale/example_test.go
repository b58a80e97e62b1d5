package scale_test

import (
	"fmt"
	"time"

	"kafka_burndown_exporter/internal/scale"
)

// A ScaledObject on raw lag, stepped by hand: KEDA wakes the target, the HPA takes over.
func ExampleAutoscaler() {
	so := scale.ScaledObject{Triggers: []scale.Trigger{{
		Type:       scale.PrometheusTrigger,
		Prometheus: &scale.Prometheus{Threshold: 1000},
	}}}
	created := time.Date(2026, 1, 2, 18, 0, 0, 0, time.UTC)
	auto := scale.NewAutoscaler(so, created, nil)
	lag := scale.SourceFunc(func(time.Time, int) scale.Answer { return scale.Answer{Value: 7400} })
	replicas := int32(0)
	for range 4 {
		now := auto.Next()
		out := auto.Step(now, scale.Workload{SpecReplicas: replicas, StatusReplicas: replicas, ReadyReplicas: replicas}, lag)
		if out.Poll != nil {
			fmt.Println(now.Sub(created), out.Poll)
		}
		if out.HPA != nil {
			fmt.Println(now.Sub(created), out.HPA)
		}
		replicas = out.Replicas
	}
	// Output:
	// 0s 0 → 1: activated by KEDA
	// 15s 1 → 4: s0-prometheus at 7.4 of its target asks for 8, limited by the scale-up policies
	// 30s 4 held: no change by KEDA
	// 30s 4 → 8: s0-prometheus at 1.85 of its target asks for 8, as proposed
	// 45s 8 held: s0-prometheus at 0.925 of its target, within the tolerance, as proposed
}
