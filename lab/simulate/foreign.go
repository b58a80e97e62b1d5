package simulate

import (
	"maps"
	"slices"

	"kafka_burndown_exporter/collector"
	"kafka_burndown_exporter/internal/lag"
	"kafka_burndown_exporter/lab/foreign"
	"kafka_burndown_exporter/lab/monitor"
	"kafka_burndown_exporter/lab/plant"
	"kafka_burndown_exporter/lab/promql"
)

// foreignTarget is another exporter, which sees what ours sees.
type foreignTarget struct {
	target *promql.Target
	feed   *collector.Feed
	// group is whose members publish the series, nil where an exporter does.
	group   *plant.Group
	values  []foreignValue
	sources [][]int // by series of a source: the values that it is part of
}

// foreignValue is a series of the target, gathered in a scrape.
type foreignValue struct {
	handle promql.Handle
	max    bool
	v      float64
	seen   bool
}

// addForeign adds the targets of the scenario's series.
func (p *prometheus) addForeign(items []string) error {
	targets, err := foreign.ParseAll(items)
	if err != nil {
		return err
	}
	for _, t := range targets {
		if !t.Pods {
			p.foreign = append(p.foreign, p.newForeign(t, map[string]string{"job": t.Job, "instance": t.Job + ":80"}, nil))
			continue
		}
		for _, g := range p.plant.Groups {
			labels := map[string]string{"job": g.Service.Name, "namespace": g.Service.Namespace}
			p.foreign = append(p.foreign, p.newForeign(t, labels, g))
		}
	}
	return nil
}

func (p *prometheus) newForeign(t *foreign.Target, own map[string]string, g *plant.Group) *foreignTarget {
	labels := maps.Clone(p.plant.Scenario.Pipeline.Labels)
	if labels == nil {
		labels = map[string]string{}
	}
	maps.Copy(labels, own)
	f := &foreignTarget{target: p.server.Target(promql.LabelsOf(monitor.Pairs(labels)...)), group: g}
	f.target.HonorLabels = true
	byHandle := map[promql.Handle]int{}
	f.feed = collector.NewFeed(collector.FeedOptions{
		Wants: func(name string) bool {
			return slices.ContainsFunc(t.Series, func(s foreign.Series) bool { return s.Source == name })
		},
		Series: func(name string, source []string) int {
			if g != nil && !slices.Contains(source, g.Service.Group) {
				return -1
			}
			var parts []int
			for i := range t.Series {
				s := &t.Series[i]
				if s.Source != name {
					continue
				}
				h := f.target.Series(s.Name, s.Pairs(source)...)
				if h == promql.NoHandle {
					continue
				}
				at, ok := byHandle[h]
				if !ok {
					at = len(f.values)
					byHandle[h] = at
					f.values = append(f.values, foreignValue{handle: h, max: s.Max})
				}
				parts = append(parts, at)
			}
			if parts == nil {
				return -1
			}
			f.sources = append(f.sources, parts)
			return len(f.sources) - 1
		},
		Set: func(series int, v float64) {
			for _, at := range f.sources[series] {
				f.values[at].take(v)
			}
		},
	})
	return f
}

func (x *foreignValue) take(v float64) {
	switch {
	case !x.seen:
		x.v, x.seen = v, true
	case x.max:
		x.v = max(x.v, v)
	default:
		x.v += v
	}
}

func (f *foreignTarget) scrape(at int64, s *lag.Snapshot, lost bool) {
	if lost {
		f.target.Fail(at)
		return
	}
	f.target.Begin(at)
	if s != nil && (f.group == nil || f.group.Members() > 0) {
		f.feed.Put(s)
	}
	for i := range f.values {
		if x := &f.values[i]; x.seen {
			f.target.Set(x.handle, x.v)
			x.seen = false
		}
	}
	f.target.End()
}

// foreignSeries are the series of other exporters that a scenario has, by their names.
func foreignSeries(items []string) (map[string]*foreign.Series, error) {
	targets, err := foreign.ParseAll(items)
	if err != nil {
		return nil, err
	}
	out := map[string]*foreign.Series{}
	for _, t := range targets {
		for i := range t.Series {
			out[t.Series[i].Name] = &t.Series[i]
		}
	}
	return out, nil
}
