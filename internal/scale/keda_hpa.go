package scale

import "slices"

// HPASpec is the HPA that KEDA writes for the ScaledObject, or the plain HPA itself. The controller may be nil for the
// defaults of the object's Kubernetes.
func (so *ScaledObject) HPASpec(controller *Controller) HPASpec {
	if controller == nil && so.Kubernetes != "" {
		c := so.Kubernetes.Controller()
		controller = &c
	}
	return HPASpec{
		MinReplicas: so.hpaMin(),
		ToZero:      so.Plain && so.MinReplicas != nil && *so.MinReplicas == 0,
		MaxReplicas: so.Max(),
		Metrics:     so.metricSpecs(),
		Behavior:    so.hpaBehavior(),
		Controller:  controller,
	}
}

func (so *ScaledObject) hpaMin() int32 {
	if so.Plain && so.MinReplicas != nil {
		return *so.MinReplicas
	}
	return max(so.Min(), 1)
}

// metricSpecs lists the metrics in KEDA's order: per container, external, per pod. With a formula, container
// metrics are dropped and the external ones become one.
func (so *ScaledObject) metricSpecs() []MetricSpec {
	var container, external, pod []MetricSpec
	for i := range so.Triggers {
		t := &so.Triggers[i]
		m := MetricSpec{Name: so.MetricName(i), Kind: t.Kind, Target: t.targetMilli(), Trigger: i}
		switch {
		case !t.IsResource():
			external = append(external, m)
			continue
		case t.Type == CPUTrigger:
			m.Resource = CPU
		default:
			m.Resource = Memory
		}
		if t.Resource.Container != "" {
			container = append(container, m)
		} else {
			pod = append(pod, m)
		}
	}
	if so.Modifiers == nil {
		return slices.Concat(container, external, pod)
	}
	return append(pod, MetricSpec{
		Name:    so.MetricName(CompositeTrigger),
		Kind:    so.Modifiers.Kind,
		Target:  toInt64(so.Modifiers.Target * 1000),
		Trigger: CompositeTrigger,
	})
}

// targetMilli is the HPA's target: thousandths, or percent for Utilization.
func (t *Trigger) targetMilli() int64 {
	switch t.Type {
	case KafkaTrigger, ApacheKafkaTrigger:
		return saturatingMul(t.Kafka.LagThreshold, 1000)
	case PrometheusTrigger:
		return Milli(t.Prometheus.Threshold)
	case MetricsAPITrigger:
		return Milli(t.MetricsAPI.Target)
	case CronTrigger:
		return 1000
	default:
		return t.Resource.Target
	}
}

// hpaBehavior adds the directions that annotations pause.
func (so *ScaledObject) hpaBehavior() *Behavior {
	if !so.Paused.In && !so.Paused.Out {
		return so.Behavior
	}
	var b Behavior
	if so.Behavior != nil {
		b = *so.Behavior
	}
	if so.Paused.In {
		b.Down = disabled(b.Down)
	}
	if so.Paused.Out {
		b.Up = disabled(b.Up)
	}
	return &b
}

func disabled(r *Rules) *Rules {
	var out Rules
	if r != nil {
		out = *r
	}
	out.Select = SelectDisabled
	return &out
}
