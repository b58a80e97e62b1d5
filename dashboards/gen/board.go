package main

import (
	"fmt"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"

	"kafka_burndown_exporter/dashboards/gen/names"
)

// board is a dashboard before panels have their places: rows of panels under titles.
type board struct {
	uid, title, description string
	variables               []dashboard.VariableModel // on top of the data source and the identity of the cluster
	rows                    []row
}

// row is a title and the lines of panels below it. The panels of a line share its width and height.
type row struct {
	title string
	lines []line
}

type line struct {
	height uint32
	panels []cog.Builder[dashboard.Panel]
}

const tag = "kafka-burndown-exporter"

// schema is Grafana's version of the schema in 10.4, the oldest release that the dashboards are for. Later ones read it.
const schema = 39

// grafana is a dashboard in the first version of the schema: Grafana 10 and 11 do not read the second.
type grafana = dashboard.Dashboard //nolint:staticcheck // deprecated for the second

func build(boards ...board) ([]grafana, error) {
	var all []grafana
	for _, b := range boards {
		d, err := b.build()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", b.uid, err)
		}
		all = append(all, d)
	}
	return all, nil
}

func (b board) build() (grafana, error) {
	panels, err := b.panels()
	if err != nil {
		return grafana{}, err
	}
	d := *dashboard.NewDashboard()
	d.Uid, d.Title, d.Description, d.Tags, d.SchemaVersion = &b.uid, &b.title, &b.description, []string{tag}, schema
	d.GraphTooltip, d.Refresh = cog.ToPtr(dashboard.DashboardCursorSyncCrosshair), cog.ToPtr("30s")
	d.Time = &dashboard.DashboardDashboardTime{From: "now-3h", To: "now"}
	d.Templating.List = append(clusterVariables(), b.variables...)
	d.Links = []dashboard.DashboardLink{{
		Title: "Kafka", Type: dashboard.DashboardLinkTypeDashboards, Icon: "external link", Tags: []string{tag},
		AsDropdown: true, IncludeVars: true, KeepTime: true,
	}}
	d.Panels = panels
	return d, d.Validate()
}

// panels gives every panel its id and place.
func (b board) panels() ([]dashboard.PanelOrRowPanel, error) {
	var out []dashboard.PanelOrRowPanel
	var id, y uint32
	for _, r := range b.rows {
		id++
		title := dashboard.NewRowPanel()
		title.Id, title.Title, title.GridPos = id, &r.title, &dashboard.GridPos{H: 1, W: 24, Y: y}
		out = append(out, dashboard.PanelOrRowPanel{RowPanel: title})
		y++
		for _, l := range r.lines {
			n := uint32(len(l.panels))
			for i, builder := range l.panels {
				p, err := builder.Build()
				if err != nil {
					return nil, err
				}
				id++
				left, right := 24*uint32(i)/n, 24*uint32(i+1)/n
				p.Id, p.GridPos = cog.ToPtr(id), &dashboard.GridPos{H: l.height, W: right - left, X: left, Y: y}
				out = append(out, dashboard.PanelOrRowPanel{Panel: &p})
			}
			y += l.height
		}
	}
	return out, nil
}

// source is the data source that the reader chose.
func source() common.DataSourceRef {
	return common.DataSourceRef{Type: cog.ToPtr("prometheus"), Uid: cog.ToPtr("${datasource}")}
}

// clusterVariables choose the data source and the cluster. All stands for every value of a label, and for no value.
func clusterVariables() []dashboard.VariableModel {
	list := []dashboard.VariableModel{{
		Type: dashboard.VariableTypeDatasource, Name: "datasource", Label: cog.ToPtr("Data source"),
		Query: &dashboard.StringOrMap{String: cog.ToPtr("prometheus")}, Current: chosen("default", "default"),
		Refresh: cog.ToPtr(dashboard.VariableRefreshOnDashboardLoad),
	}}
	labels := map[string]string{
		"job": "Job", "cluster": "Cluster", "namespace": "Namespace", "strimzi_io_cluster": "Strimzi cluster",
	}
	for _, name := range names.Identity() {
		list = append(list, all(choice(name, labels[name], valuesOf(names.ConsumergroupGroupMembersMax, name))))
	}
	return list
}

// valuesOf asks for the values that a label has in the series of a selector.
func valuesOf(selector, label string) string { return "label_values(" + selector + ", " + label + ")" }

// choice is a variable with one of the values that Prometheus answers.
func choice(name, label, definition string) dashboard.VariableModel {
	datasource := source()
	return dashboard.VariableModel{
		Type: dashboard.VariableTypeQuery, Name: name, Label: &label, Definition: &definition, Datasource: &datasource,
		Query: &dashboard.StringOrMap{Map: map[string]any{
			"query": definition, "refId": "variable-" + name, "qryType": 1, // qryType 1: label values
		}},
		Current: chosen("", ""),
		Refresh: cog.ToPtr(dashboard.VariableRefreshOnTimeRangeChanged), Sort: cog.ToPtr(dashboard.VariableSortAlphabeticalAsc),
	}
}

// all lets a choice stand open.
func all(v dashboard.VariableModel) dashboard.VariableModel {
	v.IncludeAll, v.AllValue, v.Current = cog.ToPtr(true), cog.ToPtr(".*"), chosen("All", "$__all")
	return v
}

// several allows more than one value.
func several(v dashboard.VariableModel) dashboard.VariableModel {
	many := func(one dashboard.StringOrArrayOfString) dashboard.StringOrArrayOfString {
		return dashboard.StringOrArrayOfString{ArrayOfString: []string{*one.String}}
	}
	v.Multi = cog.ToPtr(true)
	v.Current = &dashboard.VariableOption{Text: many(v.Current.Text), Value: many(v.Current.Value)}
	return v
}

func chosen(text, value string) *dashboard.VariableOption {
	return &dashboard.VariableOption{
		Text: dashboard.StringOrArrayOfString{String: &text}, Value: dashboard.StringOrArrayOfString{String: &value},
	}
}
