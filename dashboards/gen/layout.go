package main

import "kafka_burndown_exporter/dashboards"

// line is a horizontal strip of panels of one height, which share the width.
type line struct {
	height int
	panels []dashboards.Panel
}

// section is a row's title and the lines below it.
type section struct {
	title string
	lines []line
}

// layout gives every panel its id and place.
func layout(sections []section) []dashboards.Panel {
	var out []dashboards.Panel
	id, y := 0, 0
	for _, s := range sections {
		id++
		closed := false
		out = append(out, dashboards.Panel{
			ID: id, Type: "row", Title: s.title, GridPos: dashboards.GridPos{H: 1, W: 24, Y: y}, Collapsed: &closed,
		})
		y++
		for _, l := range s.lines {
			for i, p := range l.panels {
				id++
				left, right := 24*i/len(l.panels), 24*(i+1)/len(l.panels)
				p.ID, p.GridPos = id, dashboards.GridPos{H: l.height, W: right - left, X: left, Y: y}
				out = append(out, p)
			}
			y += l.height
		}
	}
	return out
}

// variables builds the choices: the data source, the identity of the cluster, then what the dashboard adds.
func variables(own ...dashboards.Variable) dashboards.Templating {
	list := []dashboards.Variable{{
		Name: "datasource", Label: "Data source", Type: "datasource", Query: "prometheus",
		Current: map[string]any{}, Options: []any{}, Refresh: 1,
	}}
	for _, v := range []struct{ name, label string }{
		{"job", "Job"}, {"cluster", "Cluster"}, {"namespace", "Namespace"}, {"strimzi_io_cluster", "Strimzi cluster"},
	} {
		list = append(list, all(choice(v.name, v.label, "label_values(consumergroup:kafka_group_members:max, "+v.name+")")))
	}
	return dashboards.Templating{List: append(list, own...)}
}

// choice is a variable with one value out of those that Prometheus has.
func choice(name, label, definition string) dashboards.Variable {
	return dashboards.Variable{
		Name: name, Label: label, Type: "query", Definition: definition, Datasource: source(),
		Query:   map[string]any{"query": definition, "refId": "variable-" + name, "qryType": 1},
		Refresh: 2, Sort: 1, Current: map[string]any{}, Options: []any{},
	}
}

// all lets a choice stand open, series without that label included.
func all(v dashboards.Variable) dashboards.Variable {
	v.IncludeAll, v.AllValue = true, ".*"
	v.Current = map[string]any{"text": "All", "value": "$__all"}
	return v
}

const tag = "kafka-burndown-exporter"

func dashboard(uid, title, description string, own []dashboards.Variable, sections []section) dashboards.Dashboard {
	return dashboards.Dashboard{
		UID: uid, Title: title, Description: description, Tags: []string{tag}, Editable: true, GraphTooltip: 1,
		Refresh: "30s", SchemaVersion: dashboards.SchemaVersion, Time: dashboards.TimeRange{From: "now-3h", To: "now"},
		Templating: variables(own...),
		Links: []dashboards.Link{{
			Title: "Kafka", Type: "dashboards", Tags: []string{tag}, AsDropdown: true, IncludeVars: true, KeepTime: true,
		}},
		Panels: layout(sections),
	}
}
