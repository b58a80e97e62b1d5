package main

import (
	"kafka_burndown_exporter/dashboards"
)

// The identity of a cluster, as the rules have it. Every selector names all of it, so that two clusters with the same
// group names stay apart.
const (
	identity   = `job=~"$job", cluster=~"$cluster", namespace=~"$namespace", strimzi_io_cluster=~"$strimzi_io_cluster"`
	byIdentity = `job, cluster, namespace, strimzi_io_cluster`
	// A group's name is inserted quoted and matched exactly: it may hold anything a regular expression would take.
	oneGroup = identity + `, consumergroup=${group:doublequote}`
	// What kube-state-metrics and KEDA publish may have no cluster label, and then belongs to any.
	oneCluster = `cluster=~"$cluster|"`
	oneHPA     = oneCluster + `, horizontalpodautoscaler=${hpa:doublequote}`
)

// Units as Grafana names them.
const (
	short    = "short"
	seconds  = "s"
	perSec   = "cps"
	percent  = "percentunit"
	bytesIEC = "bytes"
	boolean  = "bool_yes_no"
)

// source is the data source that the reader chose.
func source() *dashboards.Datasource {
	return &dashboards.Datasource{Type: "prometheus", UID: "${datasource}"}
}

// steps builds thresholds from pairs of colour and value; the first colour has no value.
func steps(first string, rest ...any) dashboards.Thresholds {
	t := dashboards.Thresholds{Mode: "absolute", Steps: []dashboards.Step{{Color: first}}}
	for i := 0; i+1 < len(rest); i += 2 {
		v := rest[i+1].(float64)
		t.Steps = append(t.Steps, dashboards.Step{Color: rest[i].(string), Value: &v})
	}
	return t
}

func plain() dashboards.Thresholds { return steps("green") }

// query is one target: an expression and what its series are called.
type query struct{ expr, legend string }

func targets(queries []query, instant bool) []dashboards.Target {
	var out []dashboards.Target
	for i, q := range queries {
		out = append(out, dashboards.Target{
			RefID: string(rune('A' + i)), Expr: q.expr, LegendFormat: q.legend, Datasource: source(), EditorMode: "code",
			Range: !instant, Instant: instant,
		})
	}
	return out
}

// timeseries draws queries over time.
func timeseries(title, description, unit string, thresholds dashboards.Thresholds, queries ...query) dashboards.Panel {
	zero := 0.0
	return dashboards.Panel{
		Type: "timeseries", Title: title, Description: description, Datasource: source(),
		Targets: targets(queries, false),
		FieldConfig: &dashboards.FieldConfig{
			Defaults: dashboards.FieldDefaults{
				Unit: unit, Min: &zero, Thresholds: thresholds, Mappings: []any{},
				Color: map[string]any{"mode": "palette-classic"},
				Custom: map[string]any{
					"drawStyle": "line", "lineWidth": 1, "fillOpacity": 10, "showPoints": "never", "spanNulls": false,
					"thresholdsStyle": map[string]any{"mode": thresholdStyle(thresholds)},
				},
			},
			Overrides: []dashboards.Override{},
		},
		Options: map[string]any{
			"legend": map[string]any{
				"displayMode": "table", "placement": "bottom", "showLegend": true, "calcs": []string{"lastNotNull", "max"},
			},
			"tooltip": map[string]any{"mode": "multi", "sort": "desc"},
		},
	}
}

func thresholdStyle(t dashboards.Thresholds) string {
	if len(t.Steps) > 1 {
		return "dashed"
	}
	return "off"
}

// stat shows one number and its recent course.
func stat(title, description, unit string, thresholds dashboards.Thresholds, q query) dashboards.Panel {
	return dashboards.Panel{
		Type: "stat", Title: title, Description: description, Datasource: source(), Targets: targets([]query{q}, false),
		FieldConfig: &dashboards.FieldConfig{
			Defaults: dashboards.FieldDefaults{
				Unit: unit, Thresholds: thresholds, Mappings: []any{}, NoValue: "unknown",
				Color: map[string]any{"mode": "thresholds"},
			},
			Overrides: []dashboards.Override{},
		},
		Options: map[string]any{
			"colorMode": "value", "graphMode": "area", "justifyMode": "auto", "textMode": "auto", "orientation": "auto",
			"reduceOptions": map[string]any{"calcs": []string{"lastNotNull"}, "fields": "", "values": false},
		},
	}
}

// rightAxis puts the series of one query on an axis of its own.
func rightAxis(p dashboards.Panel, refID, unit string) dashboards.Panel {
	p.FieldConfig.Overrides = append(p.FieldConfig.Overrides, dashboards.Override{
		Matcher: dashboards.Matcher{ID: "byFrameRefID", Options: refID},
		Properties: []dashboards.Property{
			{ID: "custom.axisPlacement", Value: "right"}, {ID: "unit", Value: unit}, {ID: "custom.fillOpacity", Value: 0},
			{ID: "custom.lineStyle", Value: map[string]any{"fill": "dash", "dash": []int{10, 10}}},
		},
	})
	return p
}

// dashed draws the series of one query as a dashed line without a fill: a limit or a target.
func dashed(p dashboards.Panel, refID string) dashboards.Panel {
	p.FieldConfig.Overrides = append(p.FieldConfig.Overrides, dashboards.Override{
		Matcher: dashboards.Matcher{ID: "byFrameRefID", Options: refID},
		Properties: []dashboards.Property{
			{ID: "custom.fillOpacity", Value: 0},
			{ID: "custom.lineStyle", Value: map[string]any{"fill": "dash", "dash": []int{10, 10}}},
		},
	})
	return p
}

// logarithmic makes the axis logarithmic, for values that span magnitudes.
func logarithmic(p dashboards.Panel) dashboards.Panel {
	p.FieldConfig.Defaults.Custom["scaleDistribution"] = map[string]any{"type": "symlog", "log": 2, "linearThreshold": 1}
	return p
}
