package report

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"time"

	"kafka_burndown_exporter/lab/recording"
	"kafka_burndown_exporter/lab/scenario"
	"kafka_burndown_exporter/lab/simulate"
)

func shortReport(t *testing.T) *simulate.Report {
	t.Helper()
	sc := load(t, "payments")
	sc.Title = `Payments <script>alert("x")</script>`
	cands := candidates(t, sc)
	cands[0].Title = `<img src=x onerror=alert(1)>`
	r, err := simulate.Simulate(context.Background(), sc, cands, simulate.Options{Trace: true}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestHTMLIsSelfContainedAndEscapes(t *testing.T) {
	r := shortReport(t)
	var b strings.Builder
	if err := WriteHTML(&b, r); err != nil {
		t.Fatal(err)
	}
	page := b.String()
	for _, bad := range []string{"<script", "<img", "<link", "<iframe", "@import", "url("} {
		if strings.Contains(page, bad) {
			t.Errorf("the page holds %s", bad)
		}
	}
	// The only addresses are the names of the SVG namespaces.
	for _, u := range regexp.MustCompile(`https?://[^"'\s<]+`).FindAllString(page, -1) {
		if !strings.HasPrefix(u, "http://www.w3.org/") && !strings.Contains(u, "prometheus.monitoring") {
			t.Errorf("the page names %s", u)
		}
	}
	// Three overlays and a scatter for each service, two or three plots for each candidate.
	plots := 0
	for _, c := range r.Comparisons {
		plots += 4
		for i := range c.Results {
			plots += len(own(&c.Results[i]))
		}
	}
	if n := strings.Count(page, "<svg"); n != plots {
		t.Errorf("%d plots, want %d", n, plots)
	}
	for _, want := range []string{
		"<strong>Apply desired</strong>", "now (max-10): 816, −26 %", "payments.yaml:123: ScaledObject shop/payment-service",
		"prefers-color-scheme: dark", "<dt>peak lag</dt><dd>most messages waiting</dd>",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("%q is missing", want)
		}
	}
	// The colours of the drawings are the page's variables, which have a dark form.
	if drawn := page[strings.Index(page, "<svg"):]; regexp.MustCompile(`#[0-9A-F]{6}`).MatchString(drawn) || !strings.Contains(drawn, "var(--c1)") {
		t.Error("a plot has a colour of its own")
	}
	if strings.Contains(page, "NaN") {
		t.Error("a plot holds NaN")
	}
}

func TestJSONHoldsEveryResult(t *testing.T) {
	r := shortReport(t)
	var b strings.Builder
	if err := WriteJSON(&b, r); err != nil {
		t.Fatal(err)
	}
	var got jsonReport
	dec := json.NewDecoder(strings.NewReader(b.String()))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&got); err != nil {
		t.Fatal(err)
	}
	if len(got.Services) != len(r.Comparisons) || len(got.Lints) != len(r.Lints) {
		t.Errorf("%d services, %d lints", len(got.Services), len(got.Lints))
	}
	if got.Services[0].Best == "" || len(got.Services[0].Results[0].Events) == 0 {
		t.Error("best or events are missing")
	}
}

func TestCSVHasARowPerPoint(t *testing.T) {
	r := shortReport(t)
	var b strings.Builder
	if err := WriteCSV(&b, r); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(strings.NewReader(b.String())).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	want := 1
	for _, c := range r.Comparisons {
		for i := range c.Results {
			want += len(c.Results[i].Trace.At)
		}
	}
	if len(rows) != want || len(rows[0]) != 10 {
		t.Errorf("%d rows of %d cells, want %d", len(rows), len(rows[0]), want)
	}
}

// The lint example of the scenario: max replicas above the partitions.
func TestLintsAreShown(t *testing.T) {
	r := shortReport(t)
	var b strings.Builder
	if err := WriteText(&b, r, true); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(b.String(), "Lints") || !strings.Contains(b.String(), "maxReplicaCount") {
		t.Errorf("no lint about maxReplicaCount in:\n%s", b.String())
	}
	if !strings.Contains(b.String(), "changes:") {
		t.Error("no timeline of changes")
	}
}

func TestWorkedExample(t *testing.T) {
	rows := exampleRows(load(t, "fashion").Published.Example)
	want := map[string][2]string{"lag": {"300", "3000"}, "7·log2(lag), rounded target": {"62", "76"}, "log10(lag)": {"61", "75"}}
	for _, row := range rows[1:] {
		if w, ok := want[row[0]]; ok && (row[2] != w[0] || row[3] != w[1]) {
			t.Errorf("%s asks for %v, want %v", row[0], row[2:], w)
		}
	}
}

// What a recording does not cover stands in the report.
func TestCoverageIsShown(t *testing.T) {
	produced := &scenario.Series{MaxGap: 90 * time.Second, Before: 10 * time.Hour, After: 12 * time.Hour}
	for m := range 121 {
		if m <= 30 || m >= 42 {
			produced.Times, produced.Values = append(produced.Times, time.Duration(m)*time.Minute), append(produced.Values, 120)
		}
	}
	sc, err := recording.Replay("r", &recording.History{From: time.Unix(1_767_225_600, 0), Produced: produced},
		recording.Workload{Service: "s", Group: "g", Topic: "t", Partitions: 6, Capacity: 45})
	if err != nil {
		t.Fatal(err)
	}
	r, err := simulate.Simulate(t.Context(), sc, []*simulate.Candidate{{Name: "fixed"}}, simulate.Options{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	notes := recording.Notes(r.Recordings)
	if len(notes) != 4 {
		t.Errorf("notes: %q", notes)
	}
	for _, write := range []func(*strings.Builder) error{
		func(b *strings.Builder) error { return WriteText(b, r, false) }, func(b *strings.Builder) error { return WriteHTML(b, r) },
	} {
		var b strings.Builder
		if err := write(&b); err != nil {
			t.Fatal(err)
		}
		for _, text := range notes {
			if !strings.Contains(b.String(), text) {
				t.Errorf("%q is missing", text)
			}
		}
	}
}
