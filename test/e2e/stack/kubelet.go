package stack

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
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
	// asked are the UIDs of pods whose binding or removal is under way: an event may come twice.
	asked map[string]bool
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
	s.Kubelet = &Kubelet{s: s, pods: map[string]*pod{}, asked: map[string]bool{}}
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
			if err := s.Kubelet.follow(ctx); ctx.Err() == nil {
				s.cfg.Log("kubelet: reads the pods anew: %v", err)
			}
			time.Sleep(100 * time.Millisecond)
		}
	}()
	return nil
}

// follow reads all pods and then every change, until the connection ends. What went while there was none is dropped.
func (k *Kubelet) follow(ctx context.Context) error {
	list, err := k.s.API.Get(ctx, "/api/v1/pods")
	if err != nil {
		return err
	}
	there := map[string]bool{}
	for _, object := range kubeapi.List(list, "items") {
		there[kubeapi.String(object, "metadata", "uid")] = true
		k.tend(ctx, kubeapi.Event{Type: "ADDED", Object: object})
	}
	k.mu.Lock()
	for uid, p := range k.pods {
		if !there[uid] {
			delete(k.pods, uid)
			p.cancel()
		}
	}
	k.mu.Unlock()
	since := url.Values{"resourceVersion": {kubeapi.String(list, "metadata", "resourceVersion")}}
	return k.s.API.Watch(ctx, "/api/v1/pods", since, func(e kubeapi.Event) { k.tend(ctx, e) })
}

func podPath(namespace, name string) string {
	return "/api/v1/namespaces/" + namespace + "/pods/" + name
}

// tend brings one pod a step further. It never waits: it is called for every event in turn, and holds what the metrics
// API and the tests ask for.
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
		k.once(ctx, "remove "+uid, name, func() error {
			if running != nil {
				<-running.done
			}
			return k.s.API.Delete(ctx, podPath(namespace, name))
		})
	case kubeapi.String(e.Object, "spec", "nodeName") == "":
		k.once(ctx, "bind "+uid, name, func() error { return k.bind(ctx, namespace, name) })
	case running == nil && k.runs(e.Object):
		podCtx, cancel := context.WithCancel(ctx)
		labels, _ := kubeapi.Nested(e.Object, "metadata", "labels").(kubeapi.Object)
		container := kubeapi.List(e.Object, "spec", "containers")[0]
		p := &pod{namespace: namespace, name: name, labels: labels, container: kubeapi.String(container, "name"),
			cancel: cancel, done: make(chan struct{})}
		k.pods[uid] = p
		go k.run(podCtx, p, container)
	}
}

// once calls do beside everything else until it works, unless that is under way already; k.mu is held.
func (k *Kubelet) once(ctx context.Context, what, name string, do func() error) {
	if k.asked[what] {
		return
	}
	k.asked[what] = true
	go func() {
		wait := 100 * time.Millisecond
		for err := do(); err != nil && ctx.Err() == nil; err = do() {
			k.complain(ctx, name, err)
			select {
			case <-ctx.Done():
			case <-time.After(wait):
			}
			wait = min(2*wait, 5*time.Second)
		}
		k.mu.Lock()
		delete(k.asked, what)
		k.mu.Unlock()
	}()
}

// bind gives a pod its node. One that has gone, is going, or has a node already needs none.
func (k *Kubelet) bind(ctx context.Context, namespace, name string) error {
	_, err := k.s.API.Create(ctx, podPath(namespace, name)+"/binding", kubeapi.Object{
		"apiVersion": "v1", "kind": "Binding", "metadata": kubeapi.Object{"name": name},
		"target": kubeapi.Object{"kind": "Node", "name": "loopback"},
	})
	if kubeapi.IsNotFound(err) || kubeapi.IsConflict(err) {
		return nil
	}
	return err
}

// runs says whether a pod is one of the tests' own; any other stays as it is, bound and never started.
func (k *Kubelet) runs(object kubeapi.Object) bool {
	command, _ := kubeapi.List(object, "spec", "containers")[0]["command"].([]any)
	return len(command) == 1 && k.s.cfg.Commands[fmt.Sprint(command[0])] != ""
}

// run keeps the pod's process going until ctx ends.
func (k *Kubelet) run(ctx context.Context, p *pod, container kubeapi.Object) {
	defer close(p.done)
	ready := filepath.Join(k.s.cfg.Dir, p.name+".ready")
	spec := k.command(p, container, ready)
	for ctx.Err() == nil {
		_ = os.Remove(ready)
		told := k.report(ctx, p, false)
		process, err := k.s.Procs.Start(spec)
		if err != nil {
			k.complain(ctx, p.name, err)
			return
		}
		p.mu.Lock()
		p.process, p.cpu = process, usage{}
		p.mu.Unlock()
		k.watch(ctx, p, process, ready, told)
		p.mu.Lock()
		p.restarts++
		p.mu.Unlock()
	}
}

// watch reports whether the pod is ready whenever that changes, again where the API server was not told, and returns when
// its process has ended; it ends it when ctx does. told says whether the API server knows that it is not ready yet.
func (k *Kubelet) watch(ctx context.Context, p *pod, process *proc.Process, file string, told bool) {
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
			if _, err := os.Stat(file); (err == nil) != ready || !told {
				ready = err == nil
				told = k.report(ctx, p, ready)
			}
		}
	}
}

func (k *Kubelet) command(p *pod, container kubeapi.Object, ready string) proc.Spec {
	command, _ := container["command"].([]any)
	spec := proc.Spec{Name: p.name, Bin: k.s.cfg.Commands[fmt.Sprint(command[0])], Env: []string{"READY_FILE=" + ready, "POD_NAME=" + p.name}}
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

// Processes returns the living processes of a namespace's pods that carry a label, by the pods' names.
func (k *Kubelet) Processes(namespace, label, value string) []*proc.Process {
	k.mu.Lock()
	defer k.mu.Unlock()
	var out []*proc.Process
	for _, p := range k.pods {
		p.mu.Lock()
		if p.process != nil && p.process.Living() && p.namespace == namespace && p.labels[label] == value {
			out = append(out, p.process)
		}
		p.mu.Unlock()
	}
	slices.SortFunc(out, func(a, b *proc.Process) int { return strings.Compare(a.Name, b.Name) })
	return out
}
