package collector

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

var labelName = regexp.MustCompile(`([a-zA-Z_][a-zA-Z0-9_]*)="(?:[^"\\]|\\.)*"`)

// TestLabelsAreSorted: in the table, and in every line that is written, wherever constant labels fall in the order.
func TestLabelsAreSorted(t *testing.T) {
	for _, f := range Families() {
		if !slices.IsSorted(f.Labels) {
			t.Errorf("%s: %q are not sorted", f.Name, f.Labels)
		}
		if f.variants != nil && !slices.Contains(f.Labels, f.variant) {
			t.Errorf("%s: %q has variants and is none of its labels", f.Name, f.variant)
		}
	}
	for _, constant := range [][]Label{nil, {{"a", "first"}}, {{"env", "between"}, {"region", `"b"`}}, {{"zone", "last"}},
		{{"a", "1"}, {"b", "2"}, {"d", "3"}, {"j", "4"}, {"q", "5"}, {"s", "6"}, {"u", "7"}}} {
		e := testEncoder(t, EncoderOptions{Labels: constant})
		seen := map[string]bool{}
		for name, s := range scenarios() {
			for line := range strings.Lines(encode(t, e, s, Text)) {
				if strings.HasPrefix(line, "#") {
					continue
				}
				var names []string
				for _, m := range labelName.FindAllStringSubmatch(line, -1) {
					names = append(names, m[1])
				}
				metric, _, _ := strings.Cut(line, "{")
				seen[metric] = true
				i := slices.IndexFunc(Families(), func(f Family) bool { return strings.Fields(metric)[0] == f.Name })
				if want := len(constant) + len(Families()[i].Labels); len(names) != want || !slices.IsSorted(names) {
					t.Fatalf("%s with %v: %q: %d labels, want %d, sorted", name, constant, line, len(names), want)
				}
			}
		}
		if len(seen) < len(Families())*3/4 {
			t.Errorf("only %d families were seen", len(seen))
		}
	}
}
