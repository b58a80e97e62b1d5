package main

import (
	"strings"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/prometheus"
	"github.com/grafana/grafana-foundation-sdk/go/stat"
	"github.com/grafana/grafana-foundation-sdk/go/timeseries"

	"kafka_burndown_exporter/dashboards/gen/names"
)

// Selectors. Every one names the whole identity of a cluster, so that two clusters with the same group names stay apart.
func inCluster(name string) string { return name + "{" + identity() + "}" }

// ofGroup selects the chosen group. Its name is matched exactly and quoted by Grafana: it may hold anything that a regular
// expression would take.
func ofGroup(name string, matchers ...string) string {
	matchers = append([]string{identity(), "consumergroup=${group:doublequote}"}, matchers...)
	return name + "{" + strings.Join(matchers, ", ") + "}"
}

func identity() string {
	var matchers []string
	for _, label := range names.Identity() {
		matchers = append(matchers, label+`=~"$`+label+`"`)
	}
	return strings.Join(matchers, ", ")
}

func identityLabels() string { return strings.Join(names.Identity(), ", ") }

// by aggregates per cluster and, within it, per further labels. Replicas of the exporter publish the same groups: max
// makes them one, sum and count add up what differs.
func by(aggregation, expr string, labels ...string) string {
	return aggregation + " by (" + strings.Join(append(names.Identity(), labels...), ", ") + ") (" + expr + ")"
}

func rate(selector string) string     { return "rate(" + selector + "[$__rate_interval])" }
func increase(selector string) string { return "increase(" + selector + "[$__rate_interval])" }

// query is an expression and what its series are called.
type query struct{ expr, legend string }

func (q query) target(refID string) *prometheus.DataqueryBuilder {
	return prometheus.NewDataqueryBuilder().RefId(refID).Expr(q.expr).LegendFormat(q.legend).Datasource(source()).
		EditorMode(prometheus.QueryEditorModeCode)
}

// refID names the queries of a panel A, B, C, and so on.
func refID(i int) string { return string(rune('A' + i)) }

// from is a colour that holds from a value on.
type from struct {
	value  float64
	colour string
}

// colours are those of a panel's values: the first holds below all others.
type colours []dashboard.Threshold

func steps(lowest string, rest ...from) colours {
	c := colours{{Color: lowest}}
	for _, f := range rest {
		c = append(c, dashboard.Threshold{Color: f.colour, Value: &f.value})
	}
	return c
}

func plain() colours { return steps("green") }

// Messages that wait a minute miss the objective behind the alerts; after five minutes somebody is looking.
func waits() colours { return steps("green", from{60, "orange"}, from{300, "red"}) }

func (c colours) config() *dashboard.ThresholdsConfigBuilder {
	return dashboard.NewThresholdsConfigBuilder().Mode(dashboard.ThresholdsModeAbsolute).Steps(c)
}

// course draws queries over time.
func course(title, description, unit string, c colours, queries ...query) *timeseries.PanelBuilder {
	limits := common.GraphThresholdsStyleModeOff
	if len(c) > 1 {
		limits = common.GraphThresholdsStyleModeDashed
	}
	p := timeseries.NewPanelBuilder().Title(title).Description(description).Datasource(source()).Unit(unit).Min(0).
		ColorScheme(dashboard.NewFieldColorBuilder().Mode(dashboard.FieldColorModeIdPaletteClassic)).
		Thresholds(c.config()).ThresholdsStyle(common.NewGraphThresholdsStyleConfigBuilder().Mode(limits)).
		LineWidth(1).FillOpacity(10).ShowPoints(common.VisibilityModeNever).
		Legend(common.NewVizLegendOptionsBuilder().ShowLegend(true).DisplayMode(common.LegendDisplayModeTable).
			Placement(common.LegendPlacementBottom).Calcs([]string{"lastNotNull", "max"})).
		Tooltip(common.NewVizTooltipOptionsBuilder().Mode(common.TooltipDisplayModeMulti).Sort(common.SortOrderDescending))
	for i, q := range queries {
		p.WithTarget(q.target(refID(i)).Range())
	}
	return p
}

// now shows one number as it is now. It asks for this instant alone: out of a range it would show the last value of an
// exporter that has been gone for hours.
func now(title, description, unit string, c colours, q query) *stat.PanelBuilder {
	return stat.NewPanelBuilder().Title(title).Description(description).Datasource(source()).Unit(unit).NoValue("unknown").
		ColorScheme(dashboard.NewFieldColorBuilder().Mode(dashboard.FieldColorModeIdThresholds)).Thresholds(c.config()).
		GraphMode(common.BigValueGraphModeNone).
		ReduceOptions(common.NewReduceDataOptionsBuilder().Calcs([]string{"lastNotNull"}).Values(false)).
		Orientation(common.VizOrientationAuto).
		WithTarget(q.target(refID(0)).Instant())
}

// dashed draws the series of one query as a dashed line without a fill: a limit, or what has an axis of its own.
func dashed(p *timeseries.PanelBuilder, refID string, more ...dashboard.DynamicConfigValue) *timeseries.PanelBuilder {
	dash := common.LineStyle{Fill: cog.ToPtr(common.LineStyleFillDash), Dash: []float64{10, 10}}
	return p.OverrideByQuery(refID, append([]dashboard.DynamicConfigValue{
		{Id: "custom.fillOpacity", Value: 0}, {Id: "custom.lineStyle", Value: dash},
	}, more...))
}

// rightAxis puts the series of one query on an axis of their own.
func rightAxis(p *timeseries.PanelBuilder, refID, unit string) *timeseries.PanelBuilder {
	return dashed(p, refID, dashboard.DynamicConfigValue{Id: "custom.axisPlacement", Value: common.AxisPlacementRight},
		dashboard.DynamicConfigValue{Id: "unit", Value: unit})
}

// logarithmic makes the axis logarithmic, for values that span magnitudes.
func logarithmic(p *timeseries.PanelBuilder) *timeseries.PanelBuilder {
	return p.ScaleDistribution(common.NewScaleDistributionConfigBuilder().Type(common.ScaleDistributionSymlog).Log(2).
		LinearThreshold(1))
}
