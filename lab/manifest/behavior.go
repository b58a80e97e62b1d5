package manifest

import (
	"go.yaml.in/yaml/v3"

	"kafka_burndown_exporter/internal/scale"
	"kafka_burndown_exporter/lab/strictyaml"
)

// behavior reads horizontalPodAutoscalerConfig.behavior with the bounds of the autoscaling/v2 API.
func (r *reader) behavior(m *strictyaml.Mapping) *scale.Behavior {
	if m == nil {
		return nil
	}
	b := &scale.Behavior{Up: r.rules(m.Child("scaleUp")), Down: r.rules(m.Child("scaleDown"))}
	m.Done()
	return b
}

func (r *reader) rules(m *strictyaml.Mapping) *scale.Rules {
	if m == nil {
		return nil
	}
	rules := &scale.Rules{Select: scale.SelectPolicy(m.Enum("selectPolicy", "Max", "Min", "Disabled"))}
	if v := m.Int("stabilizationWindowSeconds", 0, 3600); v != nil {
		d := seconds(*v)
		rules.Window = &d
	}
	if n := m.Get("tolerance"); n != nil {
		q, err := parseQuantity(n.Value)
		if n.Kind != yaml.ScalarNode || err != nil || q.Sign() < 0 {
			m.Fail("tolerance", "has to be a part of the target such as 0.05, not below 0")
		} else {
			f := q.AsApproximateFloat64()
			rules.Tolerance = &f
		}
	}
	for _, c := range m.Children("policies") {
		if p := policy(c); p != nil {
			rules.Policies = append(rules.Policies, *p)
		}
	}
	if m.Has("policies") && len(rules.Policies) == 0 && len(r.Errs) == 0 {
		m.Fail("policies", "is empty: leave it out for the defaults")
	}
	m.Done()
	return rules
}

func policy(m *strictyaml.Mapping) *scale.Policy {
	kind := m.Enum("type", string(scale.Pods), string(scale.Percent))
	value, period := m.Int32("value", 1, maxInt32), m.Int("periodSeconds", 1, 1800)
	m.Done()
	if kind == "" || value == nil || period == nil {
		if !m.Has("type") || !m.Has("value") || !m.Has("periodSeconds") {
			m.Reader.Fail(m.Node, m.Path, "needs type, value and periodSeconds")
		}
		return nil
	}
	return &scale.Policy{Type: scale.PolicyType(kind), Value: *value, Period: seconds(*period)}
}
