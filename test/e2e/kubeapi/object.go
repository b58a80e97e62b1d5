package kubeapi

import (
	"context"
	"fmt"
	"strings"
)

// Nested follows keys into an object; nil where one is missing.
func Nested(obj Object, keys ...string) any {
	var at any = obj
	for _, key := range keys {
		m, ok := at.(Object)
		if !ok {
			return nil
		}
		at = m[key]
	}
	return at
}

// String is the text at keys, empty where there is none.
func String(obj Object, keys ...string) string {
	s, _ := Nested(obj, keys...).(string)
	return s
}

// Int is the number at keys, 0 where there is none.
func Int(obj Object, keys ...string) int {
	f, _ := Nested(obj, keys...).(float64)
	return int(f)
}

// List is the list at keys; elements that are no objects are left out.
func List(obj Object, keys ...string) []Object {
	raw, _ := Nested(obj, keys...).([]any)
	out := make([]Object, 0, len(raw))
	for _, e := range raw {
		if m, ok := e.(Object); ok {
			out = append(out, m)
		}
	}
	return out
}

// Condition returns an object's status condition of that type; nil if it has none.
func Condition(obj Object, kind string) Object {
	for _, c := range List(obj, "status", "conditions") {
		if String(c, "type") == kind {
			return c
		}
	}
	return nil
}

// PathOf asks the API server where objects of obj's kind live and returns obj's path; namespace is for namespaced
// objects that name none.
func (c *Client) PathOf(ctx context.Context, obj Object, namespace string) (string, error) {
	version, kind := String(obj, "apiVersion"), String(obj, "kind")
	root := "/apis/" + version
	if !strings.Contains(version, "/") {
		root = "/api/" + version
	}
	known, err := c.Get(ctx, root)
	if err != nil {
		return "", fmt.Errorf("discover %s: %w", version, err)
	}
	for _, r := range List(known, "resources") {
		if String(r, "kind") != kind || strings.Contains(String(r, "name"), "/") {
			continue
		}
		path := root
		if namespaced, _ := r["namespaced"].(bool); namespaced {
			if ns := String(obj, "metadata", "namespace"); ns != "" {
				namespace = ns
			}
			path += "/namespaces/" + namespace
		}
		return path + "/" + String(r, "name") + "/" + String(obj, "metadata", "name"), nil
	}
	return "", fmt.Errorf("the API server knows no kind %s in %s", kind, version)
}
