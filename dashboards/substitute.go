package dashboards

import "strings"

// Values are what a reader chose at the top of a dashboard, and what Grafana fills in itself.
type Values struct {
	Group, Topic, HPA, ScaledObject string // Topic empty: all
	RateInterval, Range             string
}

// Substitute puts values for the variables of an expression as Grafana does. The identity variables are left at All.
func (v Values) Substitute(expr string) string {
	topic := ".*"
	if v.Topic != "" {
		topic = v.Topic
	}
	pairs := []string{
		"${group:doublequote}", DoubleQuote(v.Group),
		"${hpa:doublequote}", DoubleQuote(v.HPA),
		"${scaledobject:doublequote}", DoubleQuote(v.ScaledObject),
		"$__rate_interval", v.RateInterval,
		"$__range", v.Range,
		"$strimzi_io_cluster", ".*",
		"$namespace", ".*",
		"$cluster", ".*",
		"$topic", topic,
		"$job", ".*",
	}
	return strings.NewReplacer(pairs...).Replace(expr)
}

// DoubleQuote is Grafana's format of the same name: double quotes around, those inside escaped, nothing else.
func DoubleQuote(value string) string {
	return `"` + strings.ReplaceAll(value, `"`, `\"`) + `"`
}
