package manifest

import (
	"fmt"
	"strconv"

	"go.yaml.in/yaml/v3"
)

// Error is a fault of a manifest, with its place.
type Error struct {
	File string
	// Line is 0 where it is not known.
	Line int
	// Object is kind and namespace/name, as far as they are known.
	Object string
	// Field is the path inside the object.
	Field string
	Msg   string
}

func (e *Error) Error() string {
	text := e.File
	if e.Line > 0 {
		text += ":" + strconv.Itoa(e.Line)
	}
	if e.Object != "" {
		text += ": " + e.Object
	}
	if e.Field != "" {
		text += ": " + e.Field
	}
	return text + ": " + e.Msg
}

// maxErrors bounds what one file reports.
const maxErrors = 50

// reader collects the faults of one object.
type reader struct {
	file   string
	object string
	errs   []error
	// nodes counts visited nodes, which aliases can multiply.
	nodes int
}

const maxNodes = 100_000

func (r *reader) fail(n *yaml.Node, field, format string, args ...any) {
	if len(r.errs) >= maxErrors {
		return
	}
	line := 0
	if n != nil {
		line = n.Line
	}
	r.errs = append(r.errs, &Error{File: r.file, Line: line, Object: r.object, Field: field, Msg: fmt.Sprintf(format, args...)})
}
