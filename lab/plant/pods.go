package plant

import (
	"time"

	"kafka_burndown_exporter/internal/scale"
)

// pod is a replica. Steps are those at which it joins its group and becomes Ready.
type pod struct {
	created, joins, ready int
	speed                 float64 // factor of the capacity
	members               []*member
	// usage is the CPU of the last whole metrics window in percent of the request.
	usage      float64
	measuredAt int // 0: never
}

// metricsWindow is the distance of the metrics server's samples.
const metricsWindow = 15 * time.Second

// ScaleTo creates or removes pods until there are n.
func (g *Group) ScaleTo(step, n int) {
	g.spec = n
	for len(g.pods) < n {
		g.pods = append(g.pods, g.newPod(step))
	}
	for len(g.pods) > n {
		g.removePod(step)
	}
}

func (g *Group) newPod(step int) *pod {
	p := &pod{created: step, speed: g.nextSpeed()}
	p.joins = step + g.clock.steps(g.Service.StartDelay)
	p.ready = p.joins + g.clock.steps(g.Service.ReadyDelay)
	return p
}

// nextSpeed is that of the next pod to be created.
func (g *Group) nextSpeed() float64 {
	if g.speed == nil {
		return 1
	}
	g.born++
	return g.speed(g.born - 1)
}

// removePod stops a pod as a ReplicaSet chooses it: one that is not Ready first, then the newest. It leaves gracefully.
func (g *Group) removePod(step int) {
	victim := len(g.pods) - 1
	for i := len(g.pods) - 1; i >= 0; i-- {
		if step < g.pods[i].ready {
			victim = i
			break
		}
	}
	p := g.pods[victim]
	g.pods = append(g.pods[:victim], g.pods[victim+1:]...)
	if len(p.members) > 0 {
		for _, m := range p.members {
			g.leave(m)
		}
		g.rebalance(step)
	}
}

// leave takes a member out; its partitions are committed first, unless it is dead.
func (g *Group) leave(m *member) {
	if g.Service.IsShare() {
		g.release(m)
	} else {
		for _, p := range m.parts {
			g.commitPartition(p)
			p.owner = nil
		}
	}
	for i := range g.members {
		if g.members[i] == m {
			g.members = append(g.members[:i], g.members[i+1:]...)
			break
		}
	}
}

// crash kills the oldest Ready pods. The kubelet restarts them in place, the group notices when the session times out.
func (g *Group) crash(step, count int) {
	for _, p := range g.pods {
		if count == 0 {
			return
		}
		if len(p.members) == 0 {
			continue
		}
		for _, m := range p.members {
			m.dead, m.pod = true, nil
			m.leaves = step + g.clock.steps(g.Service.SessionTimeout)
			if g.Service.IsShare() {
				g.release(m)
			}
		}
		fresh := g.newPod(step)
		fresh.created, fresh.speed = p.created, p.speed
		*p = *fresh
		count--
	}
}

// tick starts pods, removes dead members and rebalances where the membership changed.
func (g *Group) tick(step int) {
	changed := false
	for i := 0; i < len(g.members); i++ {
		if m := g.members[i]; m.dead && step >= m.leaves {
			g.leave(m)
			changed = true
			i--
		}
	}
	for _, p := range g.pods {
		if len(p.members) > 0 || step < p.joins {
			continue
		}
		for range g.Service.MembersPerPod() {
			m := &member{pod: p, commits: step + 1 + len(g.members)%g.clock.steps(g.Service.CommitInterval),
				starts: step + g.clock.steps(g.Service.Rebalance.Pause)}
			p.members, g.members = append(p.members, m), append(g.members, m)
		}
		changed = true
	}
	if changed {
		g.rebalance(step)
	}
}

// Ready is how many pods are Ready at a step.
func (g *Group) Ready(step int) int {
	n := 0
	for _, p := range g.pods {
		if step >= p.ready {
			n++
		}
	}
	return n
}

// measure feeds the metrics server.
func (g *Group) measure(step int) {
	for _, m := range g.members {
		m.used += m.busy
	}
	window := g.clock.steps(metricsWindow)
	if (step+1)%window != 0 {
		return
	}
	res := &g.Service.Resources
	for _, p := range g.pods {
		if len(p.members) == 0 {
			continue
		}
		used := 0.0
		for _, m := range p.members {
			used += m.used / float64(len(p.members))
			m.used = 0
		}
		p.usage = res.CPUIdle + (res.CPUBusy-res.CPUIdle)*min(1, used/float64(window))
		if step-p.joins >= window {
			p.measuredAt = step + 1
		}
	}
}

// Workload is the Deployment as KEDA and the HPA see it. Pods are appended to buf.
func (g *Group) Workload(step int, at func(int) time.Time, withPods bool, buf []scale.Pod) scale.Workload {
	w := scale.Workload{SpecReplicas: int32(g.spec), StatusReplicas: int32(len(g.pods)), ReadyReplicas: int32(g.Ready(step))}
	if !withPods {
		return w
	}
	for _, p := range g.pods {
		out := scale.Pod{Phase: scale.PodPending, ReadyChanged: at(p.created)}
		if step >= p.joins {
			out.Phase, out.Started = scale.PodRunning, at(p.joins)
			out.ReadyChanged = out.Started
		}
		if step >= p.ready {
			out.Ready, out.ReadyChanged = true, at(p.ready)
		}
		out.CPU = scale.PodUsage{RequestMilli: 1000, Measured: p.measuredAt > 0, UsageMilli: int64(p.usage * 10),
			At: at(p.measuredAt), Window: metricsWindow}
		out.Memory = scale.PodUsage{RequestMilli: 1000, Measured: p.measuredAt > 0,
			UsageMilli: int64(g.Service.Resources.Memory * 10), At: at(p.measuredAt), Window: metricsWindow}
		buf = append(buf, out)
	}
	w.Pods = buf
	return w
}
