package manifest

import (
	"math"
	"regexp"
	"strconv"
	"time"

	"kafka_burndown_exporter/internal/scale"
	"kafka_burndown_exporter/lab/strictyaml"
)

const maxInt32 = math.MaxInt32

// scaledObject reads one ScaledObject; faults are collected in the reader.
func (r *reader) scaledObject(m *strictyaml.Mapping, opts Options) *Object {
	o := &Object{Kind: KindScaledObject, File: r.File, Line: m.Node.Line}
	o.notes.lines = map[string]int{}
	meta := m.Child("metadata")
	o.Namespace, o.Name = meta.Text("namespace"), meta.Text("name")
	r.Object = "ScaledObject " + o.String()
	if o.Name == "" {
		r.Object = "ScaledObject"
		r.Fail(m.Node, "metadata.name", "is missing")
	}
	r.objectName(meta, o.Name, maxLabel)
	o.Scale.Namespace, o.Scale.Name = o.Namespace, o.Name
	r.annotations(meta.Child("annotations"), o)
	m.Allow("apiVersion", "kind", "status")
	spec := m.Child("spec")
	m.Done()
	if spec == nil {
		m.Fail("spec", "is missing")
		return o
	}
	r.spec(spec, o, opts)
	spec.Done()
	if hpa := o.hpaName(); len(hpa) > maxLabel && len(o.Name) <= maxLabel {
		meta.Fail("name", "the HPA would be called %s, which is %d characters: a name has at most %d; shorten it, or set "+
			"advanced.horizontalPodAutoscalerConfig.name", hpa, len(hpa), maxLabel)
	}
	if len(r.Errs) == 0 {
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
func (r *reader) objectName(meta *strictyaml.Mapping, name string, most int) {
	switch {
	case name == "":
	case len(name) > most:
		meta.Fail("name", "has %d characters: at most %d are allowed", len(name), most)
	case !objectName.MatchString(name):
		meta.Fail("name", "%q is not a name: lower-case letters, digits, - and . only", name)
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
func boolAnnotation(m *strictyaml.Mapping, key string) bool {
	if m == nil || m.Items[key] == nil {
		return false
	}
	v, err := strconv.ParseBool(m.Text(key))
	return err != nil || v
}

func (r *reader) annotations(m *strictyaml.Mapping, o *Object) {
	if m == nil {
		return
	}
	p := &o.Scale.Paused
	p.All = boolAnnotation(m, "autoscaling.keda.sh/paused")
	p.In = boolAnnotation(m, "autoscaling.keda.sh/paused-scale-in")
	p.Out = boolAnnotation(m, "autoscaling.keda.sh/paused-scale-out")
	p.ForceActivation = boolAnnotation(m, "autoscaling.keda.sh/force-activation")
	o.notes.transferOwnership = m.Text("scaledobject.keda.sh/transfer-hpa-ownership") == "true"
	key := "autoscaling.keda.sh/paused-replicas"
	if n := m.Items[key]; n != nil {
		v, err := strconv.ParseInt(m.Text(key), 10, 32)
		if err != nil || v < 0 {
			m.Fail(key, "%q is not a number of replicas", n.Value)
			return
		}
		small := int32(v)
		p.Replicas = &small
	}
}

func (r *reader) spec(m *strictyaml.Mapping, o *Object, opts Options) {
	so := &o.Scale
	ref := m.Child("scaleTargetRef")
	if ref == nil {
		r.Fail(m.Node, "spec.scaleTargetRef", "is missing")
	} else {
		o.Target = readTarget(ref)
		ref.Allow("envSourceContainerName")
		if ref.Has("deploymentName") {
			ref.Fail("deploymentName", "was dropped with KEDA 2: write name")
		} else if o.Target.Name == "" {
			ref.Fail("name", "is missing")
		}
		ref.Done()
	}
	so.MinReplicas = m.Int32("minReplicaCount", 0, maxInt32)
	so.MaxReplicas = m.Int32("maxReplicaCount", 1, maxInt32)
	so.IdleReplicas = m.Int32("idleReplicaCount", 0, maxInt32)
	if v := m.Int("pollingInterval", 1, maxInt32); v != nil {
		so.PollingInterval = seconds(*v)
	}
	if v := m.Int("cooldownPeriod", 0, maxInt32); v != nil {
		d := seconds(*v)
		so.Cooldown = &d
	}
	if v := m.Int("initialCooldownPeriod", 0, maxInt32); v != nil {
		so.InitialCooldown = seconds(*v)
	}
	o.notes.pollingSet, o.notes.cooldownSet = m.Has("pollingInterval"), m.Has("cooldownPeriod")
	o.notes.fields(m)
	r.fallback(m.Child("fallback"), so)
	r.triggers(m, o, opts)
	r.advanced(m.Child("advanced"), o)
}

func seconds(v int64) time.Duration { return time.Duration(v) * time.Second }

func (r *reader) fallback(m *strictyaml.Mapping, so *scale.ScaledObject) {
	if m == nil {
		return
	}
	threshold, replicas := m.Int32("failureThreshold", 0, maxInt32), m.Int32("replicas", 0, maxInt32)
	behavior := m.Enum("behavior", string(scale.FallbackStatic), string(scale.FallbackCurrentReplicas),
		string(scale.FallbackCurrentReplicasIfHigher), string(scale.FallbackCurrentReplicasIfLower),
		string(scale.FallbackScalingModifiers))
	m.Done()
	if !m.Has("failureThreshold") || !m.Has("replicas") {
		r.Fail(m.Node, m.Path, "needs failureThreshold and replicas")
	}
	if threshold == nil || replicas == nil {
		return
	}
	so.Fallback = &scale.Fallback{
		FailureThreshold: *threshold, Replicas: *replicas, Behavior: scale.FallbackBehavior(behavior),
	}
}

func (r *reader) advanced(m *strictyaml.Mapping, o *Object) {
	if m == nil {
		return
	}
	o.RestoreReplicas = m.Bool("restoreToOriginalReplicaCount")
	if hpa := m.Child("horizontalPodAutoscalerConfig"); hpa != nil {
		o.HPAName = hpa.Text("name")
		o.Scale.Behavior = r.behavior(hpa.Child("behavior"))
		hpa.Done()
	}
	r.modifiers(m.Child("scalingModifiers"), o)
	m.Done()
}

// validate applies KEDA's admission rules, which look at several fields at once.
func (r *reader) validate(spec *strictyaml.Mapping, o *Object) {
	so := &o.Scale
	if so.Min() > so.Max() {
		spec.Fail("minReplicaCount", "%d is above maxReplicaCount %d", so.Min(), so.Max())
	}
	if so.IdleReplicas != nil && *so.IdleReplicas >= so.Min() {
		spec.Fail("idleReplicaCount",
			"%d has to be below minReplicaCount %d", *so.IdleReplicas, so.Min())
	}
	external := 0
	for i := range so.Triggers {
		if !so.Triggers[i].IsResource() {
			external++
		}
	}
	if external == 0 && so.Min() == 0 {
		spec.Fail("minReplicaCount", "cpu and memory triggers alone cannot scale to zero: set it to at least 1")
	}
	if f := so.Fallback; f != nil {
		if external == 0 && so.Modifiers == nil {
			spec.Fail("fallback", "has no trigger to stand in for: cpu and memory have none")
		}
		if f.Behavior == scale.FallbackScalingModifiers && so.Modifiers == nil {
			r.Fail(spec.Items["fallback"], "spec.fallback.behavior", "scalingModifiers needs advanced.scalingModifiers.formula")
		}
	}
}
