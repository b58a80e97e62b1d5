package web

import (
	"html/template"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"kafka_burndown_exporter/internal/human"
	"kafka_burndown_exporter/internal/lag"
)

// fact is one line about a group: a published metric, what it is called on the page, and its value.
type fact struct{ Title, Metric, Value string }

// partitionRow is one counted partition of a group.
type partitionRow struct {
	Topic     string
	Partition int32
	Committed int64
	Lag       int64
	// Share of the group's worst partition, in percent.
	Share float64
}

// topicRow is one topic of a group.
type topicRow struct {
	lag.GroupTopic
	Unknown int
}

type groupView struct {
	frame
	Name       string
	Group      *lag.Group
	State      string
	Facts      []fact
	Notes      []string
	Reads      []topicRow
	Partitions []partitionRow
	First      int
	Last       int
	Counted    int
	Pages      int
	Page       int
	Prev, Next string
	Ask        askView
}

func (p *pages) groupPage(r *http.Request) (*template.Template, int, any) {
	values := r.URL.Query()
	s := p.Snapshot()
	v := groupView{Name: values.Get("name")}
	v.frame = p.frame(v.Name, s)
	v.Here = ""
	if s != nil {
		v.Group = find(s.Groups, v.Name)
	}
	if v.Group == nil {
		return p.group, http.StatusNotFound, &v
	}
	v.fill(values)
	return p.group, http.StatusOK, &v
}

// find looks a group up by its name; groups are sorted by it.
func find(groups []lag.Group, name string) *lag.Group {
	i, ok := slices.BinarySearchFunc(groups, name, func(g lag.Group, name string) int { return strings.Compare(g.ID, name) })
	if !ok {
		return nil
	}
	return &groups[i]
}

func (v *groupView) fill(values url.Values) {
	g := v.Group
	v.State = state(g)
	v.Facts = facts(g)
	v.Notes = notes(g)
	for _, t := range g.Topics {
		row := topicRow{GroupTopic: t}
		for _, n := range t.PartitionsUnknown {
			row.Unknown += n
		}
		v.Reads = append(v.Reads, row)
	}
	v.partitions(values)
	v.Ask = newAsk(g, values)
}

func facts(g *lag.Group) []fact {
	useful := human.Unknown
	if g.UsefulMembers > 0 {
		useful = human.Whole(g.UsefulMembers)
	}
	return []fact{
		{"Lag", "kafka_group_lag", human.Count(g.Lag)},
		{"Backlog", "kafka_group_backlog", human.Count(g.Backlog)},
		{"Age of the oldest message", "kafka_group_lag_seconds", human.Span(g.LagSeconds)},
		{"Burndown", "kafka_group_burndown_seconds", human.Span(g.BurndownSeconds)},
		{"Produced", "kafka_group_producer_rate", human.Rate(g.ProducerRate)},
		{"Consumed", "kafka_group_consumer_rate", human.Rate(g.ConsumerRate)},
		{"log2×7", "kafka_group_lag_log2x7", human.Decimal(g.LagLog2x7)},
		{"Worst partition", "kafka_group_lag_max", human.Count(g.LagMax)},
		{"Members", "kafka_group_members", members(g.Members)},
		{"Useful members", "kafka_group_useful_members", useful},
		{"Partitions with lag", "kafka_group_partitions_with_lag", human.Count(g.PartitionsWithLag)},
		{"Stalled partitions", "kafka_group_partitions_stalled", human.Count(g.PartitionsStalled)},
	}
}

// notes say in words what a reader should know before the figures.
func notes(g *lag.Group) []string {
	var out []string
	unknownPartitions := 0
	for _, n := range g.PartitionsUnknown {
		unknownPartitions += n
	}
	switch {
	case g.Untold:
		out = append(out, "Before Kafka 4.2 a broker does not tell the lag of a share group.")
	case unknownPartitions > 0:
		out = append(out, human.Whole(unknownPartitions)+" partitions could not be read: totals they belong to are left out, not guessed.")
	case g.Partitions == 0 && g.PartitionsUncommitted > 0:
		out = append(out, "Nothing is committed yet, so there is no lag. The backlog is what a consumer from the earliest offset has to read.")
	case g.PartitionsHeld > 0:
		out = append(out, human.Whole(g.PartitionsHeld)+" partitions are shown as they were in an earlier sample.")
	}
	if g.Members > g.UsefulMembers && g.UsefulMembers > 0 {
		out = append(out, human.Whole(g.Members-g.UsefulMembers)+" members have no partition: more members than "+
			human.Whole(g.UsefulMembers)+" do nothing.")
	}
	if lag.Known(g.PartitionsStalled) && g.PartitionsStalled > 0 {
		out = append(out, human.Count(g.PartitionsStalled)+" partitions have lag and make no progress.")
	}
	return out
}

// partitions fills one page of the counted partitions, the most lag first.
func (v *groupView) partitions(values url.Values) {
	var all []partitionRow
	worst := int64(1)
	for i := range v.Group.Topics {
		t := &v.Group.Topics[i]
		for j, n := range t.Partition {
			all = append(all, partitionRow{Topic: t.Topic, Partition: n, Committed: t.Committed[j], Lag: t.Lag[j]})
			worst = max(worst, t.Lag[j])
		}
	}
	slices.SortStableFunc(all, func(a, b partitionRow) int {
		if byLag := v.byLag(values); byLag && a.Lag != b.Lag {
			if a.Lag > b.Lag {
				return -1
			}
			return 1
		}
		return 0
	})
	v.Counted = len(all)
	v.Pages = max((len(all)+pageSize-1)/pageSize, 1)
	v.Page, _ = strconv.Atoi(values.Get("page"))
	v.Page = min(max(v.Page, 1), v.Pages)
	from := (v.Page - 1) * pageSize
	v.Partitions = all[from:min(from+pageSize, len(all))]
	for i := range v.Partitions {
		row := &v.Partitions[i]
		row.Share = math.Round(1000*float64(row.Lag)/float64(worst)) / 10
	}
	v.First, v.Last = from+1, from+len(v.Partitions)
	if v.Page > 1 {
		v.Prev = v.pageLink(values, v.Page-1)
	}
	if v.Page < v.Pages {
		v.Next = v.pageLink(values, v.Page+1)
	}
}

func (v *groupView) byLag(values url.Values) bool { return values.Get("sort") != "partition" }

func (v *groupView) pageLink(values url.Values, page int) string {
	out := url.Values{}
	for key, all := range values {
		out[key] = all
	}
	out.Set("page", strconv.Itoa(page))
	return "./group?" + out.Encode()
}
