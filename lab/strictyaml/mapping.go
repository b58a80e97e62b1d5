package strictyaml

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Mapping is a YAML mapping being read, aliases and merge keys resolved. Every key has to be asked for: Done reports
// the rest. A nil Mapping is one that is missing, and has no fields.
type Mapping struct {
	*Reader
	Path string
	Node *yaml.Node
	// Keys are in the order of the text, merged ones last.
	Keys  []*yaml.Node
	Items map[string]*yaml.Node
	known map[string]bool
}

// Mapping opens a node as a mapping; nil where it is none, which is reported.
func (r *Reader) Mapping(n *yaml.Node, path string) *Mapping {
	if n = Resolve(n); n == nil {
		return nil
	}
	if n.Kind != yaml.MappingNode {
		where := path[strings.LastIndexByte(path, '.')+1:]
		if where != "" {
			where = fmt.Sprintf(": indent them below %q", where)
		}
		r.Fail(n, path, "expected fields, found %s%s", kindName(n), where)
		return nil
	}
	m := &Mapping{Reader: r, Path: path, Node: n, Items: map[string]*yaml.Node{}, known: map[string]bool{}}
	if !m.add(n, 0) {
		return nil
	}
	return m
}

// add takes over the pairs of a mapping that are not there yet: what stands in the mapping itself wins over what it
// merges. It reports false where it cannot go on.
func (m *Mapping) add(n *yaml.Node, depth int) bool {
	own := map[string]bool{}
	var merges []*yaml.Node
	for i := 0; i+1 < len(n.Content); i += 2 {
		if !m.visit(n, m.Path) {
			return false
		}
		key, value := Resolve(n.Content[i]), Resolve(n.Content[i+1])
		if key.Tag == "!!merge" || key.Value == "<<" && key.Tag != "!!str" {
			merges = append(merges, value)
			continue
		}
		if own[key.Value] {
			m.Reader.Fail(key, m.Field(key.Value), "%s", m.Words.Twice)
			continue
		}
		own[key.Value] = true
		if m.Items[key.Value] == nil {
			m.Items[key.Value] = value
			m.Keys = append(m.Keys, key)
		}
	}
	for _, v := range merges {
		if depth == maxMerges {
			m.Reader.Fail(n, m.Path, "<< is nested more than %d times: use fewer", maxMerges)
			return false
		}
		if !m.merge(v, depth+1) {
			return false
		}
	}
	return true
}

// merge takes over what a merge key names: a mapping, or a list of mappings.
func (m *Mapping) merge(v *yaml.Node, depth int) bool {
	from := []*yaml.Node{v}
	if v.Kind == yaml.SequenceNode {
		from = v.Content
	}
	for _, item := range from {
		if item = Resolve(item); item.Kind != yaml.MappingNode {
			m.Reader.Fail(v, m.Path, "<< needs an alias of a mapping")
			return false
		}
		if !m.visit(v, m.Path) || !m.add(item, depth) {
			return false
		}
	}
	return true
}

// Field is the path of a key.
func (m *Mapping) Field(key string) string {
	if m.Path == "" {
		return key
	}
	return m.Path + "." + key
}

// Fail records a fault of a key, at its value or, where it is missing, at the mapping.
func (m *Mapping) Fail(key, format string, args ...any) {
	n := m.Items[key]
	if n == nil {
		n = m.Node
	}
	m.Reader.Fail(n, m.Field(key), format, args...)
}

// Allow marks keys as known, whatever they hold.
func (m *Mapping) Allow(keys ...string) {
	if m == nil {
		return
	}
	for _, k := range keys {
		m.known[k] = true
	}
}

// Get marks a key as known and returns its node; nil where it is missing or null.
func (m *Mapping) Get(key string) *yaml.Node {
	if m == nil {
		return nil
	}
	m.known[key] = true
	n := m.Items[key]
	if n != nil && n.Kind == yaml.ScalarNode && n.Tag == "!!null" {
		return nil
	}
	return n
}

// Has marks a key as known and reports whether it has a value.
func (m *Mapping) Has(key string) bool { return m.Get(key) != nil }

// Child opens a nested mapping, nil where it is missing.
func (m *Mapping) Child(key string) *Mapping {
	if n := m.Get(key); n != nil {
		return m.Mapping(n, m.Field(key))
	}
	return nil
}

// Need opens a nested mapping that has to be there.
func (m *Mapping) Need(key string) *Mapping {
	if m != nil && !m.Has(key) {
		m.Fail(key, "is missing")
	}
	return m.Child(key)
}

// List returns the entries of a sequence.
func (m *Mapping) List(key string) []*yaml.Node {
	if n := m.Get(key); n != nil {
		return m.Reader.List(n, m.Field(key))
	}
	return nil
}

// Children opens the entries of a sequence as mappings, and leaves out those that are none.
func (m *Mapping) Children(key string) (out []*Mapping) {
	for i, n := range m.List(key) {
		if c := m.Mapping(n, fmt.Sprintf("%s[%d]", m.Field(key), i)); c != nil {
			out = append(out, c)
		}
	}
	return out
}

// Text reads a string.
func (m *Mapping) Text(key string) string {
	n := m.Get(key)
	if n == nil {
		return ""
	}
	if n.Kind != yaml.ScalarNode || n.Tag != "!!str" {
		m.Fail(key, "has to be a string: quote it")
		return ""
	}
	return n.Value
}

// Enum reads one of several words.
func (m *Mapping) Enum(key string, words ...string) string {
	v := m.Text(key)
	if v != "" && !slices.Contains(words, v) {
		m.Fail(key, "%q is not one of %s", v, strings.Join(words, ", "))
		return ""
	}
	return v
}

// Int reads a whole number within bounds, nil where it is missing.
func (m *Mapping) Int(key string, lo, hi int64) *int64 {
	n := m.Get(key)
	if n == nil {
		return nil
	}
	v, err := strconv.ParseInt(n.Value, 10, 64)
	switch {
	case n.Kind != yaml.ScalarNode || n.Tag != "!!int" || err != nil:
		m.Fail(key, "has to be a whole number without quotes")
	case v < lo || v > hi:
		m.Fail(key, "%d is not within %d and %d", v, lo, hi)
	default:
		return &v
	}
	return nil
}

// Int32 is Int for bounds within 32 bits.
func (m *Mapping) Int32(key string, lo, hi int32) *int32 {
	v := m.Int(key, int64(lo), int64(hi))
	if v == nil {
		return nil
	}
	small := int32(*v)
	return &small
}

// Bool reads true or false, false where it is missing.
func (m *Mapping) Bool(key string) bool {
	n := m.Get(key)
	if n == nil {
		return false
	}
	v, err := strconv.ParseBool(n.Value)
	if n.Kind != yaml.ScalarNode || n.Tag != "!!bool" || err != nil {
		m.Fail(key, "has to be true or false without quotes")
		return false
	}
	return v
}

// Done reports the keys nobody asked for, with the one that is meant or all there are.
func (m *Mapping) Done() {
	if m == nil {
		return
	}
	for _, k := range m.Keys {
		if !m.known[k.Value] {
			m.Reader.Fail(k, m.Field(k.Value), "%s: %s", m.Words.Unknown, suggest(k.Value, slices.Sorted(maps.Keys(m.known))))
		}
	}
}

// suggest names the field that begins as the name does and is nearest in length, or all there are.
func suggest(name string, known []string) string {
	best, least := "", math.MaxInt
	for _, k := range known {
		a, b := strings.ToLower(k), strings.ToLower(name)
		apart := max(len(a), len(b)) - min(len(a), len(b))
		if b != "" && apart < least && (strings.HasPrefix(a, b) || strings.HasPrefix(b, a)) {
			best, least = k, apart
		}
	}
	if best != "" {
		return "did you mean " + best + "?"
	}
	return "known are " + strings.Join(known, ", ")
}
