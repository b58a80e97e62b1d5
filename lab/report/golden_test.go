package report

import (
	"context"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kafka_burndown_exporter/lab/manifest"
	"kafka_burndown_exporter/lab/scenario"
	"kafka_burndown_exporter/lab/simulate"
)

var update = flag.Bool("update", false, "write the golden summaries")

func load(t testing.TB, name string) *scenario.Scenario {
	t.Helper()
	sc, err := scenario.Load("../../scenarios/" + name + ".yaml")
	if err != nil {
		t.Fatal(err)
	}
	return sc
}

func candidates(t testing.TB, sc *scenario.Scenario) []*simulate.Candidate {
	t.Helper()
	c, err := simulate.Compile(sc)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestGolden holds every shipped scenario to its summary, and to the story it is there to tell.
func TestGolden(t *testing.T) {
	stories := map[string]func(*testing.T, *simulate.Report){
		"ride-hailing": rideHailingStory, "fashion": fashionStory, "payments": paymentsStory,
	}
	for _, name := range scenarioNames {
		t.Run(name, func(t *testing.T) {
			sc := load(t, name)
			r, err := simulate.Simulate(context.Background(), sc, candidates(t, sc), simulate.Options{Trace: true}, nil)
			if err != nil {
				t.Fatal(err)
			}
			for i := range r.Comparisons {
				desiredIsThere(t, r, &r.Comparisons[i])
			}
			if story := stories[name]; story != nil {
				story(t, r)
			}
			r.Lints = nil // theirs are tested with the lints
			var b strings.Builder
			if err := WriteText(&b, r, false); err != nil {
				t.Fatal(err)
			}
			golden(t, filepath.Join("testdata", name+".txt"), b.String())
		})
	}
}

func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("%s differs; run the test with -update if that is meant (-want +got):\n%s", path, d)
	}
}

// desiredIsThere: the desired-replicas metric stands in every table, and wins or the text says that it does not.
func desiredIsThere(t *testing.T, r *simulate.Report, c *simulate.Comparison) {
	t.Helper()
	found := false
	text := strings.Join(r.Conclusion(c), "\n")
	for i := range c.Results {
		name := c.Results[i].Candidate
		if !usesDesired(r.Candidate(name), c.Service.Name) {
			continue
		}
		found = true
		if c.Best().Candidate != name && !strings.Contains(text, name+" does not win here") {
			t.Errorf("%s: nothing says why %s does not win:\n%s", c.Service.Name, name, text)
		}
	}
	if !found {
		t.Errorf("%s: no candidate scales on the desired replicas", c.Service.Name)
	}
}

// usesDesired reports whether the candidate scales the service on the desired-replicas metric.
func usesDesired(c *simulate.Candidate, service string) bool {
	for _, ctl := range c.Controllers {
		for _, q := range ctl.Queries {
			if ctl.Service == service && q != nil && q.Uses(manifest.SignalDesired) {
				return true
			}
		}
	}
	return false
}

func mustResult(t *testing.T, r *simulate.Report, candidate, service string) *simulate.Result {
	t.Helper()
	res := r.Result(candidate, service)
	if res == nil {
		t.Fatalf("no result of %s for %s", candidate, service)
	}
	return res
}

// rideHailingStory: the first change comes at the first sync after the ramp began, and the fleet does not stop at 15.
func rideHailingStory(t *testing.T, r *simulate.Report) {
	res := mustResult(t, r, "published", "trip-analytics-consumer")
	changes := changesWithin(r.Scenario.Published, res)
	if changes[0] != "T+30 2→7" {
		t.Errorf("first change is %s", changes[0])
	}
	if !slices.ContainsFunc(changes, func(s string) bool { return strings.HasSuffix(s, "12→17") }) {
		t.Errorf("five pods in thirty seconds are not among %v", changes)
	}
	fare := mustResult(t, r, "published", "fare-reconciliation")
	if fare.MinReplicas != 0 || fare.MaxReplicas != 10 {
		t.Errorf("fare-reconciliation ran %d to %d replicas, want 0 to 10", fare.MinReplicas, fare.MaxReplicas)
	}
}

// fashionStory: why rate difference and raw burndown were discarded, and that the base of the logarithm is no matter.
func fashionStory(t *testing.T, r *simulate.Report) {
	const service = "stream-processor"
	log2, log10 := mustResult(t, r, "log2x7", service), mustResult(t, r, "log10", service)
	if d := log2.ReplicaMinutes / log10.ReplicaMinutes; d < 0.97 || d > 1.03 {
		t.Errorf("log2×7 takes %.3f of log10's replica-minutes", d)
	}
	diff := mustResult(t, r, "rate-difference", service)
	scaledIn := slices.ContainsFunc(diff.Events, func(e simulate.Event) bool { return e.To < e.From && e.Lag > 1e6 })
	if !scaledIn || diff.Drained {
		t.Errorf("rate difference: scaled in over a million waiting: %v, drained: %v", scaledIn, diff.Drained)
	}
	burn := mustResult(t, r, "burndown", service)
	if burn.Changes < 5*log2.Changes || burn.Reversals < 5*log2.Reversals {
		t.Errorf("burndown changed %d/%d, log2×7 %d/%d", burn.Changes, burn.Reversals, log2.Changes, log2.Reversals)
	}
	average := mustResult(t, r, "log2x7-average", service)
	if last := average.Events[len(average.Events)-1]; last.To > 4 || average.Drained {
		t.Errorf("as AverageValue it ends at %d replicas, drained: %v", last.To, average.Drained)
	}
}

// paymentsStory: replicas above the partitions idle.
func paymentsStory(t *testing.T, r *simulate.Report) {
	ten, six := mustResult(t, r, "max-10", "payment-service"), mustResult(t, r, "max-6", "payment-service")
	if ten.IdleMinutes == 0 || six.IdleMinutes != 0 {
		t.Errorf("idle replica-minutes: %.0f with ten, %.0f with six", ten.IdleMinutes, six.IdleMinutes)
	}
	if ten.MaxReplicas != 10 || six.MaxReplicas != 6 {
		t.Errorf("replicas up to %d and %d", ten.MaxReplicas, six.MaxReplicas)
	}
}
