package main

import "kafka_burndown_exporter/dashboards"

// fleet shows all groups: who is in trouble, and how badly.
func fleet() dashboards.Dashboard {
	return dashboard("kafka-fleet", "Kafka / Fleet",
		"All consumer groups: the worst waits, lag, completeness and lost data, and a row per group.", nil,
		[]section{
			{"Now", []line{{4, fleetStats()}}},
			{"Groups", []line{{9, []dashboards.Panel{groupTable()}}}},
			{"Over time", []line{{9, fleetWaits()}, {9, fleetTrouble()}}},
		})
}

func fleetStats() []dashboards.Panel {
	return []dashboards.Panel{
		stat("Groups", "Consumer groups that are sampled.", short, plain(),
			query{`count(consumergroup:kafka_group_complete:max{` + identity + `})`, "groups"}),
		stat("Waiting > 60 s", "Groups in which a message that arrives now waits longer than 60 s.", short,
			steps("green", "red", 1.0),
			query{`sum(consumergroup:kafka_group_burndown_seconds:over60s{` + identity + `})`, "groups"}),
		stat("Worst burndown", "The longest expected wait of a message that arrives now.", seconds,
			steps("green", "orange", 60.0, "red", 300.0),
			query{`max(consumergroup:kafka_group_burndown_seconds:max{` + identity + `})`, "burndown"}),
		stat("Oldest message", "Age of the oldest message that a group has not consumed.", seconds,
			steps("green", "orange", 60.0, "red", 300.0), query{`max(kafka_group_lag_seconds{` + identity + `})`, "age"}),
		stat("Lag", "Messages not yet consumed, all groups together.", short, plain(),
			query{`sum(consumergroup:kafka_group_lag:sum{` + identity + `})`, "lag"}),
		stat("Incomplete groups", "Groups of which some partition could not be read. Their totals are withheld.", short,
			steps("green", "orange", 1.0),
			query{
				`count(consumergroup:kafka_group_complete:max{` + identity + `}) - sum(consumergroup:kafka_group_complete:max{` +
					identity + `})`, "incomplete",
			}),
		stat("Lost in ten minutes", "Messages that retention deleted before a group had committed past them.", short,
			steps("green", "red", 1.0),
			query{`sum(consumergroup_topic:kafka_group_lost_messages:increase10m{` + identity + `})`, "lost"}),
	}
}

const groupLegend = "{{consumergroup}} {{cluster}}"

func fleetWaits() []dashboards.Panel {
	return []dashboards.Panel{
		timeseries("Burndown, worst ten", "Expected wait of a message that arrives now: lag divided by the consumer rate.",
			seconds, steps("transparent", "red", 60.0),
			query{`topk(10, consumergroup:kafka_group_burndown_seconds:max{` + identity + `})`, groupLegend}),
		timeseries("Age, worst ten", "Age of the oldest message that is not consumed.", seconds,
			steps("transparent", "red", 60.0), query{
				`topk(10, max by (` + byIdentity + `, consumergroup) (kafka_group_lag_seconds{` + identity + `}))`, groupLegend,
			}),
		logarithmic(timeseries("Lag, worst ten", "Messages not yet consumed. Logarithmic.", short, plain(),
			query{`topk(10, consumergroup:kafka_group_lag:sum{` + identity + `})`, groupLegend})),
	}
}

func fleetTrouble() []dashboards.Panel {
	return []dashboards.Panel{
		timeseries("Complete groups", "Share of groups of which every partition was read.", percent,
			steps("transparent", "green", 1.0), query{
				`avg by (` + byIdentity + `) (consumergroup:kafka_group_complete:max{` + identity + `})`, "{{job}} {{cluster}}",
			}),
		timeseries("Partitions stalled", "Partitions with lag and no progress, by group and topic.", short, plain(),
			query{
				`topk(10, consumergroup_topic:kafka_group_partitions_stalled:sum{` + identity + `})`,
				"{{consumergroup}} {{topic}} {{cluster}}",
			}),
		timeseries("Lost messages", "Messages that retention deleted before the group had committed past them, in ten minutes.",
			short, plain(), query{
				`topk(10, consumergroup_topic:kafka_group_lost_messages:increase10m{` + identity + `})`,
				"{{consumergroup}} {{topic}} {{cluster}}",
			}),
	}
}

// column is a query of the table and what its values look like.
type column struct{ name, unit, expr string }

// groupTable has a row per group: the course of its lag, its values now, and a link to its own dashboard. Grafana merges
// rows that agree in every field they share: max takes the name away, which would be another field.
func groupTable() dashboards.Panel {
	value := func(name string) string {
		return `max by (` + byIdentity + `, consumergroup) (` + name + `{` + identity + `})`
	}
	columns := []column{
		{"Lag", short, value("consumergroup:kafka_group_lag:sum")},
		{"Burndown", seconds, value("consumergroup:kafka_group_burndown_seconds:max")},
		{"Age", seconds, value("kafka_group_lag_seconds")},
		{"Produced", perSec, value("consumergroup:kafka_group_produced_messages:rate2m")},
		{"Consumed", perSec, value("consumergroup:kafka_group_consumed_messages:rate2m")},
		{"Members", short, value("consumergroup:kafka_group_members:max")},
		{"Wanted", short, value("consumergroup:kafka_group_desired_replicas:useful")},
		{"Complete", boolean, value("consumergroup:kafka_group_complete:max")},
	}
	p := stat("Groups", "A row per group. The name leads to the group's own dashboard. Wanted is the desired-replicas answer.",
		short, plain(), query{columns[0].expr, groupLegend})
	p.Type, p.MaxDataPoints = "table", 100
	p.Options = map[string]any{
		"showHeader": true, "cellHeight": "sm", "footer": map[string]any{"show": false, "enablePagination": true},
		"sortBy": []any{map[string]any{"displayName": "Burndown", "desc": true}},
	}
	rename := map[string]any{"Trend #A": "Lag over time", "consumergroup": "Group"}
	for i, c := range columns {
		t := targets([]query{{c.expr, groupLegend}}, true)[0]
		t.RefID, t.Format = string(rune('B'+i)), "table"
		p.Targets = append(p.Targets, t)
		rename["Value #"+t.RefID] = c.name
		p.FieldConfig.Overrides = append(p.FieldConfig.Overrides, override(c.name, dashboards.Property{ID: "unit", Value: c.unit}))
	}
	p.FieldConfig.Overrides = append(p.FieldConfig.Overrides,
		override("Lag over time", dashboards.Property{ID: "custom.cellOptions", Value: map[string]any{"type": "sparkline"}}),
		override("Group", dashboards.Property{ID: "links", Value: []dashboards.Link{groupLink()}}),
		override("Burndown",
			dashboards.Property{ID: "thresholds", Value: steps("transparent", "orange", 60.0, "red", 300.0)},
			dashboards.Property{ID: "custom.cellOptions", Value: map[string]any{"type": "color-text"}}))
	p.Transformations = []dashboards.Transformation{
		// The course of the lag alone: a table of one row would be taken for a time series too.
		{
			ID: "timeSeriesTable", Filter: &dashboards.Matcher{ID: "byRefId", Options: "A"},
			Options: map[string]any{"A": map[string]any{"stat": "lastNotNull"}},
		},
		{ID: "merge", Options: map[string]any{}},
		{ID: "organize", Options: map[string]any{
			"excludeByName": map[string]any{"Time": true, "__name__": true}, "renameByName": rename, "indexByName": map[string]any{},
		}},
	}
	return p
}

func override(name string, properties ...dashboards.Property) dashboards.Override {
	return dashboards.Override{Matcher: dashboards.Matcher{ID: "byName", Options: name}, Properties: properties}
}

// groupLink leads from a row to its group. Every value is encoded for a URL.
func groupLink() dashboards.Link {
	return dashboards.Link{
		Title: "Open the group",
		URL: "/d/" + groupUID + "?${datasource:queryparam}&${job:queryparam}&${cluster:queryparam}&${namespace:queryparam}" +
			"&${strimzi_io_cluster:queryparam}&${__url_time_range}&var-group=${__value.raw:percentencode}",
	}
}
