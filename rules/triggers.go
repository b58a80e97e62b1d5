package rules

import (
	"bytes"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
)

// TriggerQuery is one query of trigger-queries.yaml: what an autoscaler may ask, and how it has to ask it.
type TriggerQuery struct {
	Name        string `yaml:"name"`
	Description string `yaml:"description"`
	// Query is PromQL with the placeholders {{group}} and {{target}}; see Expr.
	Query string `yaml:"query"`
	// MetricType is Value or AverageValue.
	MetricType string `yaml:"metricType"`
	// Threshold is a starting point, ActivationThreshold what a trigger sets when minReplicaCount is 0.
	Threshold           string `yaml:"threshold"`
	ActivationThreshold string `yaml:"activationThreshold"`
	// MinReplicaCount is the smallest minReplicaCount the trigger may be used with.
	MinReplicaCount int `yaml:"minReplicaCount"`
	// ScaleToZero names the query that replaces this one when minReplicaCount is 0.
	ScaleToZero string `yaml:"scaleToZero"`
}

// Triggers is the content of trigger-queries.yaml.
type Triggers struct {
	Identity []string       `yaml:"identity"`
	Queries  []TriggerQuery `yaml:"queries"`
}

// TriggerQueries returns the shipped queries.
func TriggerQueries() (*Triggers, error) {
	data, err := Files.ReadFile(TriggerQueriesFile)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", TriggerQueriesFile, err)
	}
	var t Triggers
	dec := yaml.NewDecoder(bytes.NewReader(data))
	dec.KnownFields(true)
	if err := dec.Decode(&t); err != nil {
		return nil, fmt.Errorf("parse %s: %w", TriggerQueriesFile, err)
	}
	return &t, nil
}

// Expr fills the placeholders in: the group's name, quoted as PromQL wants it, and the trigger's threshold.
func (q TriggerQuery) Expr(group, threshold string) string {
	return strings.NewReplacer("{{group}}", EscapeLabel(group), "{{target}}", threshold).Replace(q.Query)
}

// EscapeLabel writes a label value as the inside of a PromQL string in double quotes.
func EscapeLabel(value string) string {
	return strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(value)
}
