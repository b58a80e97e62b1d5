package rules

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const runbooks = "docs/runbooks.md"

func TestAlertsSayWhatToDo(t *testing.T) {
	for _, r := range rulesOf(t, Alerts) {
		if r.Alert == "" {
			t.Errorf("%s does not belong into %s", r.Record, Alerts)
			continue
		}
		if !slices.Contains([]string{"critical", "warning", "info"}, r.Labels["severity"]) {
			t.Errorf("%s: severity %q", r.Alert, r.Labels["severity"])
		}
		for _, a := range []string{"summary", "description"} {
			if text := r.Annotations[a]; len(text) < 20 || !strings.HasSuffix(text, ".") {
				t.Errorf("%s: %s is no sentence: %q", r.Alert, a, text)
			}
		}
		// A path here, and behind an address once the repository has a home.
		if want := runbooks + "#" + strings.ToLower(r.Alert); !strings.HasSuffix(r.Annotations["runbook_url"], want) {
			t.Errorf("%s: runbook_url %q, want …%q", r.Alert, r.Annotations["runbook_url"], want)
		}
	}
}

func TestEveryAlertHasARunbook(t *testing.T) {
	data, err := os.ReadFile("../" + runbooks)
	if err != nil {
		t.Fatal(err)
	}
	var alerts, sections []string
	for _, r := range rulesOf(t, Alerts) {
		alerts = append(alerts, r.Alert)
	}
	for _, part := range strings.Split(string(data), "\n## ")[1:] {
		title, body, _ := strings.Cut(part, "\n")
		sections = append(sections, title)
		for _, head := range []string{"Meaning", "Impact", "How to check", "How to fix"} {
			text := regexp.MustCompile(`(?s)\*\*` + head + `\.\*\*\s(.+?)(\n\*\*|$)`).FindStringSubmatch(body)
			if text == nil || len(strings.TrimSpace(text[1])) < 20 {
				t.Errorf("%s: %q is missing", title, head)
			}
		}
	}
	if diff := cmp.Diff(alerts, sections); diff != "" {
		t.Errorf("alerts (-) and sections of %s (+) differ:\n%s", runbooks, diff)
	}
}
