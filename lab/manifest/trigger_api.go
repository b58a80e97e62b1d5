package manifest

import (
	"fmt"
	"net/url"
	"strings"

	"kafka_burndown_exporter/internal/scale"
)

// The exporter's own API is the one that is simulated: GET /desired/GROUP, as internal/web serves it.
const (
	desiredPath  = "/desired/"
	desiredValue = "desiredReplicas"
)

// AskDesired is the metadata of a metrics-api trigger that asks the exporter for the replicas that a group needs.
func AskDesired(group string) *scale.MetricsAPI {
	return &scale.MetricsAPI{URL: "http://kafka-burndown-exporter:9308" + desiredPath + url.PathEscape(group), ValueLocation: desiredValue, Target: 1}
}

// DesiredGroup is the group whose desired replicas a metrics-api trigger asks for; "" where it asks for something else.
func DesiredGroup(m *scale.MetricsAPI) string {
	u, err := url.Parse(m.URL)
	if err != nil || m.ValueLocation != desiredValue {
		return ""
	}
	// What is before it is the path of an ingress.
	_, group, found := strings.Cut(u.Path, desiredPath)
	if !found {
		return ""
	}
	return group
}

// metricsAPI reads what a metrics-api trigger says.
func (d *metadata) metricsAPI() *scale.MetricsAPI {
	m := &scale.MetricsAPI{
		URL: d.required("url"), ValueLocation: d.required("valueLocation"),
		Target: d.float("targetValue", 0), ActivationTarget: d.float("activationTargetValue", 0),
	}
	if d.required("targetValue") != "" && scale.Milli(m.Target) <= 0 {
		d.fail("targetValue", "has to be at least 0.001")
	}
	d.enum("format", "prometheus", "json", "xml", "yaml")
	d.enum("aggregationType", "average", "sum", "max", "min")
	d.timeout("timeout")
	for _, key := range []string{"unsafeSsl", "aggregateFromKubeServiceEndpoints"} {
		d.boolean(key, false)
	}
	for _, key := range []string{"method", "keyParamName"} {
		d.value(key)
	}
	d.authModes()
	return m
}

// otherAPI is the error of a metrics-api trigger that asks for something else than the exporter's desired replicas.
func otherAPI(m *scale.MetricsAPI, format string) error {
	if m.URL == "" || m.ValueLocation == "" {
		return nil // said already
	}
	if DesiredGroup(m) == "" || format != "" && format != "json" {
		return fmt.Errorf("of metrics APIs only the exporter's is simulated: url …%sGROUP with valueLocation %s in json", desiredPath, desiredValue)
	}
	return nil
}
