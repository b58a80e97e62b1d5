package hpatraces

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	autoscalingv1 "k8s.io/api/autoscaling/v1"
	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// plant is what the controller sees of the world: the scale, the pods, the metrics. It changes at random at every
// reconcile, and records.
type plant struct {
	mu      sync.Mutex
	random  *rand.Rand
	c       *Case
	spec    int32
	status  int32
	started time.Time
	pods    []*v1.Pod
	usage   map[string]Pod
	load    float64
}

// begin starts a step: the world moves on, then the controller looks.
func (p *plant) begin() *autoscalingv1.Scale {
	p.mu.Lock()
	defer p.mu.Unlock()
	r := p.random
	switch {
	case r.IntN(10) < 6: // the pods have followed
		p.status = p.spec
	case r.IntN(2) == 0: // some of them
		p.status += int32(float64(p.spec-p.status) * r.Float64())
	default: // a rollout has more of them
		p.status = p.spec + int32(r.IntN(3))
	}
	p.load *= 0.7 + 0.65*r.Float64()
	if r.IntN(25) == 0 {
		p.load = 20 + 4000*r.Float64()
	}
	step := Step{T: time.Since(p.started).Milliseconds(), Spec: p.spec, Status: p.status, New: p.spec}
	p.makePods(&step)
	for _, m := range p.c.Metrics {
		var v *int64
		if m.Resource == "" && r.IntN(20) > 0 {
			value := int64(p.load * 1000 * (0.5 + r.Float64()))
			v = &value
			if p.c.Min == 0 && r.IntN(3) > 0 {
				value = 0
			}
		}
		if m.Resource != "" {
			value := int64(0)
			if v = &value; r.IntN(20) == 0 {
				v = nil
			}
		}
		step.V = append(step.V, v)
	}
	p.c.Trace = append(p.c.Trace, step)
	return &autoscalingv1.Scale{
		ObjectMeta: metav1.ObjectMeta{Name: "app", Namespace: "default"},
		Spec:       autoscalingv1.ScaleSpec{Replicas: p.spec},
		Status:     autoscalingv1.ScaleStatus{Replicas: p.status, Selector: "app=app"},
	}
}

// set is what the controller asks for.
func (p *plant) set(replicas int32) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.spec = replicas
	p.c.Trace[len(p.c.Trace)-1].New = replicas
}

func (p *plant) makePods(step *Step) {
	p.pods, p.usage = nil, map[string]Pod{}
	now := time.Now()
	resources := false
	for _, m := range p.c.Metrics {
		resources = resources || m.Resource != ""
	}
	for i := range p.status {
		pod, seen := p.makePod(fmt.Sprintf("app-%d", i), now)
		if seen.Phase == string(v1.PodRunning) && seen.Ready {
			step.Ready++
		}
		if resources {
			step.Pods = append(step.Pods, seen)
		}
		p.pods = append(p.pods, pod)
		p.usage[pod.Name] = seen
	}
}

// makePod invents a pod. Times are whole seconds, as the API server keeps them.
func (p *plant) makePod(name string, now time.Time) (*v1.Pod, Pod) {
	r := p.random
	begun := now.Add(-time.Duration(r.IntN(900)) * time.Second).Truncate(time.Second)
	turned := begun.Add(time.Duration(r.IntN(int(now.Sub(begun)/time.Second)+1)) * time.Second)
	window := time.Duration(15+15*r.IntN(3)) * time.Second
	seen := Pod{
		Phase: string(v1.PodRunning), Ready: r.IntN(8) > 0, Request: int64(100 + 100*r.IntN(5)),
		Started: begun.UnixMilli(), ReadyAt: turned.UnixMilli(), Window: window.Milliseconds(),
		Measured: r.IntN(10) > 0, Usage: int64(r.IntN(600)), At: now.Add(-time.Duration(r.IntN(60)) * time.Second).UnixMilli(),
	}
	if n := r.IntN(30); n < 2 {
		seen.Phase = []string{string(v1.PodPending), string(v1.PodFailed)}[n]
		seen.Ready = false
	}
	condition := v1.ConditionFalse
	if seen.Ready {
		condition = v1.ConditionTrue
	}
	started := metav1.NewTime(begun)
	pod := &v1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "default", Labels: map[string]string{"app": "app"}},
		Spec: v1.PodSpec{Containers: []v1.Container{{Name: "c", Resources: v1.ResourceRequirements{
			Requests: v1.ResourceList{v1.ResourceCPU: *resource.NewMilliQuantity(seen.Request, resource.DecimalSI)},
		}}}},
		Status: v1.PodStatus{Phase: v1.PodPhase(seen.Phase), StartTime: &started, Conditions: []v1.PodCondition{{
			Type: v1.PodReady, Status: condition, LastTransitionTime: metav1.NewTime(turned),
		}}},
	}
	if r.IntN(40) == 0 {
		deleted := metav1.NewTime(now)
		pod.DeletionTimestamp, seen.Deleting = &deleted, true
	}
	return pod, seen
}
