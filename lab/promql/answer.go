package promql

import (
	"fmt"
	"math"
)

// Element is one element of an instant vector.
type Element struct {
	Labels Labels
	Value  float64
}

// Answer is what a query answers at one time.
type Answer struct {
	// Elements of the vector, in the engine's order; they live until the query is asked again. A scalar is one element
	// without labels, a matrix has an element for each series with its newest value, a string has none.
	Elements []Element
	// Type is one of the types below, as in the resultType of Prometheus's API.
	Type string
	// Err is Prometheus's error: the query failed.
	Err error
}

// One is the value of an answer that is exactly one sample.
func (a Answer) One() (float64, bool) {
	if a.Err != nil || a.Type != TypeVector || len(a.Elements) != 1 {
		return 0, false
	}
	return a.Elements[0].Value, true
}

// The types of an answer.
const (
	TypeVector = "vector"
	TypeScalar = "scalar"
	TypeMatrix = "matrix"
	TypeString = "string"
)

// KEDA is the value that KEDA v2.21 takes from an answer, or its error. With ignoreNullValues, KEDA's default, an empty
// answer, NaN and infinities count as 0.
func (a Answer) KEDA(query string, ignoreNullValues bool) (float64, error) {
	null := func(reason string, args ...any) (float64, error) {
		if ignoreNullValues {
			return 0, nil
		}
		return 0, fmt.Errorf(reason, args...)
	}
	switch {
	case a.Err != nil:
		return 0, fmt.Errorf("prometheus query api returned error. status: 422 (%w)", a.Err)
	case a.Type == TypeScalar, a.Type == TypeString:
		return 0, fmt.Errorf("json: cannot unmarshal number into Go struct field .data.result "+
			"(the query answers a %s, KEDA reads vectors)", a.Type)
	case len(a.Elements) == 0:
		return null("prometheus metrics 'prometheus' target may be lost, the result is empty")
	case len(a.Elements) > 1:
		return 0, fmt.Errorf("prometheus query %s returned multiple elements", query)
	case a.Type == TypeMatrix:
		return null("prometheus metrics 'prometheus' target may be lost, the value list is empty")
	}
	v := a.Elements[0].Value
	if math.IsInf(v, 0) || math.IsNaN(v) {
		return null("prometheus query returns %f", v)
	}
	return v, nil
}
