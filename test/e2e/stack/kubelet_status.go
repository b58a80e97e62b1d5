package stack

import (
	"context"
	"time"

	"kafka_burndown_exporter/test/e2e/kubeapi"
)

// readiness is a pod's Ready condition and when it last changed, and when the pod was first seen: as in a real status,
// neither moves when a container starts again.
type readiness struct {
	ready          bool
	changed, start time.Time
}

func (r *readiness) set(ready bool, now time.Time) {
	if r.start.IsZero() {
		r.start, r.changed = now, now
	}
	if r.ready != ready {
		r.ready, r.changed = ready, now
	}
}

// report tells the API server whether a pod is ready, and whether it was told.
func (k *Kubelet) report(ctx context.Context, p *pod, ready bool) bool {
	p.mu.Lock()
	p.readiness.set(ready, time.Now().UTC())
	is, restarts := p.readiness, p.restarts
	p.mu.Unlock()
	conditions := []any{}
	for i, kind := range []string{"PodScheduled", "Initialized", "ContainersReady", "Ready"} {
		status, changed := "True", is.start
		if i >= 2 {
			status, changed = map[bool]string{true: "True", false: "False"}[ready], is.changed
		}
		conditions = append(conditions, kubeapi.Object{"type": kind, "status": status, "lastTransitionTime": changed.Format(time.RFC3339)})
	}
	_, err := k.s.API.Merge(ctx, podPath(p.namespace, p.name)+"/status", kubeapi.Object{"status": kubeapi.Object{
		"phase": "Running", "startTime": is.start.Format(time.RFC3339), "conditions": conditions,
		"containerStatuses": []any{kubeapi.Object{
			"name": p.container, "ready": ready, "started": ready, "restartCount": restarts, "image": "none", "imageID": "none",
			"state": kubeapi.Object{"running": kubeapi.Object{"startedAt": is.start.Format(time.RFC3339)}},
		}},
	}})
	k.complain(ctx, p.name, err)
	return err == nil
}
