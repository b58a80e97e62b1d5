package manifest

import "kafka_burndown_exporter/internal/scale"

// Answer evaluates a prometheus trigger's query as scale.Source needs it. A trigger without a readable query
// answers nothing, as a Prometheus without the series does.
func (o *Object) Answer(trigger int, s Signals) scale.Answer {
	q := o.Queries[trigger]
	if q == nil {
		return scale.Answer{Empty: true}
	}
	v, ok := q.Eval(s)
	return scale.Answer{Value: v, Empty: !ok}
}
