package manifest

import (
	"math"
	"regexp"
	"strconv"
	"time"

	"kafka_burndown_exporter/internal/scale"
)

const maxInt32 = math.MaxInt32

// scaledObject reads one ScaledObject; faults are collected in the reader.
func (r *reader) scaledObject(m *mapping, opts Options) *Object {
	o := &Object{Kind: KindScaledObject, File: r.file, Line: m.node.Line}
	o.notes.lines = map[string]int{}
	meta := m.child("metadata")
	o.Namespace, o.Name = meta.text("namespace"), meta.text("name")
	r.object = "ScaledObject " + o.String()
	if o.Name == "" {
		r.object = "ScaledObject"
		r.fail(m.node, "metadata.name", "is missing")
	}
	r.objectName(meta, o.Name, maxLabel)
	o.Scale.Namespace, o.Scale.Name = o.Namespace, o.Name
	r.annotations(meta.child("annotations"), o)
	m.ignore("apiVersion", "kind", "status")
	spec := m.child("spec")
	m.done()
	if spec == nil {
		r.fail(m.node, "spec", "is missing")
		return o
	}
	r.spec(spec, o, opts)
	spec.done()
	if hpa := o.hpaName(); len(hpa) > maxLabel && len(o.Name) <= maxLabel {
		r.fail(meta.node, "metadata.name", "the HPA would be called %s, which is %d characters: a name has at most %d; shorten it, or set "+
			"advanced.horizontalPodAutoscalerConfig.name", hpa, len(hpa), maxLabel)
	}
	if len(r.errs) == 0 {
		r.validate(spec, o)
	}
	return o
}

// maxLabel is the length of a label's value, which KEDA makes of the name, and maxName that of an object's name.
const (
	maxLabel = 63
	maxName  = 253
)

var objectName = regexp.MustCompile(`^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$`)

// objectName refuses names that the API server or KEDA's admission refuses.
func (r *reader) objectName(meta *mapping, name string, most int) {
	switch {
	case name == "":
	case len(name) > most:
		r.fail(meta.items["name"], "metadata.name", "has %d characters: at most %d are allowed", len(name), most)
	case !objectName.MatchString(name):
		r.fail(meta.items["name"], "metadata.name", "%q is not a name: lower-case letters, digits, - and . only", name)
	}
}

// hpaName is what KEDA calls the HPA.
func (o *Object) hpaName() string {
	if o.HPAName != "" {
		return o.HPAName
	}
	return "keda-hpa-" + o.Name
}

// boolAnnotation follows KEDA: what is no boolean counts as true.
func boolAnnotation(m *mapping, key string) bool {
	if m == nil || m.items[key] == nil {
		return false
	}
	v, err := strconv.ParseBool(m.text(key))
	return err != nil || v
}

func (r *reader) annotations(m *mapping, o *Object) {
	if m == nil {
		return
	}
	p := &o.Scale.Paused
	p.All = boolAnnotation(m, "autoscaling.keda.sh/paused")
	p.In = boolAnnotation(m, "autoscaling.keda.sh/paused-scale-in")
	p.Out = boolAnnotation(m, "autoscaling.keda.sh/paused-scale-out")
	p.ForceActivation = boolAnnotation(m, "autoscaling.keda.sh/force-activation")
	o.notes.transferOwnership = m.text("manifest.keda.sh/transfer-hpa-ownership") == "true"
	key := "autoscaling.keda.sh/paused-replicas"
	if n := m.items[key]; n != nil {
		v, err := strconv.ParseInt(m.text(key), 10, 32)
		if err != nil || v < 0 {
			r.fail(n, "metadata.annotations."+key, "%q is no number of replicas", n.Value)
			return
		}
		small := int32(v)
		p.Replicas = &small
	}
}

func (r *reader) spec(m *mapping, o *Object, opts Options) {
	so := &o.Scale
	ref := m.child("scaleTargetRef")
	if ref == nil {
		r.fail(m.node, "spec.scaleTargetRef", "is missing")
	} else {
		o.Target = readTarget(ref)
		ref.ignore("envSourceContainerName")
		if ref.has("deploymentName") {
			r.fail(ref.items["deploymentName"], ref.field("deploymentName"), "was dropped with KEDA 2: write name")
		} else if o.Target.Name == "" {
			r.fail(ref.node, ref.field("name"), "is missing")
		}
		ref.done()
	}
	so.MinReplicas = m.int32("minReplicaCount", 0, maxInt32)
	so.MaxReplicas = m.int32("maxReplicaCount", 1, maxInt32)
	so.IdleReplicas = m.int32("idleReplicaCount", 0, maxInt32)
	if v := m.int("pollingInterval", 1, maxInt32); v != nil {
		so.PollingInterval = seconds(*v)
	}
	if v := m.int("cooldownPeriod", 0, maxInt32); v != nil {
		d := seconds(*v)
		so.Cooldown = &d
	}
	if v := m.int("initialCooldownPeriod", 0, maxInt32); v != nil {
		so.InitialCooldown = seconds(*v)
	}
	o.notes.pollingSet, o.notes.cooldownSet = m.has("pollingInterval"), m.has("cooldownPeriod")
	for _, key := range m.keys {
		o.notes.lines["spec."+key] = m.items[key].Line
	}
	r.fallback(m.child("fallback"), so)
	r.triggers(m, o, opts)
	r.advanced(m.child("advanced"), o)
}

func seconds(v int64) time.Duration { return time.Duration(v) * time.Second }

func (r *reader) fallback(m *mapping, so *scale.ScaledObject) {
	if m == nil {
		return
	}
	threshold, replicas := m.int32("failureThreshold", 0, maxInt32), m.int32("replicas", 0, maxInt32)
	behavior := m.enum("behavior", string(scale.FallbackStatic), string(scale.FallbackCurrentReplicas),
		string(scale.FallbackCurrentReplicasIfHigher), string(scale.FallbackCurrentReplicasIfLower),
		string(scale.FallbackScalingModifiers))
	m.done()
	if !m.has("failureThreshold") || !m.has("replicas") {
		r.fail(m.node, m.path, "needs failureThreshold and replicas")
	}
	if threshold == nil || replicas == nil {
		return
	}
	so.Fallback = &scale.Fallback{
		FailureThreshold: *threshold, Replicas: *replicas, Behavior: scale.FallbackBehavior(behavior),
	}
}

func (r *reader) advanced(m *mapping, o *Object) {
	if m == nil {
		return
	}
	o.RestoreReplicas = m.boolean("restoreToOriginalReplicaCount")
	if hpa := m.child("horizontalPodAutoscalerConfig"); hpa != nil {
		o.HPAName = hpa.text("name")
		o.Scale.Behavior = r.behavior(hpa.child("behavior"))
		hpa.done()
	}
	r.modifiers(m.child("scalingModifiers"), o)
	m.done()
}

// validate applies KEDA's admission rules, which look at several fields at once.
func (r *reader) validate(spec *mapping, o *Object) {
	so := &o.Scale
	if so.Min() > so.Max() {
		r.fail(spec.items["minReplicaCount"], "spec.minReplicaCount", "%d is above maxReplicaCount %d", so.Min(), so.Max())
	}
	if so.IdleReplicas != nil && *so.IdleReplicas >= so.Min() {
		r.fail(spec.items["idleReplicaCount"], "spec.idleReplicaCount",
			"%d has to be below minReplicaCount %d", *so.IdleReplicas, so.Min())
	}
	external := 0
	for i := range so.Triggers {
		if !so.Triggers[i].IsResource() {
			external++
		}
	}
	if external == 0 && so.Min() == 0 {
		r.fail(spec.node, "spec.minReplicaCount", "cpu and memory triggers alone cannot scale to zero: set it to at least 1")
	}
	if f := so.Fallback; f != nil {
		if external == 0 && so.Modifiers == nil {
			r.fail(spec.items["fallback"], "spec.fallback", "has no trigger to stand in for: cpu and memory have none")
		}
		if f.Behavior == scale.FallbackScalingModifiers && so.Modifiers == nil {
			r.fail(spec.items["fallback"], "spec.fallback.behavior", "scalingModifiers needs advanced.scalingModifiers.formula")
		}
	}
}
