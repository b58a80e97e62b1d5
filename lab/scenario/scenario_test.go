package scenario

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"

	"kafka_burndown_exporter/internal/lag"
)

var update = flag.Bool("update", false, "write the schema")

const dir = "../../scenarios"

func shipped(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob(dir + "/*.yaml")
	if err != nil || len(files) < 5 {
		t.Fatalf("scenarios found: %v, %v", files, err)
	}
	return files
}

func TestShippedScenariosLoad(t *testing.T) {
	for _, f := range shipped(t) {
		s, err := Load(f)
		if err != nil {
			t.Errorf("%v", err)
			continue
		}
		if s.Name != strings.TrimSuffix(filepath.Base(f), ".yaml") {
			t.Errorf("%s: name is %q", f, s.Name)
		}
		if s.DefaultCandidate() == nil {
			t.Errorf("%s: no default candidate", f)
		}
		start := s.DemoCandidate()
		if !slices.ContainsFunc(s.Choices(), func(c Choice) bool { return c.Candidate == start.Name }) {
			t.Errorf("%s: the demo starts with %s, which its switch does not have", f, start.Name)
		}
		for _, c := range s.Candidates {
			for _, m := range c.Manifests {
				if !bytes.Contains(m.Text, []byte("kind: ScaledObject")) {
					t.Errorf("%s: %s: %s holds no ScaledObject", f, c.Name, m.Origin)
				}
			}
		}
	}
}

func TestSchemaIsCurrent(t *testing.T) {
	path := dir + "/schema.json"
	want := SchemaJSON()
	if *update {
		if err := os.WriteFile(path, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), string(got)); d != "" {
		t.Errorf("schema.json is not what the types say; run the test with -update (-want +got):\n%s", d)
	}
}

func TestShippedScenariosMatchSchema(t *testing.T) {
	schema := compileSchema(t)
	for _, f := range shipped(t) {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(asJSON(t, data)); err != nil {
			t.Errorf("%s: %v", f, err)
		}
	}
	bad := []byte("name: x\nduration: 1h\ntopics: []\nproducers: []\nservices: []\nsevices: []\n")
	if err := schema.Validate(asJSON(t, bad)); err == nil {
		t.Error("the schema accepts an unknown field")
	}
}

func compileSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(SchemaJSON()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("schema.json", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// asJSON turns YAML into what a JSON validator sees.
func asJSON(t *testing.T, data []byte) any {
	t.Helper()
	var v any
	if err := yaml.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	out, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

const minimal = `name: x
duration: 1h
topics:
  - {name: t, partitions: 4}
producers:
  - name: p
    topic: t
    profile: {points: [{at: 0s, rate: 10}, {at: 10s, rate: 20}]}
services:
  - {name: s, group: g, topics: [t], capacity: {perPod: 5}}
`

func TestErrorsNameFileLineAndField(t *testing.T) {
	cases := []struct{ name, from, to, want string }{
		{"unknown field", "duration: 1h", "duratoin: 1h", "f.yaml:2: duratoin: unknown field: known are "},
		{"close field", "perPod: 5", "perpod: 5", "f.yaml:10: services[0].capacity.perpod: unknown field: did you mean perPod?"},
		{"missing", "group: g, ", "", "f.yaml:10: services[0].group: missing: Consumer group of its pods."},
		{"duration", "duration: 1h", "duration: 1 hour", `f.yaml:2: duration: "1 hour" is not a duration: write it like 90s, 5m or 1d12h`},
		{"negative", "duration: 1h", "duration: -1h", "f.yaml:2: duration: must not be negative"},
		{"too long", "duration: 1h", "duration: 4000d", "f.yaml:2: duration: 96000h0m0s is not between 1s and 366d"},
		{"number", "rate: 10}", "rate: many}", `f.yaml:8: producers[0].profile.points[0].rate: "many" must be a finite number`},
		{"not a number", "rate: 10}", "rate: .nan}", `f.yaml:8: producers[0].profile.points[0].rate: ".nan" must be a finite number`},
		{"order", "at: 10s", "at: 0s", "f.yaml:8: producers[0].profile.points[1].at: must be later than the point before"},
		{"topic", "topics: [t]", "topics: [u]", `f.yaml:10: services[0].topics[0]: "u" is not among topics, or given twice`},
		{"kind", "topics: [t]", "topics: t", `f.yaml:10: services[0].topics: expected a list, found "t": begin each entry with a dash`},
		{"bounds", "partitions: 4", "partitions: 0", "f.yaml:4: topics[0].partitions: 0 is below the minimum of 1"},
		{"twice", "duration: 1h", "duration: 1h\nduration: 2h", "f.yaml:3: duration: given twice: remove one"},
		{"enum", "group: g,", "group: g, assignor: best,", `f.yaml:10: services[0].assignor: "best" is not one of range, roundrobin, sticky, cooperative-sticky`},
		{"share group without a limit", "group: g,", "group: g, groupType: share,",
			"f.yaml:10: services[0].replicas.max: missing: partitions do not limit a share group"},
		{"share group that is too slow", "group: g,", "group: g, groupType: share, replicas: {max: 9},",
			"f.yaml:10: services[0].fetch: 500 records take 1m40s, and after 30s (lockTimeout) they are handed out again: take fewer at a time"},
		{"sub-topologies", "group: g,", "group: g, subtopologies: [[t]],", "f.yaml:10: services[0].subtopologies: only a streams group has them"},
		{"sub-topology", "group: g,", "group: g, groupType: streams, subtopologies: [[u]],",
			`f.yaml:10: services[0].subtopologies[0][0]: "u" is not among the service's topics, or given twice`},
		{"demo's start", "duration: 1h", "duration: 1h\ndemo: {start: best}", `f.yaml:3: demo.start: "best" is not among candidates`},
		{"demo's switch", "duration: 1h", "duration: 1h\ndemo: {switch: [{candidate: best, label: b}]}", `f.yaml:3: demo.switch[0].candidate: "best" is not among candidates`},
		{"demo's label", "duration: 1h", "duration: 1h\ndemo: {switch: [{candidate: best}]}", `f.yaml:3: demo.switch[0].label: missing: What the page calls it.`},
		{"demo's service", "duration: 1h", "duration: 1h\ndemo: {watch: none}", `f.yaml:3: demo.watch: "none" is not among services`},
		{"demo's beginning", "duration: 1h", "duration: 1h\ndemo: {from: 1h}", `f.yaml:3: demo.from: 1h0m0s is not within the duration of 1h0m0s`},
		{"yaml", "duration: 1h", "duration: [1h", "f.yaml:1: is not valid YAML: "},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if !strings.Contains(minimal, c.from) {
				t.Fatalf("%q is not in the example", c.from)
			}
			_, err := Parse("f.yaml", []byte(strings.Replace(minimal, c.from, c.to, 1)))
			if err == nil || !strings.HasPrefix(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("error is %v, want %s", err, c.want)
			}
		})
	}
	if _, err := Parse("f.yaml", nil); err == nil {
		t.Error("an empty file is accepted")
	}
	if _, err := Parse("f.yaml", []byte(minimal+"---\n{}\n")); err == nil {
		t.Error("two documents are accepted")
	}
}

func TestDefaults(t *testing.T) {
	s, err := Parse("f.yaml", []byte(minimal))
	if err != nil {
		t.Fatal(err)
	}
	svc := s.Services[0]
	if svc.StartDelay != 30*time.Second || svc.Assignor != "range" || svc.Replicas.Initial != 1 ||
		svc.Rebalance.Pause != 5*time.Second || s.Pipeline.RateWindow != 2*time.Minute || svc.Objective.MaxAge != time.Minute {
		t.Errorf("defaults: %+v %+v", svc, s.Pipeline)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(minimal))
	f.Add([]byte("a: &a [*a]"))
	f.Add([]byte("a: &a {<<: *a}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := Parse("f.yaml", data)
		if (s == nil) == (err == nil) && err == nil {
			t.Fatal("neither scenario nor error")
		}
		if err != nil && strings.Contains(err.Error(), "\n") {
			t.Fatalf("error has more than one line: %q", err)
		}
	})
}

// The pipeline's defaults stand in tags, for the schema; they are the exporter's own.
func TestThePipelineIsTheExportersByDefault(t *testing.T) {
	p, def := DefaultPipeline(), lag.Defaults()
	if p.SampleInterval != def.Interval || p.RateWindow != def.RateWindow {
		t.Errorf("the pipeline samples every %v over %v, the exporter every %v over %v", p.SampleInterval, p.RateWindow,
			def.Interval, def.RateWindow)
	}
}
