package shipped

import (
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"kafka_burndown_exporter/lab/scenario"
)

// Every service that a scenario scales has a ScaledObject here, and every ScaledObject scales a service of a scenario, by
// its group and by all the topics it reads, to no more replicas than can have work.
func TestScaledObjectsAreTheScenariosServices(t *testing.T) {
	services, scaled := scenarioServices(t)
	for path, o := range scaledObjects(t) {
		target := o.Spec.ScaleTargetRef.Name
		delete(scaled, target)
		s, known := services[target]
		if !known {
			t.Errorf("%s scales %s, which is a service of no scenario", path, target)
			continue
		}
		checkGroupAndTopics(t, path, o, s)
		if *o.Spec.MaxReplicaCount > s.most {
			t.Errorf("%s: maxReplicaCount %d where %d can have work", path, *o.Spec.MaxReplicaCount, s.most)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(scaled)) {
		t.Errorf("scenario %s scales %s, which has no ScaledObject under keda/", scaled[name], name)
	}
}

// Each of them is in docs/keda.md's table of what the sources had.
func TestScaledObjectsAreDocumented(t *testing.T) {
	_, section, found := strings.Cut(string(read(t, "..", "docs", "keda.md")), "\n## What the sources had")
	if !found {
		t.Fatal("docs/keda.md has no section on the sources")
	}
	section, _, _ = strings.Cut(section, "\n## ")
	var first []string // what stands in the first column
	for line := range strings.Lines(section) {
		if cell, _, found := strings.Cut(strings.TrimPrefix(line, "| "), " |"); found && strings.HasPrefix(line, "| ") {
			cell, _, _ = strings.Cut(cell, " (")
			first = append(first, strings.Split(cell, ", ")...)
		}
	}
	for path, o := range scaledObjects(t) {
		target := o.Spec.ScaleTargetRef.Name
		if !slices.Contains(first, target) && !slices.Contains(first, strings.TrimSuffix(target, "-consumer")) {
			t.Errorf("%s: docs/keda.md has no row for %s", path, target)
		}
	}
}

// service is a service of a scenario with the partitions of the topics it reads, and the replicas that can have work.
type service struct {
	group  string
	topics map[string]int
	most   int
}

func checkGroupAndTopics(t *testing.T, path string, o scaledObject, s service) {
	t.Helper()
	read := map[string]bool{}
	for _, tr := range o.Spec.Triggers {
		group := groupOf(tr)
		if tr.Type == "kafka" {
			group, read[tr.Metadata["topic"]] = tr.Metadata["consumerGroup"], true
		}
		if group != "" && group != s.group {
			t.Errorf("%s: trigger %s is about group %s, the scenario says %s", path, tr.Name, group, s.group)
		}
	}
	if want := slices.Sorted(maps.Keys(s.topics)); len(read) > 0 && !slices.Equal(slices.Sorted(maps.Keys(read)), want) {
		t.Errorf("%s has kafka triggers for %v, the group reads %v", path, slices.Sorted(maps.Keys(read)), want)
	}
}

// scenarioServices returns the services of all scenarios, and the scenario of each that a candidate scales.
func scenarioServices(t *testing.T) (map[string]service, map[string]string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", "scenarios", "*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no scenarios: %v", err)
	}
	services, scaled := map[string]service{}, map[string]string{}
	for _, file := range files {
		sc, err := scenario.Load(file)
		if err != nil {
			t.Fatal(err)
		}
		partitions := map[string]int{}
		for _, topic := range sc.Topics {
			partitions[topic.Name] = topic.Partitions
		}
		for _, s := range sc.Services {
			topics := map[string]int{}
			for _, name := range s.Topics {
				topics[name] = partitions[name]
			}
			services[s.Name] = service{s.Group, topics, sc.UsefulReplicas(&s)}
		}
		for _, c := range sc.Candidates {
			for _, m := range c.Manifests {
				var o scaledObject
				if err := yaml.Unmarshal(m.Text, &o); err != nil {
					t.Fatal(err)
				}
				scaled[o.Spec.ScaleTargetRef.Name] = sc.Name
			}
		}
	}
	return services, scaled
}
