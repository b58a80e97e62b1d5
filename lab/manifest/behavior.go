package manifest

import (
	"go.yaml.in/yaml/v3"

	"kafka_burndown_exporter/internal/scale"
)

// behavior reads horizontalPodAutoscalerConfig.behavior with the bounds of the autoscaling/v2 API.
func (r *reader) behavior(m *mapping) *scale.Behavior {
	if m == nil {
		return nil
	}
	b := &scale.Behavior{Up: r.rules(m.child("scaleUp")), Down: r.rules(m.child("scaleDown"))}
	m.done()
	return b
}

func (r *reader) rules(m *mapping) *scale.Rules {
	if m == nil {
		return nil
	}
	rules := &scale.Rules{Select: scale.SelectPolicy(m.enum("selectPolicy", "Max", "Min", "Disabled"))}
	if v := m.int("stabilizationWindowSeconds", 0, 3600); v != nil {
		d := seconds(*v)
		rules.Window = &d
	}
	if n := m.get("tolerance"); n != nil {
		q, err := parseQuantity(n.Value)
		if n.Kind != yaml.ScalarNode || err != nil || q.Sign() < 0 {
			r.fail(n, m.field("tolerance"), "has to be a part of the target such as 0.05, not below 0")
		} else {
			f := q.AsApproximateFloat64()
			rules.Tolerance = &f
		}
	}
	for _, n := range m.list("policies") {
		if p := r.policy(n, m.field("policies")); p != nil {
			rules.Policies = append(rules.Policies, *p)
		}
	}
	if m.has("policies") && len(rules.Policies) == 0 && len(r.errs) == 0 {
		r.fail(m.node, m.field("policies"), "is empty: leave it out for the defaults")
	}
	m.done()
	return rules
}

func (r *reader) policy(n *yaml.Node, path string) *scale.Policy {
	m := r.mapping(n, path)
	if m == nil {
		return nil
	}
	kind := m.enum("type", string(scale.Pods), string(scale.Percent))
	value, period := m.int32("value", 1, maxInt32), m.int("periodSeconds", 1, 1800)
	m.done()
	if kind == "" || value == nil || period == nil {
		if !m.has("type") || !m.has("value") || !m.has("periodSeconds") {
			r.fail(m.node, path, "needs type, value and periodSeconds")
		}
		return nil
	}
	return &scale.Policy{Type: scale.PolicyType(kind), Value: *value, Period: seconds(*period)}
}
