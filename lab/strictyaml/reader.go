// Package strictyaml reads YAML that people write: every fault has a place, every field has to be known, nothing is
// given twice. What the fields mean belongs to the packages that use it.
package strictyaml

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Error is a fault of a file, with its place and the remedy.
type Error struct {
	File string
	// Line is 0 where it is not known.
	Line int
	// Object is what the field belongs to in a file of several objects, empty elsewhere.
	Object string
	// Field is the path of the field.
	Field string
	Msg   string
	// Err is the cause, nil where there is none.
	Err error
}

// Error is one line: the place, the field, the fault.
func (e *Error) Error() string {
	text := e.File
	if e.Line > 0 {
		text += ":" + strconv.Itoa(e.Line)
	}
	for _, part := range []string{e.Object, e.Field} {
		if part != "" {
			text += ": " + part
		}
	}
	return text + ": " + e.Msg
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Words are the texts of the faults that each kind of file words in its own way.
type Words struct{ Syntax, Unknown, Twice string }

// Reader collects the faults of one object or file.
type Reader struct {
	File, Object string
	Words        Words
	// Errs are the faults in the order they were found, an Error each.
	Errs []error

	visited int
}

const (
	// maxFile bounds a file.
	maxFile = 16 << 20
	// maxErrors bounds what one reader reports.
	maxErrors = 50
	// maxVisits bounds the values of a file, which aliases can multiply.
	maxVisits = 1_000_000
	// maxMerges bounds how deep merge keys refer to each other, for those that refer to themselves.
	maxMerges = 8
)

// Fail records a fault at a node; a nil node has no line.
func (r *Reader) Fail(n *yaml.Node, field, format string, args ...any) {
	if len(r.Errs) >= maxErrors {
		return
	}
	e := &Error{File: r.File, Object: r.Object, Field: field, Msg: fmt.Sprintf(format, args...)}
	if n != nil {
		e.Line = n.Line
	}
	r.Errs = append(r.Errs, e)
}

// visit counts a value, and reports false where there were too many.
func (r *Reader) visit(n *yaml.Node, path string) bool {
	if r.visited++; r.visited == maxVisits+1 {
		r.Fail(n, path, "aliases expand to more than %d values: use fewer", maxVisits)
	}
	return r.visited <= maxVisits
}

// ReadAll reads a file of at most 16 MB.
func ReadAll(in io.Reader) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(in, maxFile+1))
	if err == nil && len(data) > maxFile {
		err = fmt.Errorf("larger than %d MB", maxFile>>20)
	}
	return data, err
}

var yamlLine = regexp.MustCompile(`^yaml: (?:line (\d+): )?`)

// Documents parses the documents of a file, up to the first that is not valid.
func (r *Reader) Documents(data []byte) (docs []*yaml.Node) {
	dec := yaml.NewDecoder(bytes.NewReader(data))
	for {
		var doc yaml.Node
		err := dec.Decode(&doc)
		switch {
		case errors.Is(err, io.EOF):
			return docs
		case err != nil:
			msg, at := OneLine(err), &yaml.Node{}
			if m := yamlLine.FindStringSubmatch(msg); m != nil {
				at.Line, _ = strconv.Atoi(m[1])
				msg = msg[len(m[0]):]
			}
			r.Fail(at, "", "%s: %s", r.Words.Syntax, msg)
			return docs
		case len(doc.Content) > 0:
			docs = append(docs, doc.Content[0])
		}
	}
}

// OneLine is the text of an error without its line breaks.
func OneLine(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }

// Resolve follows an alias.
func Resolve(n *yaml.Node) *yaml.Node {
	for n != nil && n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	return n
}

// List returns the entries of a sequence, aliases resolved; nil where it is none, which is reported.
func (r *Reader) List(n *yaml.Node, path string) []*yaml.Node {
	if n = Resolve(n); n.Kind != yaml.SequenceNode {
		r.Fail(n, path, "expected a list, found %s: begin each entry with a dash", kindName(n))
		return nil
	}
	out := make([]*yaml.Node, 0, len(n.Content))
	for _, c := range n.Content {
		if !r.visit(n, path) {
			return nil
		}
		out = append(out, Resolve(c))
	}
	return out
}

func kindName(n *yaml.Node) string {
	switch {
	case n.Kind == yaml.MappingNode:
		return "fields"
	case n.Kind == yaml.SequenceNode:
		return "a list"
	case n.Tag == "!!null":
		return "nothing"
	}
	return strconv.Quote(n.Value)
}

// Scalar reports whether a node is one value; where it is not, that is a fault.
func (r *Reader) Scalar(n *yaml.Node, path string) bool {
	if n.Kind != yaml.ScalarNode {
		r.Fail(n, path, "expected one value, found %s", kindName(n))
	}
	return n.Kind == yaml.ScalarNode
}
