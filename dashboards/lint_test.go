package dashboards

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"

	"kafka_burndown_exporter/rules"
)

func load(t *testing.T) []Dashboard {
	t.Helper()
	all, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestDashboards(t *testing.T) {
	all := load(t)
	var uids []string
	for _, d := range all {
		uids = append(uids, d.UID)
	}
	want := []string{"kafka-autoscaling", "kafka-consumer-group", "kafka-exporter", "kafka-fleet"}
	if !slices.Equal(uids, want) {
		t.Errorf("dashboards %v, want %v", uids, want)
	}
	for _, d := range all {
		t.Run(d.UID, func(t *testing.T) {
			if d.Title == "" || d.Description == "" || d.SchemaVersion == 0 || len(d.Tags) == 0 {
				t.Error("title, description, schema version or tag is missing")
			}
			lintTitles(t, d)
			lintVariables(t, d)
			lintLayout(t, d)
			for _, p := range d.AllPanels() {
				t.Run(p.Title, func(t *testing.T) { lintPanel(t, p) })
			}
		})
	}
}

// No id of one Grafana, no inputs to fill in, no data source of one installation.
func TestNothingOfOneInstallation(t *testing.T) {
	for _, d := range load(t) {
		name := d.UID
		data, err := files.ReadFile(name + ".json")
		if err != nil {
			t.Fatal(err)
		}
		var raw map[string]any
		if err := json.Unmarshal(data, &raw); err != nil {
			t.Fatal(err)
		}
		for _, key := range []string{"id", "__inputs", "__requires", "version", "iteration"} {
			if _, ok := raw[key]; ok {
				t.Errorf("%s has %q", name, key)
			}
		}
		for _, uid := range regexp.MustCompile(`"uid": "([^"]*)"`).FindAllStringSubmatch(string(data), -1) {
			if uid[1] != "${datasource}" && uid[1] != name {
				t.Errorf("%s names the data source %q", name, uid[1])
			}
		}
	}
}

// A panel is spoken of by its title.
func lintTitles(t *testing.T, d Dashboard) {
	t.Helper()
	seen := map[string]bool{}
	for _, p := range d.AllPanels() {
		if seen[p.Title] {
			t.Errorf("two panels are called %q", p.Title)
		}
		seen[p.Title] = true
	}
}

func lintVariables(t *testing.T, d Dashboard) {
	t.Helper()
	var names []string
	for _, v := range d.Templating.List {
		names = append(names, v.Name)
		if v.Label == "" || (v.Type == "query") != (v.Definition != "") {
			t.Errorf("variable %s has no label or no definition", v.Name)
		}
		if v.Type == "query" && v.Datasource.UID != "${datasource}" {
			t.Errorf("variable %s does not use the chosen data source", v.Name)
		}
	}
	triggers, err := rules.TriggerQueries()
	if err != nil {
		t.Fatal(err)
	}
	for _, must := range append([]string{"datasource"}, triggers.Identity...) {
		if !slices.Contains(names, must) {
			t.Errorf("no variable %s", must)
		}
	}
	used := regexp.MustCompile(`\$\{?([a-z][a-z_]*)`)
	for _, p := range d.AllPanels() {
		for _, q := range p.Targets {
			for _, m := range used.FindAllStringSubmatch(q.Expr, -1) {
				if !slices.Contains(names, m[1]) {
					t.Errorf("panel %q uses $%s, which is not defined", p.Title, m[1])
				}
			}
		}
	}
}

func lintLayout(t *testing.T, d Dashboard) {
	t.Helper()
	ids := map[int]bool{}
	taken := map[[2]int]string{}
	for _, p := range d.Panels {
		if p.ID == 0 || ids[p.ID] {
			t.Errorf("panel %q: id %d is not its own", p.Title, p.ID)
		}
		ids[p.ID] = true
		for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
			for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
				if other := taken[[2]int{x, y}]; other != "" || x >= 24 {
					t.Errorf("panel %q covers %q or leaves the grid at %d,%d", p.Title, other, x, y)
					return
				}
				taken[[2]int{x, y}] = p.Title
			}
		}
	}
}

func lintPanel(t *testing.T, p Panel) {
	t.Helper()
	if p.Title == "" || !strings.HasSuffix(p.Description, ".") {
		t.Error("no title, or the description is no sentence")
	}
	if p.Datasource.UID != "${datasource}" || len(p.Targets) == 0 {
		t.Error("no query, or not from the chosen data source")
	}
	if p.FieldConfig.Defaults.Unit == "" || len(p.FieldConfig.Defaults.Thresholds.Steps) == 0 {
		t.Fatal("no unit or no thresholds")
	}
	if p.FieldConfig.Defaults.Thresholds.Steps[0].Value != nil {
		t.Error("the first threshold must be open below")
	}
	if p.Type == "timeseries" && !p.Options.Legend.ShowLegend {
		t.Error("no legend")
	}
	group := regexp.MustCompile(`consumergroup[!=~]+[^,}]*`)
	window := regexp.MustCompile(`\b(rate|increase|irate)\([^\[]*\[([^\]]*)\]`)
	for _, q := range p.Targets {
		if q.LegendFormat == "" || q.Datasource.UID != "${datasource}" || q.Range == q.Instant {
			t.Errorf("%s: no legend, no data source, or neither range nor instant", q.RefID)
		}
		for _, m := range window.FindAllStringSubmatch(q.Expr, -1) {
			if m[2] != "$__rate_interval" {
				t.Errorf("%s: %s over [%s] instead of [$__rate_interval]", q.RefID, m[1], m[2])
			}
		}
		for _, m := range group.FindAllString(q.Expr, -1) {
			if m != "consumergroup=${group:doublequote" && m != "consumergroup=${group:doublequote}" {
				t.Errorf("%s: %s: a group is matched exactly and quoted by Grafana", q.RefID, m)
			}
		}
		if strings.Contains(q.Expr, "kafka_") && !strings.Contains(q.Expr, `job=~"$job", cluster=~"$cluster"`) {
			t.Errorf("%s: does not select the cluster", q.RefID)
		}
		// Who asks for one cluster wants its autoscalers, and those that are labelled with none.
		for _, m := range autoscaler.FindAllString(q.Expr, -1) {
			if !strings.HasSuffix(m, `{cluster=~"$cluster|"`) {
				t.Errorf("%s: %s does not select the cluster", q.RefID, m)
			}
		}
	}
	lintTable(t, p)
	// Out of a range, a number would be the last one that there was, hours after its exporter went.
	if p.Type == "stat" && !p.Targets[0].Instant {
		t.Error("a number that is not asked for now")
	}
}

var autoscaler = regexp.MustCompile(`\b(kube|keda)_[a-z_]+(\{[^,}]*)?`)

// lintTable holds that the rows of a table merge: Grafana takes those that agree in every field they share, and a series'
// name is a field. What becomes a course over time is chosen, because a table of one row passes for one.
func lintTable(t *testing.T, p Panel) {
	t.Helper()
	for _, tr := range p.Transformations {
		switch tr.ID {
		case "merge":
			for _, q := range p.Targets {
				if !strings.HasPrefix(q.Expr, "max by (") {
					t.Errorf("%s: carries its name into the table: %s", q.RefID, q.Expr)
				}
			}
		case "timeSeriesTable":
			if tr.Filter.ID != "byRefId" || len(tr.Options) != 1 || tr.Options[tr.Filter.Options] == nil {
				t.Errorf("%s does not say which query it is for", tr.ID)
			}
		}
	}
}

// Whatever a name holds, a link carries it encoded.
func TestLinksEncodeTheirValues(t *testing.T) {
	variable := regexp.MustCompile(`\$\{([^}]*)\}`)
	links := 0
	for _, d := range load(t) {
		data, err := files.ReadFile(d.UID + ".json")
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`"url": "([^"]*)"`).FindAllStringSubmatch(string(data), -1) {
			links++
			for _, v := range variable.FindAllStringSubmatch(m[1], -1) {
				if v[1] != "__url_time_range" && !strings.HasSuffix(v[1], ":queryparam") && !strings.HasSuffix(v[1], ":percentencode") {
					t.Errorf("%s: %s is not encoded in %s", d.UID, v[0], m[1])
				}
			}
		}
	}
	if links == 0 {
		t.Error("no panel leads to the group's dashboard")
	}
}

func TestSubstitute(t *testing.T) {
	v := Values{Group: `a"b.c é`, HPA: "h", ScaledObject: "s", RateInterval: "1m", Range: "10m"}
	got := v.Substitute(`rate(x{job=~"$job", cluster=~"$cluster", consumergroup=${group:doublequote}}[$__rate_interval])`)
	want := `rate(x{job=~".*", cluster=~".*", consumergroup="a\"b.c é"}[1m])`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	left := regexp.MustCompile(`\$[^0-9]`)
	for _, d := range load(t) {
		for _, p := range d.AllPanels() {
			for _, q := range p.Targets {
				if e := v.Substitute(q.Expr); left.MatchString(e) {
					t.Errorf("%s, %q: a variable is left in %s", d.UID, p.Title, e)
				}
			}
		}
	}
}
