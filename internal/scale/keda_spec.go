package scale

import (
	"fmt"
	"time"
)

// ScaledObject is KEDA's keda.sh/v1alpha1 ScaledObject as far as it bears on scaling, as KEDA v2.21.0 reads it.
type ScaledObject struct {
	Namespace, Name string
	// Plain says that it is no ScaledObject but an HPA by itself: KEDA has no part in it.
	Plain bool
	// Kubernetes is the release that runs the HPA; empty is 1.36.
	Kubernetes Kubernetes
	// MinReplicas nil counts as 0 in KEDA's loop and as 1 in the HPA.
	MinReplicas *int32
	// MaxReplicas nil is 100.
	MaxReplicas *int32
	// IdleReplicas below MinReplicas is where the target rests while no trigger is active.
	IdleReplicas *int32
	// PollingInterval 0 is 30 s.
	PollingInterval time.Duration
	// Cooldown nil is 300 s: how long after the last active poll the target goes to zero or idle.
	Cooldown *time.Duration
	// InitialCooldown counts from the creation, until a trigger has been active once.
	InitialCooldown time.Duration
	Fallback        *Fallback
	Behavior        *Behavior
	Modifiers       *Modifiers
	Triggers        []Trigger
	Paused          Pause
}

// Pause is the set of KEDA's annotations that stop or force scaling.
type Pause struct {
	// All is autoscaling.keda.sh/paused, or paused-replicas being present.
	All bool
	// Replicas is paused-replicas: where the target is put.
	Replicas *int32
	// In and Out are paused-scale-in and paused-scale-out.
	In, Out bool
	// ForceActivation is force-activation: the target counts as active whatever the triggers say.
	ForceActivation bool
}

// FallbackBehavior says which replica count a fallback asks for.
type FallbackBehavior string

// KEDA's fallback behaviours; the empty string is FallbackStatic.
const (
	FallbackStatic                  FallbackBehavior = "static"
	FallbackCurrentReplicas         FallbackBehavior = "currentReplicas"
	FallbackCurrentReplicasIfHigher FallbackBehavior = "currentReplicasIfHigher"
	FallbackCurrentReplicasIfLower  FallbackBehavior = "currentReplicasIfLower"
	FallbackScalingModifiers        FallbackBehavior = "scalingModifiers"
)

// Fallback replaces a trigger's value after more than FailureThreshold failures in a row.
type Fallback struct {
	FailureThreshold int32
	Replicas         int32
	Behavior         FallbackBehavior
}

// Modifiers are spec.advanced.scalingModifiers: one formula over all external triggers instead of a metric each.
type Modifiers struct {
	// Text is the formula as written, for reports.
	Text    string
	Formula Formula
	Target  float64
	// TargetText is the target as written: the fallback works only where it is an integer.
	TargetText       string
	ActivationTarget float64
	// Kind is AverageValue or Value.
	Kind TargetKind
}

// Formula evaluates a scalingModifiers formula over trigger names. A value is a float64, or nil where the trigger
// failed beyond the threshold under FallbackScalingModifiers. isNil says that the formula itself gave nil.
type Formula func(values map[string]any) (value float64, isNil bool, err error)

// TriggerType is a trigger's type in the manifest.
type TriggerType string

// The trigger types known here.
const (
	KafkaTrigger       TriggerType = "kafka"
	ApacheKafkaTrigger TriggerType = "apache-kafka"
	PrometheusTrigger  TriggerType = "prometheus"
	MetricsAPITrigger  TriggerType = "metrics-api"
	CPUTrigger         TriggerType = "cpu"
	MemoryTrigger      TriggerType = "memory"
	CronTrigger        TriggerType = "cron"
)

// Trigger is one entry of spec.triggers; the field of its type is set.
type Trigger struct {
	Type TriggerType
	Name string
	// Kind is metricType: AverageValue unless given; cpu and memory take Utilization or AverageValue.
	Kind TargetKind
	// UseCachedMetrics hands the HPA the last poll's value instead of asking again.
	UseCachedMetrics bool

	Kafka      *Kafka
	Prometheus *Prometheus
	MetricsAPI *MetricsAPI
	Resource   *ResourceTarget
	Cron       *Cron
}

// IsResource says that the HPA reads the metric itself, from the pods.
func (t *Trigger) IsResource() bool { return t.Type == CPUTrigger || t.Type == MemoryTrigger }

// Prometheus holds the metadata of a prometheus trigger.
type Prometheus struct {
	ServerAddress       string
	Query               string
	Threshold           float64
	ActivationThreshold float64
	// IgnoreNullValues (KEDA's default is true) turns an empty answer, NaN and ±Inf into 0 instead of an error.
	IgnoreNullValues bool
}

// MetricsAPI holds the metadata of a metrics-api trigger. An answer without the value is an error, whatever is set.
type MetricsAPI struct {
	URL              string
	ValueLocation    string
	Target           float64
	ActivationTarget float64
}

// ResourceTarget holds the metadata of a cpu or memory trigger.
type ResourceTarget struct {
	// Target is in percent of the request for Utilization, else in thousandths of a core or of a byte.
	Target int64
	// Container limits the metric to one container.
	Container string
}

// Cron holds the metadata of a cron trigger.
type Cron struct {
	// Start and End give the next time of their schedule after a time in Location, as robfig/cron does.
	Start, End func(time.Time) time.Time
	// StartText and EndText are the expressions as written.
	StartText, EndText string
	Location           *time.Location
	DesiredReplicas    int64
}

// KEDA's defaults.
const (
	DefaultPollingInterval = 30 * time.Second
	DefaultCooldown        = 300 * time.Second
	DefaultMaxReplicas     = 100
)

// CompositeTrigger is the trigger index of the scalingModifiers formula.
const CompositeTrigger = -1

// Min is minReplicaCount, 0 if unset.
func (so *ScaledObject) Min() int32 {
	if so.MinReplicas == nil {
		return 0
	}
	return *so.MinReplicas
}

// Max is maxReplicaCount, 100 if unset.
func (so *ScaledObject) Max() int32 {
	if so.MaxReplicas == nil {
		return DefaultMaxReplicas
	}
	return *so.MaxReplicas
}

// Polling is the polling interval in force.
func (so *ScaledObject) Polling() time.Duration {
	if so.PollingInterval == 0 {
		return DefaultPollingInterval
	}
	return so.PollingInterval
}

// CooldownPeriod is the cooldown in force.
func (so *ScaledObject) CooldownPeriod() time.Duration {
	if so.Cooldown == nil {
		return DefaultCooldown
	}
	return *so.Cooldown
}

// PollingMatters says whether KEDA's own loop can change anything: below one replica or the minimum, or through
// cached metrics. Elsewhere the HPA alone scales and pollingInterval has no effect.
func (so *ScaledObject) PollingMatters() bool {
	if so.Min() == 0 || so.IdleReplicas != nil {
		return true
	}
	for i := range so.Triggers {
		if so.Triggers[i].UseCachedMetrics {
			return true
		}
	}
	return false
}

// MetricName is the name KEDA gives to a trigger's metric.
func (so *ScaledObject) MetricName(trigger int) string {
	if trigger == CompositeTrigger {
		return "composite-metric"
	}
	t := &so.Triggers[trigger]
	if so.Plain {
		return t.Name
	}
	switch t.Type {
	case KafkaTrigger, ApacheKafkaTrigger:
		name := "kafka-" + t.Kafka.metricPart()
		return fmt.Sprintf("s%d-%s", trigger, normalizeName(name))
	case CronTrigger:
		name := fmt.Sprintf("cron-%s-%s-%s", t.Cron.Location, cronNamePart(t.Cron.StartText), cronNamePart(t.Cron.EndText))
		return fmt.Sprintf("s%d-%s", trigger, normalizeName(name))
	case MetricsAPITrigger:
		return fmt.Sprintf("s%d-%s", trigger, normalizeName("metric-api-"+t.MetricsAPI.ValueLocation))
	case CPUTrigger, MemoryTrigger:
		return string(t.Type)
	default:
		return fmt.Sprintf("s%d-%s", trigger, t.Type)
	}
}
