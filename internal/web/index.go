package web

import (
	"cmp"
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

// pageSize is how many rows a page has.
const pageSize = 500

// column is one column of the table of groups.
type column struct {
	Key, Title string
	Text       bool // sorts from A to Z first; numbers sort from the largest
	// Minor columns are left out on narrow screens; the group's page has them.
	Minor bool
	value func(g *lag.Group) float64 // NaN: unknown
	text  func(g *lag.Group) string
}

func columns() []column {
	number := func(n int) float64 {
		if n < 0 {
			return lag.Absent
		}
		return float64(n)
	}
	return []column{
		{Key: "group", Title: "Group", Text: true, text: func(g *lag.Group) string { return g.ID }},
		{Key: "state", Title: "State", Text: true, text: state},
		{Key: "members", Title: "Members", value: func(g *lag.Group) float64 { return number(g.Members) }},
		{Key: "partitions", Title: "Partitions", Minor: true, value: func(g *lag.Group) float64 { return number(g.Partitions) }},
		{Key: "lag", Title: "Lag", value: func(g *lag.Group) float64 { return g.Lag }},
		{Key: "age", Title: "Age", value: func(g *lag.Group) float64 { return g.LagSeconds }},
		{Key: "burndown", Title: "Burndown", value: func(g *lag.Group) float64 { return g.BurndownSeconds }},
		{Key: "produced", Title: "Produced", value: func(g *lag.Group) float64 { return g.ProducerRate }},
		{Key: "consumed", Title: "Consumed", value: func(g *lag.Group) float64 { return g.ConsumerRate }},
		{Key: "log2x7", Title: "log2×7", Minor: true, value: func(g *lag.Group) float64 { return g.LagLog2x7 }},
		{Key: "complete", Title: "Complete", Text: true, Minor: true, text: complete},
	}
}

// state is a group's state in words.
func state(g *lag.Group) string {
	if !g.InfoKnown || g.State == "" {
		return human.Unknown
	}
	return g.State
}

// complete says whether the sample behind a group's totals is.
func complete(g *lag.Group) string {
	if g.Complete {
		return "yes"
	}
	return "no"
}

// query is what the reader asked the table for.
type query struct {
	Filter, State string
	Sort          string
	Descending    bool
	Page          int // from 1
}

func parseQuery(v url.Values) query {
	q := query{Filter: v.Get("q"), State: v.Get("state"), Sort: v.Get("sort"), Page: 1}
	known := slices.IndexFunc(columns(), func(c column) bool { return c.Key == q.Sort })
	if known < 0 {
		q.Sort, q.Descending = "lag", true
	} else {
		q.Descending = !columns()[known].Text
	}
	switch v.Get("order") {
	case "asc":
		q.Descending = false
	case "desc":
		q.Descending = true
	}
	if n, err := strconv.Atoi(v.Get("page")); err == nil && n > 1 {
		q.Page = n
	}
	return q
}

// link is the address of the same table with another order or page.
func (q query) link() string {
	v := url.Values{"sort": {q.Sort}, "order": {"asc"}}
	if q.Descending {
		v.Set("order", "desc")
	}
	if q.Filter != "" {
		v.Set("q", q.Filter)
	}
	if q.State != "" {
		v.Set("state", q.State)
	}
	if q.Page > 1 {
		v.Set("page", strconv.Itoa(q.Page))
	}
	return "./?" + v.Encode()
}

// choose returns the groups that match, in order. Unknown values come last in either order, and ties are in the order
// of names.
func (q query) choose(groups []lag.Group) []*lag.Group {
	out := make([]*lag.Group, 0, len(groups))
	needle := strings.ToLower(q.Filter)
	for i := range groups {
		g := &groups[i]
		if q.State != "" && state(g) != q.State || needle != "" && !strings.Contains(strings.ToLower(g.ID), needle) {
			continue
		}
		out = append(out, g)
	}
	all := columns()
	c := all[slices.IndexFunc(all, func(c column) bool { return c.Key == q.Sort })]
	slices.SortStableFunc(out, func(a, b *lag.Group) int {
		d := 0
		if c.Text {
			d = cmp.Compare(c.text(a), c.text(b))
		} else {
			x, y := c.value(a), c.value(b)
			if math.IsNaN(x) || math.IsNaN(y) {
				return cmp.Compare(boolean(math.IsNaN(x)), boolean(math.IsNaN(y)))
			}
			d = cmp.Compare(x, y)
		}
		if q.Descending {
			return -d
		}
		return d
	})
	return out
}

func boolean(b bool) int {
	if b {
		return 1
	}
	return 0
}

// heading is a column's head with the link that sorts by it.
type heading struct {
	column
	Link string
	Aria string // ascending, descending or none
}

type indexView struct {
	frame
	Query      query
	States     []string
	Headings   []heading
	Rows       []*lag.Group
	Found      int
	First      int
	Last       int
	Pages      int
	Prev, Next string
}

func (p *pages) indexPage(r *http.Request) (*template.Template, int, any) {
	s := p.Snapshot()
	v := indexView{frame: p.frame("Consumer groups", s), Query: parseQuery(r.URL.Query())}
	if s != nil {
		v.fill(s)
	}
	return p.index, http.StatusOK, &v
}

func (v *indexView) fill(s *lag.Snapshot) {
	seen := map[string]bool{}
	for i := range s.Groups {
		seen[state(&s.Groups[i])] = true
	}
	for name := range seen {
		v.States = append(v.States, name)
	}
	slices.Sort(v.States)
	for _, c := range columns() {
		v.Headings = append(v.Headings, v.Query.heading(c))
	}
	rows := v.Query.choose(s.Groups)
	v.Found = len(rows)
	v.Pages = max((len(rows)+pageSize-1)/pageSize, 1)
	v.Query.Page = min(v.Query.Page, v.Pages)
	from := (v.Query.Page - 1) * pageSize
	v.Rows = rows[from:min(from+pageSize, len(rows))]
	v.First, v.Last = from+1, from+len(v.Rows)
	other := v.Query
	if other.Page = v.Query.Page - 1; other.Page >= 1 {
		v.Prev = other.link()
	}
	if other.Page = v.Query.Page + 1; other.Page <= v.Pages {
		v.Next = other.link()
	}
}

// heading links to the table sorted by that column: the other way round where it already is.
func (q query) heading(c column) heading {
	h := heading{column: c, Aria: "none"}
	q.Page = 1
	if c.Key == q.Sort {
		h.Aria = "ascending"
		if q.Descending {
			h.Aria = "descending"
		}
		q.Descending = !q.Descending
	} else {
		q.Sort, q.Descending = c.Key, !c.Text
	}
	h.Link = q.link()
	return h
}
