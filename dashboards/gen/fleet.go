package main

import (
	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/prometheus"
	"github.com/grafana/grafana-foundation-sdk/go/table"
	"github.com/grafana/grafana-foundation-sdk/go/units"

	"kafka_burndown_exporter/dashboards/gen/names"
)

// fleet shows all groups: who is in trouble, and how badly.
func fleet() board {
	return board{
		uid: "kafka-fleet", title: "Kafka / Fleet",
		description: "All consumer groups: how long messages wait, how many wait, which groups could not be read, and what was lost.",
		rows: []row{
			{"Now", []line{{4, fleetNow()}}},
			{"Groups", []line{{9, []cog.Builder[dashboard.Panel]{groupTable()}}}},
			{"Over time", []line{{9, fleetWaits()}, {9, fleetTrouble()}}},
		},
	}
}

func fleetNow() []cog.Builder[dashboard.Panel] {
	complete := inCluster(names.ConsumergroupGroupCompleteMax)
	return []cog.Builder[dashboard.Panel]{
		now("Groups", "How many consumer groups the exporter samples.", units.Short, plain(),
			query{"count(" + complete + ")", "groups"}),
		now("Groups that wait over 60 s", "In how many groups a message that arrives now waits longer than 60 seconds.", units.Short,
			steps("green", from{1, "red"}),
			query{"sum(" + inCluster(names.ConsumergroupGroupBurndownSecondsOver60s) + ")", "groups"}),
		now("Longest burndown", "How long a message that arrives now waits in the slowest group.", units.Seconds, waits(),
			query{"max(" + inCluster(names.ConsumergroupGroupBurndownSecondsMax) + ")", "burndown"}),
		now("Oldest message", "The age of the oldest message that a group has not consumed.", units.Seconds, waits(),
			query{"max(" + inCluster(names.GroupLagSeconds) + ")", "age"}),
		now("Incomplete groups", "How many groups have a partition that the exporter could not read. They have no totals.",
			units.Short, steps("green", from{1, "orange"}),
			query{"count(" + complete + ") - sum(" + complete + ")", "incomplete"}),
		now("Lost messages", "How many messages retention deleted in the last ten minutes before a group consumed them.",
			units.Short, steps("green", from{1, "red"}),
			query{"sum(" + inCluster(names.ConsumergroupTopicGroupLostMessagesIncrease10m) + ")", "lost"}),
	}
}

const (
	legendGroup = "{{consumergroup}} {{cluster}}"
	legendTopic = "{{consumergroup}} {{topic}} {{cluster}}"
)

func worst(expr string) string { return "topk(10, " + expr + ")" }

func fleetWaits() []cog.Builder[dashboard.Panel] {
	late := steps("transparent", from{60, "red"})
	return []cog.Builder[dashboard.Panel]{
		course("Burndown, ten worst groups", "How long a message that arrives now waits: lag divided by consumer rate.",
			units.Seconds, late, query{worst(inCluster(names.ConsumergroupGroupBurndownSecondsMax)), legendGroup}),
		course("Age, ten worst groups", "How long ago the oldest message that is not consumed was written.", units.Seconds, late,
			query{worst(by("max", inCluster(names.GroupLagSeconds), "consumergroup")), legendGroup}),
		logarithmic(course("Lag, ten worst groups", "How many messages are not consumed. The axis is logarithmic.", units.Short,
			plain(), query{worst(inCluster(names.ConsumergroupGroupLagSum)), legendGroup})),
	}
}

func fleetTrouble() []cog.Builder[dashboard.Panel] {
	return []cog.Builder[dashboard.Panel]{
		course("Complete groups", "The share of groups of which the exporter could read every partition.", units.PercentUnit,
			steps("transparent", from{1, "green"}),
			query{by("avg", inCluster(names.ConsumergroupGroupCompleteMax)), "{{job}} {{cluster}}"}),
		course("Stalled partitions, ten worst topics", "How many partitions have lag but no progress, by group and topic.",
			units.Short, plain(), query{worst(inCluster(names.ConsumergroupTopicGroupPartitionsStalledSum)), legendTopic}),
		course("Lost messages, ten worst topics",
			"How many messages retention deleted within ten minutes before the group consumed them.", units.Short, plain(),
			query{worst(inCluster(names.ConsumergroupTopicGroupLostMessagesIncrease10m)), legendTopic}),
	}
}

// groupTable has a row per group: the course of its lag, its values now, and a link to its own dashboard. Grafana merges
// rows that agree in every field they share: max takes the name away, which would be another field.
func groupTable() *table.PanelBuilder {
	value := func(name string) string { return by("max", inCluster(name), "consumergroup") }
	columns := []struct{ name, unit, series string }{
		{"Lag", units.Short, names.ConsumergroupGroupLagSum},
		{"Burndown", units.Seconds, names.ConsumergroupGroupBurndownSecondsMax},
		{"Age", units.Seconds, names.GroupLagSeconds},
		{"Produced", units.MessagesPerSecond, names.ConsumergroupGroupProducedMessagesRate2m},
		{"Consumed", units.MessagesPerSecond, names.ConsumergroupGroupConsumedMessagesRate2m},
		{"Members", units.Short, names.ConsumergroupGroupMembersMax},
		{"Wanted", units.Short, names.GroupDesiredReplicas},
		{"Complete", units.BoolYesNo, names.ConsumergroupGroupCompleteMax},
	}
	p := table.NewPanelBuilder().Title("All groups").Datasource(source()).MaxDataPoints(100).
		Description("Each row is a group. Its name opens its own dashboard. Wanted is how many replicas the exporter asks for.").
		Unit(units.Short).NoValue("unknown").Thresholds(plain().config()).
		ColorScheme(dashboard.NewFieldColorBuilder().Mode(dashboard.FieldColorModeIdThresholds)).
		Footer(common.NewTableFooterOptionsBuilder().EnablePagination(true)).
		SortBy([]cog.Builder[common.TableSortByFieldState]{
			common.NewTableSortByFieldStateBuilder().DisplayName("Burndown").Desc(true),
		}).
		WithTarget(query{value(columns[0].series), legendGroup}.target(refID(0)).Range())
	rename := map[string]any{"Trend #A": "Lag over time", "consumergroup": "Group"}
	for i, c := range columns {
		ref := refID(i + 1)
		p.WithTarget(query{value(c.series), legendGroup}.target(ref).Instant().Format(prometheus.PromQueryFormatTable))
		p.OverrideByName(c.name, []dashboard.DynamicConfigValue{{Id: "unit", Value: c.unit}})
		rename["Value #"+ref] = c.name
	}
	cell := func(kind common.TableCellDisplayMode) dashboard.DynamicConfigValue {
		return dashboard.DynamicConfigValue{Id: "custom.cellOptions", Value: map[string]any{"type": kind}}
	}
	p.OverrideByName("Lag over time", []dashboard.DynamicConfigValue{cell(common.TableCellDisplayModeSparkline)})
	p.OverrideByName("Group", []dashboard.DynamicConfigValue{{Id: "links", Value: []any{groupLink()}}})
	p.OverrideByName("Burndown", []dashboard.DynamicConfigValue{
		cell(common.TableCellDisplayModeColorText),
		{Id: "thresholds", Value: dashboard.ThresholdsConfig{Mode: dashboard.ThresholdsModeAbsolute, Steps: waits()}},
	})
	// The course of the lag alone: a table of one row would be taken for a time series too.
	return p.Transformations([]dashboard.DataTransformerConfig{
		{
			Id: "timeSeriesTable", Filter: &dashboard.MatcherConfig{Id: "byRefId", Options: "A"},
			Options: map[string]any{"A": map[string]any{"stat": "lastNotNull"}},
		},
		{Id: "merge", Options: map[string]any{}},
		{Id: "organize", Options: map[string]any{
			"excludeByName": map[string]any{"Time": true, "__name__": true}, "renameByName": rename, "indexByName": map[string]any{},
		}},
	})
}

// groupLink leads from a row to its group. Every value is encoded for a URL.
func groupLink() map[string]any {
	url := "/d/" + groupUID + "?${datasource:queryparam}"
	for _, label := range names.Identity() {
		url += "&${" + label + ":queryparam}"
	}
	return map[string]any{"title": "Open the group", "url": url + "&${__url_time_range}&var-group=${__value.raw:percentencode}"}
}
