package strictyaml

import (
	"errors"
	"io/fs"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// read takes "name", "size", "on", "inner.name" and "list[].name", and returns them with the faults.
func read(text string) (got []string, faults string) {
	r := &Reader{File: "f", Words: Words{Syntax: "is not YAML", Unknown: "is unknown", Twice: "is given twice"}}
	for _, doc := range r.Documents([]byte(text)) {
		m := r.Mapping(doc, "")
		got = append(got, m.Text("name"))
		m.Int32("size", 1, 9)
		m.Bool("on")
		inner := m.Child("inner")
		got = append(got, inner.Text("name"))
		inner.Done()
		for _, c := range m.Children("list") {
			got = append(got, c.Text("name"))
			c.Done()
		}
		m.Done()
	}
	var all []string
	for _, err := range r.Errs {
		all = append(all, err.Error())
	}
	return got, strings.Join(all, "\n")
}

func TestReader(t *testing.T) {
	for _, c := range []struct{ name, text, got, faults string }{
		{"all", "name: a\nsize: 3\non: true\ninner: {name: b}\nlist: [{name: c}, {name: d}]", "a b c d", ""},
		{"documents", "name: a\n---\nname: b", "a  b ", ""},
		{"null is missing", "name: ~\ninner:\nlist:", " ", ""},
		{"alias", "inner: &i {name: b}\nlist: [*i]", " b b", ""},
		{"merge", "inner: &i {name: b}\nlist: [{<<: *i}, {<<: *i, name: own}, {<<: [{name: first}, *i]}]", " b b own first", ""},
		{"a quoted merge key is a field", "'<<': {name: b}", " ", "f:1: <<: is unknown: known are inner, list, name, on, size"},
		{"merge of a word", "inner: {<<: b}", " ", "f:1: inner: << needs an alias of a mapping"},
		{"merge of itself", "inner: &i {<<: *i}", " ", "f:1: inner: << is nested more than 8 times: use fewer"},
		{"twice", "name: a\nname: b", "a ", "f:2: name: is given twice"},
		{"twice in what is merged", "list: [{<<: {name: a, name: b}}]", "  a", "f:1: list[0].name: is given twice"},
		{"unknown", "inner:\n  nam: b\n  other: c", " ", "f:2: inner.nam: is unknown: did you mean name?\nf:3: inner.other: is unknown: known are name"},
		{"near in length", "names: a", " ", "f:1: names: is unknown: did you mean name?"},
		{"kinds", "name: 1\nsize: x\non: 'true'\ninner: [a]\nlist: a", " ", "f:1: name: has to be a string: quote it\n" +
			"f:2: size: has to be a whole number without quotes\nf:3: on: has to be true or false without quotes\n" +
			"f:4: inner: expected fields, found a list: indent them below \"inner\"\n" +
			"f:5: list: expected a list, found \"a\": begin each entry with a dash"},
		{"bounds", "size: 10", " ", "f:1: size: 10 is not within 1 and 9"},
		{"syntax", "name: a\n---\nname: [", "a ", "f:3: is not YAML: did not find expected node content"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, faults := read(c.text)
			if d := cmp.Diff(c.got, strings.Join(got, " ")); d != "" {
				t.Errorf("values (-want +got):\n%s", d)
			}
			if d := cmp.Diff(c.faults, faults); d != "" {
				t.Errorf("faults (-want +got):\n%s", d)
			}
		})
	}
}

// A file of a few kB can name more values than memory holds: that is refused once, and early.
func TestAliasesAreBounded(t *testing.T) {
	many := strings.Repeat("*a,", 2000)
	_, faults := read("a: &a {x: 1}\nb: &b {<<: [" + many + "]}\nlist: [{<<: [" + strings.ReplaceAll(many, "a", "b") + "]}]")
	if n := strings.Count(faults, "aliases expand to more than 1000000 values"); n != 1 {
		t.Errorf("%d such faults: %.200s", n, faults)
	}
}

func TestReaderReportsSoMuch(t *testing.T) {
	_, faults := read(strings.Repeat("name: a\n", 2*maxErrors))
	if n := strings.Count(faults, "\n") + 1; n != maxErrors {
		t.Errorf("%d faults, want %d", n, maxErrors)
	}
}

func TestReadAllIsBounded(t *testing.T) {
	if _, err := ReadAll(strings.NewReader(strings.Repeat(" ", maxFile+1))); err == nil || err.Error() != "larger than 16 MB" {
		t.Errorf("error %v", err)
	}
}

func TestErrorKeepsItsCause(t *testing.T) {
	err := error(&Error{File: "f", Object: "Kind n", Field: "a.b", Msg: "cannot be read", Err: fs.ErrNotExist})
	if !errors.Is(err, fs.ErrNotExist) || err.Error() != "f: Kind n: a.b: cannot be read" {
		t.Errorf("%v", err)
	}
}
