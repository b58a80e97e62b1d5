package shipped

import (
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

type scaledObject struct {
	Kind     string
	Metadata struct{ Name string }
	Spec     struct {
		ScaleTargetRef                                     struct{ Name string }
		IdleReplicaCount, MinReplicaCount, MaxReplicaCount *int
		Fallback                                           *struct {
			Behavior         string
			FailureThreshold int
		}
		Advanced struct {
			HorizontalPodAutoscalerConfig struct {
				Behavior struct {
					ScaleDown struct{ StabilizationWindowSeconds *int }
				}
			}
		}
		Triggers []trigger
	}
}

type trigger struct {
	Type, Name, MetricType string
	Metadata               map[string]string
}

type knownQuery struct {
	Name, Query, MetricType string
	MinReplicaCount         int
	ScaleToZero             string
}

// fromZero says whether the object can have no pods at all.
func (o scaledObject) fromZero() bool {
	return *o.Spec.MinReplicaCount == 0 || o.Spec.IdleReplicaCount != nil
}

// longestStart is the slowest start-up of a consumer that the services are known for, in seconds.
const longestStart = 60

func TestScaledObjectsKeepTheContract(t *testing.T) {
	known := knownQueries(t)
	for path, object := range scaledObjects(t) {
		t.Run(path, func(t *testing.T) {
			checkObject(t, object)
			for _, tr := range object.Spec.Triggers {
				checkTrigger(t, object, tr, known)
			}
		})
	}
}

func checkObject(t *testing.T, o scaledObject) {
	if o.Spec.MinReplicaCount == nil || o.Spec.MaxReplicaCount == nil {
		t.Fatal("minReplicaCount and maxReplicaCount are not both set")
	}
	if o.Spec.Fallback == nil || o.Spec.Fallback.Behavior != "currentReplicasIfHigher" {
		t.Error("no fallback that keeps the current replicas")
	}
	if len(o.Spec.Triggers) < 2 {
		t.Error("no second trigger")
	}
	var value, guarded bool
	types := map[string]bool{}
	for _, tr := range o.Spec.Triggers {
		types[tr.Type] = true
		value = value || tr.MetricType == "Value"
		guarded = guarded || tr.MetricType == "AverageValue" || tr.Type == "cpu"
	}
	if types["kafka"] && types["prometheus"] {
		t.Error("a kafka trigger takes the prometheus triggers along while no broker answers (docs/faults.md)")
	}
	window := o.Spec.Advanced.HorizontalPodAutoscalerConfig.Behavior.ScaleDown.StabilizationWindowSeconds
	if value && (o.fromZero() || !guarded || window == nil || *window < longestStart) {
		t.Error("a Value trigger without a minimum of one, a scale-down window or a trigger beside it that needs no ready pods")
	}
}

func checkTrigger(t *testing.T, o scaledObject, tr trigger, known []knownQuery) {
	if tr.MetricType == "" {
		t.Errorf("trigger %s leaves metricType to the default", tr.Name)
	}
	for _, obsolete := range []string{"metricName"} {
		if _, found := tr.Metadata[obsolete]; found {
			t.Errorf("trigger %s has the obsolete field %s", tr.Name, obsolete)
		}
	}
	if tr.Type != "prometheus" {
		return
	}
	if tr.Metadata["ignoreNullValues"] != "false" {
		t.Errorf("trigger %s takes a missing sample for 0", tr.Name)
	}
	if !strings.Contains(tr.Metadata["query"], "kafka_group") {
		return // a metric of the service itself
	}
	q := match(tr, known)
	if q == nil {
		t.Fatalf("trigger %s asks what rules/trigger-queries.yaml does not know: %s", tr.Name, tr.Metadata["query"])
	}
	if q.MetricType != tr.MetricType {
		t.Errorf("trigger %s is of type %s, its query is for %s", tr.Name, tr.MetricType, q.MetricType)
	}
	if !o.fromZero() {
		return
	}
	if q.MinReplicaCount > 0 || q.ScaleToZero != "" {
		t.Errorf("trigger %s asks %s, which cannot scale from zero", tr.Name, q.Name)
	}
	activation, err := strconv.ParseFloat(tr.Metadata["activationThreshold"], 64)
	if wantsBacklog := q.Name == "backlog"; err != nil || wantsBacklog != (activation == 0) || (!wantsBacklog && activation < 1e9) {
		t.Errorf("trigger %s has activationThreshold %q", tr.Name, tr.Metadata["activationThreshold"])
	}
}

// match finds the known query a trigger asks, with its group and threshold filled in.
func match(tr trigger, known []knownQuery) *knownQuery {
	for i, q := range known {
		text := strings.ReplaceAll(q.Query, "{{target}}", tr.Metadata["threshold"])
		if text == strings.ReplaceAll(tr.Metadata["query"], `consumergroup="`+groupOf(tr)+`"`, `consumergroup="{{group}}"`) {
			return &known[i]
		}
	}
	return nil
}

func groupOf(tr trigger) string {
	_, after, _ := strings.Cut(tr.Metadata["query"], `consumergroup="`)
	group, _, _ := strings.Cut(after, `"`)
	return group
}

// A group that is scaled to zero on our series must be expected by the exporter, or its first message is never seen.
func TestGroupsScaledToZeroAreExpected(t *testing.T) {
	expected := string(read(t, "components", "group-expect", "kustomization.yaml"))
	for path, object := range scaledObjects(t) {
		for _, tr := range object.Spec.Triggers {
			if object.fromZero() && tr.Name == "backlog" && !strings.Contains(expected, "--group.expect="+groupOf(tr)+"=") {
				t.Errorf("%s scales %s to zero, components/group-expect does not name it", path, groupOf(tr))
			}
		}
	}
}

func TestPrometheusTriggersComeFirst(t *testing.T) {
	for path := range scaledObjects(t) {
		var object struct {
			Metadata struct{ Labels map[string]string }
			Spec     struct{ Triggers []trigger }
		}
		if err := yaml.Unmarshal(read(t, path), &object); err != nil {
			t.Fatal(err)
		}
		count := 0
		for i, tr := range object.Spec.Triggers {
			if tr.Type == "prometheus" {
				if count++; count != i+1 {
					t.Errorf("%s: a prometheus trigger behind another; components/prometheus-auth would miss it", path)
				}
			}
		}
		if label := object.Metadata.Labels["prometheus-triggers"]; count > 0 && label != strconv.Itoa(count) {
			t.Errorf("%s: label prometheus-triggers is %q, there are %d", path, label, count)
		}
	}
}

func scaledObjects(t *testing.T) map[string]scaledObject {
	t.Helper()
	out := map[string]scaledObject{}
	err := filepath.WalkDir("keda", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".yaml" {
			return err
		}
		var object scaledObject
		if err := yaml.Unmarshal(read(t, path), &object); err == nil && object.Kind == "ScaledObject" {
			out[path] = object
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(out) == 0 {
		t.Fatal("no ScaledObject found")
	}
	return out
}

func knownQueries(t *testing.T) []knownQuery {
	t.Helper()
	var file struct{ Queries []knownQuery }
	if err := yaml.Unmarshal(read(t, "..", "rules", "trigger-queries.yaml"), &file); err != nil {
		t.Fatal(err)
	}
	return file.Queries
}

// TestMain reads what is shipped from its own folder.
func TestMain(m *testing.M) {
	if err := os.Chdir(filepath.Join("..", "..", "deploy")); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

func read(t *testing.T, path ...string) []byte {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(path...))
	if err != nil {
		t.Fatal(err)
	}
	return content
}
