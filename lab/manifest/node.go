package manifest

import (
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// mapping is a YAML mapping being read: every key has to be asked for, what is left over is an error.
type mapping struct {
	r     *reader
	path  string
	node  *yaml.Node
	keys  []string
	items map[string]*yaml.Node
	used  map[string]bool
}

func resolve(n *yaml.Node) *yaml.Node {
	for n != nil && n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	return n
}

// mapping opens a node as a mapping; nil where it is none, which is reported.
func (r *reader) mapping(n *yaml.Node, path string) *mapping {
	n = resolve(n)
	if n == nil {
		return nil
	}
	if n.Kind != yaml.MappingNode {
		r.fail(n, path, "has to be a mapping of fields")
		return nil
	}
	m := &mapping{r: r, path: path, node: n, items: map[string]*yaml.Node{}, used: map[string]bool{}}
	m.add(n, false)
	return m
}

// add takes over the pairs of a mapping; merged ones give way to those already there.
func (m *mapping) add(n *yaml.Node, merged bool) {
	var merges []*yaml.Node
	for i := 0; i+1 < len(n.Content); i += 2 {
		if m.r.nodes++; m.r.nodes > maxNodes {
			m.r.fail(n, m.path, "aliases expand to more than %d values: use fewer", maxNodes)
			return
		}
		key, value := n.Content[i], resolve(n.Content[i+1])
		if key.Tag == "!!merge" || (key.Value == "<<" && key.Tag != "!!str") {
			merges = append(merges, value)
			continue
		}
		if _, ok := m.items[key.Value]; ok {
			if !merged {
				m.r.fail(key, m.field(key.Value), "is given twice")
			}
			continue
		}
		m.items[key.Value] = value
		m.keys = append(m.keys, key.Value)
	}
	for _, v := range merges {
		m.merge(v)
	}
}

func (m *mapping) merge(v *yaml.Node) {
	switch {
	case v == nil:
	case v.Kind == yaml.MappingNode:
		m.add(v, true)
	case v.Kind == yaml.SequenceNode:
		for _, item := range v.Content {
			if item = resolve(item); item.Kind == yaml.MappingNode {
				m.add(item, true)
			}
		}
	}
}

func (m *mapping) field(key string) string {
	if m.path == "" {
		return key
	}
	return m.path + "." + key
}

// get marks a key as known and returns its node; nil where it is missing or null.
func (m *mapping) get(key string) *yaml.Node {
	if m == nil {
		return nil
	}
	m.used[key] = true
	n := m.items[key]
	if n != nil && n.Kind == yaml.ScalarNode && n.Tag == "!!null" {
		return nil
	}
	return n
}

func (m *mapping) has(key string) bool { return m.get(key) != nil }

func (m *mapping) ignore(keys ...string) {
	if m == nil {
		return
	}
	for _, k := range keys {
		m.used[k] = true
	}
}

// child opens a nested mapping, nil where it is missing.
func (m *mapping) child(key string) *mapping {
	if m == nil {
		return nil
	}
	n := m.get(key)
	if n == nil {
		return nil
	}
	return m.r.mapping(n, m.field(key))
}

// list returns the elements of a sequence.
func (m *mapping) list(key string) []*yaml.Node {
	n := m.get(key)
	if n == nil {
		return nil
	}
	if n.Kind != yaml.SequenceNode {
		m.r.fail(n, m.field(key), "has to be a list")
		return nil
	}
	out := make([]*yaml.Node, 0, len(n.Content))
	for _, c := range n.Content {
		out = append(out, resolve(c))
	}
	return out
}

// text reads a string.
func (m *mapping) text(key string) string {
	n := m.get(key)
	if n == nil {
		return ""
	}
	if n.Kind != yaml.ScalarNode || n.Tag != "!!str" {
		m.r.fail(n, m.field(key), "has to be a string: quote it")
		return ""
	}
	return n.Value
}

// enum reads one of several words.
func (m *mapping) enum(key string, words ...string) string {
	v := m.text(key)
	if v != "" && !slices.Contains(words, v) {
		m.r.fail(m.items[key], m.field(key), "%q is not one of %s", v, strings.Join(words, ", "))
		return ""
	}
	return v
}

// int reads a whole number within bounds, nil where it is missing.
func (m *mapping) int(key string, lo, hi int64) *int64 {
	n := m.get(key)
	if n == nil {
		return nil
	}
	v, err := strconv.ParseInt(n.Value, 10, 64)
	if n.Kind != yaml.ScalarNode || n.Tag != "!!int" || err != nil {
		m.r.fail(n, m.field(key), "has to be a whole number without quotes")
		return nil
	}
	if v < lo || v > hi {
		m.r.fail(n, m.field(key), "%d is not within %d and %d", v, lo, hi)
		return nil
	}
	return &v
}

func (m *mapping) int32(key string, lo, hi int64) *int32 {
	v := m.int(key, lo, hi)
	if v == nil {
		return nil
	}
	small := int32(*v)
	return &small
}

func (m *mapping) boolean(key string) bool {
	n := m.get(key)
	if n == nil {
		return false
	}
	v, err := strconv.ParseBool(n.Value)
	if n.Kind != yaml.ScalarNode || n.Tag != "!!bool" || err != nil {
		m.r.fail(n, m.field(key), "has to be true or false without quotes")
		return false
	}
	return v
}

// done reports the keys nobody asked for.
func (m *mapping) done() {
	if m == nil {
		return
	}
	for _, k := range m.keys {
		if m.used[k] {
			continue
		}
		known := make([]string, 0, len(m.used))
		for u := range m.used {
			known = append(known, u)
		}
		slices.Sort(known)
		m.r.fail(m.items[k], m.field(k), "is not a field here: the fields are %s", strings.Join(known, ", "))
	}
}
