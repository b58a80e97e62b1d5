package scale

import "time"

// Autoscaler runs KEDA and the HPA of one ScaledObject on their own clocks: polls from the creation on, reconciles
// one sync period after it (Kubernetes 1.37: at once). A plain HPA has no polls. It keeps time but no clock: the caller
// steps it at Next and applies the outcome.
type Autoscaler struct {
	keda     *KEDA
	hpa      *HPA
	nextPoll time.Time
	nextSync time.Time
	readings []Reading
}

// Outcome is what one step did. Poll and HPA are nil where that part was not due.
type Outcome struct {
	Replicas int32
	Poll     *PollDecision
	HPA      *Decision
}

// NewAutoscaler starts a ScaledObject at the time of its creation; controller nil is DefaultController.
func NewAutoscaler(so ScaledObject, created time.Time, controller *Controller) *Autoscaler {
	hpa := NewHPA(so.HPASpec(controller))
	a := &Autoscaler{keda: NewKEDA(so, created), hpa: hpa, nextPoll: created, nextSync: created}
	if !hpa.ctl.FirstSyncAtOnce {
		a.nextSync = created.Add(hpa.SyncPeriod())
	}
	return a
}

// KEDA gives KEDA's part.
func (a *Autoscaler) KEDA() *KEDA { return a.keda }

// HPA gives the HPA's part.
func (a *Autoscaler) HPA() *HPA { return a.hpa }

// Next is the time of the next poll or reconcile.
func (a *Autoscaler) Next() time.Time {
	if !a.keda.so.Plain && a.nextPoll.Before(a.nextSync) {
		return a.nextPoll
	}
	return a.nextSync
}

// Step runs what is due at now, a poll before a reconcile. The replicas of the outcome are the new
// scale.spec.replicas.
func (a *Autoscaler) Step(now time.Time, w Workload, src Source) Outcome {
	out := Outcome{Replicas: w.SpecReplicas}
	if !a.keda.so.Plain && !now.Before(a.nextPoll) {
		d := a.keda.Poll(now, w, a.hpa.ScalingActive(), src)
		out.Poll, out.Replicas = &d, d.Desired
		w.SpecReplicas = d.Desired
		a.nextPoll = following(a.nextPoll, now, a.keda.so.Polling())
	}
	if !now.Before(a.nextSync) {
		a.nextSync = following(a.nextSync, now, a.hpa.SyncPeriod())
		if a.keda.paused() {
			return out
		}
		d := a.reconcile(now, w, src)
		out.HPA, out.Replicas = &d, d.Desired
	}
	return out
}

func (a *Autoscaler) reconcile(now time.Time, w Workload, src Source) Decision {
	obs := Observation{
		SpecReplicas: w.SpecReplicas, StatusReplicas: w.StatusReplicas, ReadyReplicas: w.ReadyReplicas,
		Pods: w.Pods, UpdateFails: w.UpdateFails,
	}
	if a.hpa.WantsMetrics(w.SpecReplicas) {
		a.readings = a.keda.Metrics(now, w, src, a.readings[:0])
		obs.Metrics = a.readings
	}
	return a.hpa.Reconcile(now, obs)
}

// following is the first time after now on the grid of due and period.
func following(due, now time.Time, period time.Duration) time.Time {
	due = due.Add(period)
	for !due.After(now) {
		due = due.Add(period)
	}
	return due
}

// paused says that KEDA has deleted the HPA.
func (k *KEDA) paused() bool { return k.so.Paused.All || k.so.Paused.Replicas != nil }
