package scale

import (
	"fmt"
	"time"
)

// PollAction says what a poll did.
type PollAction uint8

const (
	// PollNothing: the replicas stay.
	PollNothing PollAction = iota
	// PollActivated: from zero or idle to the minimum.
	PollActivated
	// PollDeactivated: to zero or idle.
	PollDeactivated
	// PollCooling: inactive, but the cooldown still runs.
	PollCooling
	// PollToMin: lifted to minReplicaCount.
	PollToMin
	// PollError: triggers failed, and nothing may be concluded.
	PollError
	// PollPaused: an annotation stops scaling, or puts the target at paused-replicas.
	PollPaused
	// PollRefused: the API server refused the new scale.
	PollRefused
)

// String is a short phrase for event timelines.
func (a PollAction) String() string {
	switch a {
	case PollNothing:
		return "no change"
	case PollActivated:
		return "activated"
	case PollDeactivated:
		return "deactivated"
	case PollCooling:
		return "cooling down"
	case PollToMin:
		return "lifted to minReplicaCount"
	case PollError:
		return "triggers failed"
	case PollPaused:
		return "paused"
	case PollRefused:
		return "the scale update was refused"
	default:
		return fmt.Sprintf("PollAction(%d)", uint8(a))
	}
}

// PollDecision is the outcome of one poll.
type PollDecision struct {
	Current, Desired int32
	// Active says that a trigger, its fallback or the annotation keeps the target alive.
	Active bool
	// ActiveTrigger is the first active trigger, CompositeTrigger for the formula, or NoTrigger.
	ActiveTrigger int
	// Err is the first trigger error.
	Err    error
	Action PollAction
}

// NoTrigger stands for no trigger at all.
const NoTrigger = -2

// Scaled says that the number of replicas changes.
func (d *PollDecision) Scaled() bool { return d.Desired != d.Current }

// String explains the decision in one line for event timelines.
func (d *PollDecision) String() string {
	if d.Scaled() {
		return fmt.Sprintf("%d → %d: %s by KEDA", d.Current, d.Desired, d.Action)
	}
	return fmt.Sprintf("%d held: %s by KEDA", d.Current, d.Action)
}

// Poll is one round of KEDA's loop. hpaActive is the HPA's ScalingActive. The caller applies Desired.
func (k *KEDA) Poll(now time.Time, w Workload, hpaActive bool, src Source) PollDecision {
	d := PollDecision{Current: w.SpecReplicas, Desired: w.SpecReplicas, ActiveTrigger: NoTrigger}
	if k.paused() {
		d.Action = PollPaused
		if k.so.Paused.Replicas != nil && !w.UpdateFails {
			d.Desired = *k.so.Paused.Replicas
		}
		return d
	}
	if !k.build(now, src) {
		d.Action, d.Err = PollError, errBuild
		return d
	}
	k.gather(now, w, hpaActive, src, &d)
	k.execute(now, w, &d)
	return d
}

// gather asks the triggers and settles whether the target is active.
func (k *KEDA) gather(now time.Time, w Workload, hpaActive bool, src Source, d *PollDecision) {
	records := make([]record, len(k.so.Triggers))
	resources := 0
	for i := range k.so.Triggers {
		t := &k.so.Triggers[i]
		if t.IsResource() {
			resources++
			continue
		}
		s := &k.state[i]
		if hpaActive && k.usesHPAObservations() && s.stored != nil {
			records[i] = *s.stored
		} else {
			records[i] = k.observe(now, i, w, src)
		}
		if t.UseCachedMetrics {
			s.stored = &records[i]
		}
		if err := records[i].err; err != nil {
			if d.Err == nil {
				d.Err = err
			}
		} else if (records[i].active || records[i].fallback) && !d.Active {
			d.Active, d.ActiveTrigger = true, i
		}
	}
	if d.Err != nil {
		k.built = false
	}
	if m := k.so.Modifiers; m != nil {
		d.Active, d.ActiveTrigger = false, NoTrigger
		if milli, ok := k.composite(records); ok && d.Err == nil && approximate(milli) > m.ActivationTarget {
			d.Active, d.ActiveTrigger = true, CompositeTrigger
		}
	}
	if len(k.so.Triggers) <= resources && d.Err == nil {
		d.Active = true
	}
}

// execute moves the target between zero or idle and the minimum; everything above is the HPA's.
func (k *KEDA) execute(now time.Time, w Workload, d *PollDecision) {
	failed, idle, minimum := d.Err != nil, k.so.IdleReplicas, k.so.Min()
	d.Active = d.Active || k.so.Paused.ForceActivation
	if d.Active {
		switch {
		case (idle != nil && d.Current < minimum) || d.Current == 0:
			k.activate(now, w, d)
		case failed:
			d.Action = PollError
		default:
			k.touch(now)
		}
		return
	}
	switch {
	case failed && (k.so.Fallback == nil || k.so.Fallback.Replicas != 0):
		d.Action = PollError
	case (idle != nil && d.Current > *idle) || (d.Current > 0 && minimum == 0):
		k.deactivate(now, w, d)
	case idle == nil && d.Current < minimum:
		d.set(minimum, PollToMin, w)
	case failed:
		d.Action = PollError
	}
}

func (k *KEDA) activate(now time.Time, w Workload, d *PollDecision) {
	if k.so.Paused.Out {
		d.Action = PollPaused
		return
	}
	if d.set(max(k.so.Min(), 1), PollActivated, w) {
		k.touch(now)
	}
}

func (k *KEDA) deactivate(now time.Time, w Workload, d *PollDecision) {
	if k.so.Paused.In {
		d.Action = PollPaused
		return
	}
	since, period := k.lastActive, k.so.CooldownPeriod()
	if since.IsZero() {
		since, period = k.created, k.so.InitialCooldown
	}
	if !since.Add(period).Before(now) {
		d.Action = PollCooling
		return
	}
	to := k.so.Min()
	if k.so.IdleReplicas != nil {
		to = *k.so.IdleReplicas
	}
	d.set(to, PollDeactivated, w)
}

// touch records the last active time, which the API server keeps in whole seconds.
func (k *KEDA) touch(now time.Time) { k.lastActive = now.Truncate(time.Second) }

func (d *PollDecision) set(replicas int32, action PollAction, w Workload) bool {
	if w.UpdateFails {
		d.Action = PollRefused
		return false
	}
	d.Desired, d.Action = replicas, action
	return true
}
