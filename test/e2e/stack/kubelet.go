package stack

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"kafka_burndown_exporter/test/e2e/kubeapi"
	"kafka_burndown_exporter/test/e2e/proc"
)

// Kubelet stands in for scheduler and kubelet: it binds pods to one node, runs the first container's command as a real
// process, reports the pod ready while READY_FILE, which the process writes and may take away, is there, starts it again
// when it ends, and stops it when the pod goes.
type Kubelet struct {
	s    *Stack
	mu   sync.Mutex
	pods map[string]*pod // by UID
}

type pod struct {
	namespace, name string
	labels          kubeapi.Object
	container       string
	cancel          context.CancelFunc
	done            chan struct{}

	mu        sync.Mutex
	process   *proc.Process
	restarts  int
	readiness readiness
	cpu       usage
}

func (s *Stack) kubelet(ctx context.Context) error {
	s.Kubelet = &Kubelet{s: s, pods: map[string]*pod{}}
	node := kubeapi.Object{"apiVersion": "v1", "kind": "Node", "metadata": kubeapi.Object{"name": "loopback"}}
	if _, err := s.API.Apply(ctx, "/api/v1/nodes/loopback", node); err != nil {
		return err
	}
	if _, err := s.API.Apply(ctx, "/api/v1/namespaces/default", kubeapi.Object{
		"apiVersion": "v1", "kind": "Namespace", "metadata": kubeapi.Object{"name": "default"},
	}); err != nil {
		return err
	}
	go func() {
		for ctx.Err() == nil {
			_ = s.API.Watch(ctx, "/api/v1/pods", nil, func(e kubeapi.Event) { s.Kubelet.tend(ctx, e) })
			time.Sleep(100 * time.Millisecond)
		}
	}()
	return nil
}

func podPath(namespace, name string) string {
	return "/api/v1/namespaces/" + namespace + "/pods/" + name
}

// tend brings one pod a step further. It must not block: it is called for every event in turn.
func (k *Kubelet) tend(ctx context.Context, e kubeapi.Event) {
	uid := kubeapi.String(e.Object, "metadata", "uid")
	namespace, name := kubeapi.String(e.Object, "metadata", "namespace"), kubeapi.String(e.Object, "metadata", "name")
	k.mu.Lock()
	defer k.mu.Unlock()
	running := k.pods[uid]
	switch {
	case e.Type == "DELETED" || kubeapi.String(e.Object, "metadata", "deletionTimestamp") != "":
		if running != nil {
			delete(k.pods, uid)
			running.cancel()
		}
		go k.remove(ctx, namespace, name, running)
	case kubeapi.String(e.Object, "spec", "nodeName") == "":
		_, err := k.s.API.Create(ctx, podPath(namespace, name)+"/binding", kubeapi.Object{
			"apiVersion": "v1", "kind": "Binding", "metadata": kubeapi.Object{"name": name},
			"target": kubeapi.Object{"kind": "Node", "name": "loopback"},
		})
		k.complain(ctx, name, err)
	case running == nil && k.runs(e.Object):
		podCtx, cancel := context.WithCancel(ctx)
		labels, _ := kubeapi.Nested(e.Object, "metadata", "labels").(kubeapi.Object)
		p := &pod{namespace: namespace, name: name, labels: labels, cancel: cancel, done: make(chan struct{})}
		k.pods[uid] = p
		go k.run(podCtx, p, kubeapi.List(e.Object, "spec", "containers")[0])
	}
}

// runs says whether a pod is one of the tests' own; any other stays as it is, bound and never started.
func (k *Kubelet) runs(object kubeapi.Object) bool {
	command, _ := kubeapi.List(object, "spec", "containers")[0]["command"].([]any)
	return len(command) == 1 && k.s.cfg.Commands[fmt.Sprint(command[0])] != ""
}

// remove ends a pod's process and then the pod itself.
func (k *Kubelet) remove(ctx context.Context, namespace, name string, p *pod) {
	if p != nil {
		<-p.done
	}
	k.complain(ctx, name, k.s.API.Delete(ctx, podPath(namespace, name)))
}

// run keeps the pod's process going until ctx ends.
func (k *Kubelet) run(ctx context.Context, p *pod, container kubeapi.Object) {
	defer close(p.done)
	ready := filepath.Join(k.s.cfg.Dir, p.name+".ready")
	spec := k.command(p, container, ready)
	p.container = kubeapi.String(container, "name")
	for ctx.Err() == nil {
		_ = os.Remove(ready)
		k.report(ctx, p, false)
		process, err := k.s.Procs.Start(spec)
		if err != nil {
			k.complain(ctx, p.name, err)
			return
		}
		p.mu.Lock()
		p.process, p.cpu = process, usage{}
		p.mu.Unlock()
		k.watch(ctx, p, process, ready)
		p.mu.Lock()
		p.restarts++
		p.mu.Unlock()
	}
}

// watch reports whether the pod is ready whenever that changes, and returns when its process has ended; it ends it when
// ctx does.
func (k *Kubelet) watch(ctx context.Context, p *pod, process *proc.Process, file string) {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for ready := false; ; {
		select {
		case <-ctx.Done():
			process.Stop(10 * time.Second)
			return
		case <-process.Done():
			k.report(ctx, p, false)
			select { // back off, as a kubelet does
			case <-ctx.Done():
			case <-time.After(time.Second):
			}
			return
		case <-tick.C:
			if _, err := os.Stat(file); (err == nil) != ready && k.report(ctx, p, !ready) {
				ready = !ready
			}
		}
	}
}

func (k *Kubelet) command(p *pod, container kubeapi.Object, ready string) proc.Spec {
	command, _ := container["command"].([]any)
	spec := proc.Spec{Name: p.name, Bin: k.s.cfg.Commands[fmt.Sprint(command[0])], Env: []string{"READY_FILE=" + ready}}
	args, _ := container["args"].([]any)
	for _, a := range args {
		spec.Args = append(spec.Args, fmt.Sprint(a))
	}
	for _, e := range kubeapi.List(container, "env") {
		spec.Env = append(spec.Env, kubeapi.String(e, "name")+"="+kubeapi.String(e, "value"))
	}
	return spec
}

func (k *Kubelet) complain(ctx context.Context, name string, err error) {
	if err != nil && ctx.Err() == nil && !kubeapi.IsNotFound(err) && !kubeapi.IsConflict(err) {
		k.s.cfg.Log("kubelet: %s: %v", name, err)
	}
}

// Processes returns the living processes of a namespace's pods that carry a label.
func (k *Kubelet) Processes(namespace, label, value string) []*proc.Process {
	k.mu.Lock()
	defer k.mu.Unlock()
	var out []*proc.Process
	for _, p := range k.pods {
		p.mu.Lock()
		if p.process != nil && p.namespace == namespace && p.labels[label] == value {
			out = append(out, p.process)
		}
		p.mu.Unlock()
	}
	return out
}
