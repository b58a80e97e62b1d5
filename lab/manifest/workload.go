package manifest

import (
	"kafka_burndown_exporter/internal/scale"
	"kafka_burndown_exporter/lab/strictyaml"
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

func readMeta(m *strictyaml.Mapping) (namespace, name string) {
	meta := m.Child("metadata")
	return meta.Text("namespace"), meta.Text("name")
}

func readTarget(m *strictyaml.Mapping) Target {
	t := Target{APIVersion: m.Text("apiVersion"), Kind: m.Text("kind"), Name: m.Text("name")}
	if t.APIVersion == "" {
		t.APIVersion = "apps/v1"
	}
	if t.Kind == "" {
		t.Kind = "Deployment"
	}
	return t
}

func readWorkload(r *reader, m *strictyaml.Mapping) Workload {
	namespace, name := readMeta(m)
	w := Workload{
		File: r.File, Line: m.Node.Line, Namespace: namespace,
		Target: Target{APIVersion: m.Text("apiVersion"), Kind: m.Text("kind"), Name: name},
	}
	spec := m.Child("spec").Child("template").Child("spec")
	w.PodRequests = readRequests(spec.Child("resources"))
	for _, c := range spec.Children("containers") {
		w.Containers = append(w.Containers, Container{Name: c.Text("name"), Requests: readRequests(c.Child("resources"))})
	}
	return w
}

func readRequests(m *strictyaml.Mapping) map[string]bool {
	out := map[string]bool{}
	for _, part := range []string{"requests", "limits"} {
		for _, resource := range []string{"cpu", "memory"} {
			if m.Child(part).Has(resource) {
				out[resource] = true
			}
		}
	}
	return out
}
