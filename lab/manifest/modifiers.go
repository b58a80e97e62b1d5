package manifest

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/expr-lang/expr"

	"kafka_burndown_exporter/internal/scale"
	"kafka_burndown_exporter/lab/strictyaml"
)

func (r *reader) modifiers(m *strictyaml.Mapping, o *Object) {
	if m == nil || len(m.Keys) == 0 {
		return
	}
	mod := &scale.Modifiers{Text: m.Text("formula"), TargetText: m.Text("target")}
	if m.Enum("metricType", "AverageValue", "Value") == "Value" {
		mod.Kind = scale.Value
	}
	activation := m.Text("activationTarget")
	m.Done()
	if mod.Text == "" {
		m.Fail("formula", "is missing")
		return
	}
	var err error
	if mod.Target, err = strconv.ParseFloat(mod.TargetText, 64); err != nil || !(mod.Target > 0) || math.IsInf(mod.Target, 0) {
		m.Fail("target", "%q must be a number above 0", mod.TargetText)
	}
	if activation != "" {
		if mod.ActivationTarget, err = strconv.ParseFloat(activation, 64); err != nil {
			m.Fail("activationTarget", "%q is not a number", activation)
		}
	}
	names := map[string]float64{}
	for i := range o.Scale.Triggers {
		if t := &o.Scale.Triggers[i]; !t.IsResource() && t.Name != "" {
			names[t.Name] = -1
		}
	}
	if mod.Formula, err = compileFormula(mod.Text, names); err != nil {
		m.Fail("formula", "%s", strings.Join(strings.Fields(err.Error()), " "))
		return
	}
	o.Scale.Modifiers = mod
}

// compileFormula compiles a formula over the trigger names and tries it once, as KEDA's admission does.
func compileFormula(text string, names map[string]float64) (scale.Formula, error) {
	program, err := expr.Compile(castFormula(text), expr.Env(names))
	if err != nil {
		return nil, fmt.Errorf("compile: %w", err)
	}
	if _, err := expr.Run(program, names); err != nil {
		return nil, fmt.Errorf("try: %w", err)
	}
	return func(values map[string]any) (float64, bool, error) {
		out, err := expr.Run(program, values)
		if err != nil {
			return 0, false, fmt.Errorf("evaluate the formula: %w", err)
		}
		if out == nil {
			return 0, true, nil
		}
		v, ok := out.(float64)
		if !ok {
			return 0, false, fmt.Errorf("the formula gave %T, not a number", out)
		}
		return v, false, nil
	}, nil
}

// castFormula makes the result a float where the formula may give an integer, and keeps nil where ?? may give it.
func castFormula(text string) string {
	switch {
	case strings.Contains(text, "??"):
		return "let _result = (" + text + "); _result == nil ? nil : float(_result)"
	case strings.HasPrefix(text, "float("):
		return text
	default:
		return "float(" + text + ")"
	}
}
