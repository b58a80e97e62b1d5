package manifest

import (
	"kafka_burndown_exporter/internal/scale"
)

// Workload is a Deployment or StatefulSet found beside the ScaledObjects.
type Workload struct {
	File       string
	Line       int
	Namespace  string
	Target     Target
	Containers []Container
	// PodRequests are requests of the pod as a whole.
	PodRequests map[string]bool
}

// Container holds the resources a container has a request or a limit for; the API server takes a limit for a request.
type Container struct {
	Name     string
	Requests map[string]bool
}

// requests says whether utilisation of the resource can be computed.
func (w *Workload) requests(resource scale.TriggerType, container string) bool {
	if container == "" && w.PodRequests[string(resource)] {
		return true
	}
	for _, c := range w.Containers {
		if (container == "" || container == c.Name) && !c.Requests[string(resource)] {
			return false
		}
	}
	return true
}

// These manifests are read loosely: only what the lints need, for the API server checks the rest.

func readMeta(m *mapping) (namespace, name string) {
	meta := m.child("metadata")
	return meta.text("namespace"), meta.text("name")
}

func readTarget(m *mapping) Target {
	t := Target{APIVersion: m.text("apiVersion"), Kind: m.text("kind"), Name: m.text("name")}
	if t.APIVersion == "" {
		t.APIVersion = "apps/v1"
	}
	if t.Kind == "" {
		t.Kind = "Deployment"
	}
	return t
}

func readWorkload(r *reader, m *mapping) Workload {
	namespace, name := readMeta(m)
	w := Workload{
		File: r.file, Line: m.node.Line, Namespace: namespace,
		Target: Target{APIVersion: m.text("apiVersion"), Kind: m.text("kind"), Name: name},
	}
	spec := m.child("spec").child("template").child("spec")
	w.PodRequests = readRequests(spec.child("resources"))
	for _, n := range spec.list("containers") {
		if c := r.mapping(n, "spec.template.spec.containers"); c != nil {
			w.Containers = append(w.Containers, Container{Name: c.text("name"), Requests: readRequests(c.child("resources"))})
		}
	}
	return w
}

func readRequests(m *mapping) map[string]bool {
	out := map[string]bool{}
	for _, part := range []string{"requests", "limits"} {
		for _, resource := range []string{"cpu", "memory"} {
			if m.child(part).has(resource) {
				out[resource] = true
			}
		}
	}
	return out
}
