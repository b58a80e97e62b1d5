package manifest

import (
	"fmt"

	"kafka_burndown_exporter/internal/scale"
)

// Rule is one lint: what it finds and what happens there, and what to do instead. Findings say both again with the
// figures of the manifest.
type Rule struct {
	// ID names the lint, stable over versions.
	ID string
	// Severity is that of the findings; where a lint grades some of them lower, Meaning says so.
	Severity        Severity
	Meaning, Remedy string
}

// allRules is every lint, in the order of the documentation.
var allRules []*Rule

// Rules lists every lint.
func Rules() []Rule {
	out := make([]Rule, 0, len(allRules))
	for _, r := range allRules {
		out = append(out, *r)
	}
	return out
}

func rule(id string, s Severity, meaning, remedy string) *Rule {
	r := &Rule{ID: id, Severity: s, Meaning: meaning, Remedy: remedy}
	allRules = append(allRules, r)
	return r
}

var (
	refused = rule("refused", Fatal,
		"The API server or KEDA's admission refuses the object, KEDA cannot build the trigger, or a field does not exist.",
		"what the finding says")
	notChecked = rule("not-checked", Info,
		"A trigger of another type, or a query on a series that is not known: only the lints that need neither have looked at it.",
		"nothing; to check the query too, read a series of this exporter or one that its rules record")
	ratioWithoutValue = rule("ratio-without-value", Fatal,
		"A ratio, a logarithm or a time is divided among the replicas, because metricType is AverageValue, KEDA's default.",
		"`metricType: Value`")
	nullIsZero = rule("null-is-zero", Fatal,
		"An empty answer, NaN or infinity counts as 0: a lost metric scales to the minimum during an outage.",
		"`ignoreNullValues: \"false\"`")
	inventedValue = rule("invented-value", Fatal,
		"The query answers with a number where the truth is unknown (`or vector(0)`): a lost metric scales down.",
		"drop it; a fallback and a second trigger cover a lost metric")
	noFallback = rule("no-fallback", Warning,
		"While the metric is lost, the replicas stay where they are, however much the load grows.",
		"`fallback` with `behavior: currentReplicasIfHigher`")
	fallbackDisabled = rule("fallback-disabled", Fatal,
		"With a formula, KEDA applies the fallback only if `target` is a whole number.",
		"scale the formula so that `target` is whole")
	singleTrigger = rule("single-trigger", Warning,
		"Nothing scales up while the only metric is lost.",
		"a second trigger, such as cpu or kafka")
	valueAlone = rule("value-alone", Warning,
		"`Value` multiplies the ready pods: a rollout or a crash loop scales the target down under load.",
		"an AverageValue trigger beside it")
	valueFromZero = rule("value-from-zero", Warning,
		"`Value` multiplies the ready pods: while none is ready it asks for 0, which is the minimum.",
		"`minReplicaCount: 1`, or an AverageValue trigger")
	windowBelowStart = rule("window-below-start", Warning,
		"The scale-down window of a `Value` trigger is shorter than a pod's start (`--start-delay`): pods that are not ready yet pull the answer down.",
		"a `scaleDown.stabilizationWindowSeconds` of at least the start delay")
	pollingWithoutEffect = rule("polling-without-effect", Info,
		"`pollingInterval` acts only at `minReplicaCount: 0`, `idleReplicaCount` or `useCachedMetrics`; elsewhere the HPA asks every 15 s.",
		"leave it out; `behavior` makes reactions slower or faster")
	cooldownWithoutEffect = rule("cooldown-without-effect", Info,
		"`cooldownPeriod` delays only the step to zero or idle, which a `minReplicaCount` above 0 rules out.",
		"leave it out; `scaleDown.stabilizationWindowSeconds` keeps replicas longer")
	activationWithoutEffect = rule("activation-without-effect", Info,
		"Activation decides only between zero or idle and the minimum, which a `minReplicaCount` above 0 rules out.",
		"leave it out")
	activationOffByOne = rule("activation-off-by-one", Warning,
		"A trigger is active strictly above its threshold: with 1 the second message wakes the target, not the first.",
		"`\"0\"` for the first message")
	activationByDerived = rule("activation-by-derived-metric", Warning,
		"log2×7 is 0 at a lag of 1, and rates and desired replicas are 0 or unknown without a pod: the target may not wake up.",
		"`activationThreshold: \"1e9\"`, and a trigger on the backlog with `\"0\"`")
	uncommittedAwake = rule("uncommitted-stays-awake", Info,
		"Under `offsetResetPolicy: latest` every partition without a commit counts as a lag of 1: a group that never committed stays awake.",
		"`earliest` if the consumer reads from the start, else `scaleToZeroOnInvalidOffset: \"true\"`")
	hpaZero = rule("hpa-from-zero", Warning,
		"An HPA without KEDA has `minReplicas: 0`, which the API server refuses before Kubernetes 1.37 unless the gate HPAScaleToZero is on.",
		"`minReplicas: 1`, or a ScaledObject")
	maxAbovePartitions = rule("max-above-partitions", Warning,
		"`maxReplicaCount` is above the partitions (`--partitions`): the rest stays idle.",
		"`maxReplicaCount` at the partitions, or more partitions")
	maxInUselessBand = rule("max-in-useless-band", Warning,
		"At `maxReplicaCount` the fullest member owns as many partitions (`--partitions`) as with fewer members: the rest adds nothing.",
		"the useful count below or above")
	unreachable = rule("log2x7-target-unreachable", Fatal,
		"The largest log2×7 lies inside the HPA's tolerance of the target: it can never scale up.",
		fmt.Sprintf("a threshold below %d ÷ 1.1", scale.DefaultLog2x7Max))
	targetInTolerance = rule("target-in-tolerance", Fatal,
		"The largest value that the query can give lies inside the HPA's tolerance of the target. cpu and memory targets near 100 %: a warning.",
		"a lower target")
	drainBelowRebalance = rule("drain-below-rebalance", Warning,
		"The target stands for less work (`--capacity`) than a rebalance (`--rebalance-pause`) stops: each scale-out builds the lag that asks for the next.",
		"a target worth several rebalance pauses, 60 s or more")
	restsInDeadBand = rule("rests-in-dead-band", Warning,
		"The HPA's tolerance rests at a count below the useful one (`--partitions`). For cron triggers without `--partitions`: information.",
		"`behavior.scaleUp.tolerance: 0` (Kubernetes 1.35 and later), or ask for more under the same maximum")
	noRequests = rule("no-resource-requests", Fatal,
		"A container of the workload, if it is among the manifests, has no request for the resource: utilisation cannot be computed, which blocks every scale-down.",
		"`resources.requests` on every container")
	twoAutoscalers = rule("two-autoscalers", Fatal,
		"Another HPA or ScaledObject scales the same target: they overwrite each other.",
		"one of them, with the metrics of both")
	obsoleteField  = rule("obsolete-field", Info, "KEDA 2 does not read the field any more.", "leave it out")
	kafkaAllTopics = rule("kafka-all-topics", Fatal,
		"Without a topic, apache-kafka adds up every topic of the cluster and fails while the group has no member.",
		"name the topics")
	kafkaNoFallback = rule("kafka-fallback-unreached", Info,
		"While no broker answers, KEDA cannot build a kafka trigger, counts no failures and never falls back; it also fails the other external triggers.",
		"a prometheus trigger on the exporter's series, or cpu as the second trigger")
	containerDropped = rule("container-metric-dropped", Warning,
		"With `scalingModifiers` KEDA drops cpu and memory triggers that name a container.",
		"leave `containerName` out")
)
