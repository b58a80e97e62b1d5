package scale

import "time"

// compositeMetric answers the HPA for the formula: every external trigger is asked.
func (k *KEDA) compositeMetric(now time.Time, w Workload, src Source) Reading {
	records := make([]record, len(k.so.Triggers))
	var firstErr error
	for i := range k.so.Triggers {
		if k.so.Triggers[i].IsResource() {
			continue
		}
		records[i] = k.observeForHPA(now, i, w, src)
		if err := records[i].err; err != nil && firstErr == nil {
			firstErr = err
		}
	}
	if firstErr != nil {
		k.built = false
	}
	if firstErr != nil && !anyFallback(records) {
		return Reading{Err: firstErr}
	}
	milli, ok := k.composite(records)
	if !ok {
		return Reading{Err: errComposite}
	}
	return Reading{Milli: milli}
}

func anyFallback(records []record) bool {
	for i := range records {
		if records[i].fallback {
			return true
		}
	}
	return false
}

// composite evaluates the formula; a fallback of any trigger stands for the whole.
func (k *KEDA) composite(records []record) (int64, bool) {
	values := make(map[string]any, len(records))
	for i := range records {
		t := &k.so.Triggers[i]
		if records[i].fallback {
			return records[i].milli, true
		}
		if t.IsResource() || records[i].err != nil {
			continue
		}
		values[t.Name] = k.formulaValue(i, records[i].milli)
	}
	m := k.so.Modifiers
	v, isNil, err := m.Formula(values)
	if err != nil || (isNil && k.so.Fallback == nil) {
		return 0, false
	}
	if isNil {
		v = float64(k.so.Fallback.Replicas) * m.Target
	}
	return toInt64(v * 1000), true
}

func (k *KEDA) formulaValue(trigger int, milli int64) any {
	f := k.so.Fallback
	if f != nil && f.Behavior == FallbackScalingModifiers && k.state[trigger].failures > f.FailureThreshold {
		return nil
	}
	return approximate(milli)
}
