package study

import (
	"fmt"
	"math"
	"strings"
	"time"

	"kafka_burndown_exporter/internal/scale"
	"kafka_burndown_exporter/lab/manifest"
	"kafka_burndown_exporter/lab/scenario"
	"kafka_burndown_exporter/lab/simulate"
	"kafka_burndown_exporter/lab/tune"
)

// Controller names, as tables have them.
const (
	Pilot    = "pilot"
	BestOf   = "kafka, best in hindsight"
	kafkaFor = "kafka "
)

// candidates are the pilot and the plain triggers for a service. query gives the shipped trigger queries; nil leaves all
// but KEDA's own kafka trigger out.
func candidates(sc *scenario.Scenario, query tune.QueryText) ([]*simulate.Candidate, error) {
	svc := &sc.Services[0]
	out := []*simulate.Candidate{{Name: Pilot, Controllers: []*simulate.Controller{pilotOf(sc, svc)}}}
	for _, part := range []float64{12, 6, 3, 1.5} {
		for _, quick := range []bool{false, true} {
			c, err := kafka(sc, svc, part, quick)
			if err != nil {
				return nil, err
			}
			out = append(out, c)
		}
	}
	if query == nil {
		return out, nil
	}
	shipped, err := tune.Variants(sc, query)
	number := map[string]int{}
	for _, c := range shipped { // thresholds differ from workload to workload, their order does not
		metric, _, _ := strings.Cut(c.Name, " at ")
		number[metric]++
		c.Name = fmt.Sprintf("%s, setting %d", metric, number[metric])
	}
	return append(out, shipped...), err
}

// pilotOf is the ScaledObject of the pilot: one trigger that decides, up at once, down after a minute. The pilot itself
// waits.
func pilotOf(sc *scenario.Scenario, svc *scenario.Service) *simulate.Controller {
	least, most := int32(svc.Replicas.Min), int32(sc.UsefulReplicas(svc))
	if svc.Replicas.Max > 0 {
		most = min(most, int32(svc.Replicas.Max))
	}
	up, down, cooldown := time.Duration(0), time.Minute, 5*time.Minute
	return &simulate.Controller{
		Service: svc.Name, Origin: "study", Queries: make([]*manifest.Query, 1),
		Object: scale.ScaledObject{
			Name: svc.Name, Namespace: svc.Namespace, MinReplicas: &least, MaxReplicas: &most,
			PollingInterval: 15 * time.Second, Cooldown: &cooldown,
			Fallback: &scale.Fallback{FailureThreshold: 8, Replicas: max(1, least), Behavior: scale.FallbackCurrentReplicasIfHigher},
			Behavior: &scale.Behavior{
				Up:   &scale.Rules{Window: &up, Policies: []scale.Policy{{Type: scale.Pods, Value: max(most, 1), Period: 15 * time.Second}}},
				Down: &scale.Rules{Window: &down, Policies: []scale.Policy{{Type: scale.Percent, Value: 100, Period: 15 * time.Second}}},
			},
			Triggers: []scale.Trigger{{Type: scale.MetricsAPITrigger, Name: Pilot, Kind: scale.AverageValue,
				MetricsAPI: manifest.AskDesired(svc.Group)}},
		},
	}
}

// quickBehavior reacts at once and halves within half a minute; the other is Kubernetes' own.
const quickBehavior = `
  advanced:
    horizontalPodAutoscalerConfig:
      behavior:
        scaleUp:
          stabilizationWindowSeconds: 0
          policies: [{type: Pods, value: 4, periodSeconds: 15}, {type: Percent, value: 100, periodSeconds: 15}]
        scaleDown:
          stabilizationWindowSeconds: 60
          policies: [{type: Percent, value: 50, periodSeconds: 30}]`

// kafka is KEDA's kafka trigger with a threshold of a part of the objective's worth of a pod's work.
func kafka(sc *scenario.Scenario, svc *scenario.Service, part float64, quick bool) (*simulate.Candidate, error) {
	name, behavior := fmt.Sprintf("%sT/%g", kafkaFor, part), ""
	if quick {
		name, behavior = name+" quick", quickBehavior
	}
	threshold := int(max(1, math.Round(svc.Capacity.PerPod*svc.Objective.MaxAge.Seconds()/part)))
	text := fmt.Sprintf(`apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata:
  name: %s
  namespace: %s
spec:
  scaleTargetRef:
    name: %s
  pollingInterval: 15
  minReplicaCount: %d
  maxReplicaCount: %d%s
  triggers:
    - type: kafka
      metricType: AverageValue
      metadata:
        bootstrapServers: kafka:9092
        consumerGroup: %q
        topic: %q
        lagThreshold: "%d"
        offsetResetPolicy: earliest
`, svc.Name, svc.Namespace, svc.Name, svc.Replicas.Min, sc.UsefulReplicas(svc), behavior, svc.Group, svc.Topics[0], threshold)
	return simulate.FromYAML(sc, name, []byte(text))
}

// isKafka reports whether a controller is one of KEDA's kafka trigger.
func isKafka(name string) bool { return strings.HasPrefix(name, kafkaFor) }
