package recording

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"kafka_burndown_exporter/collector"
	"kafka_burndown_exporter/lab/manifest"
	"kafka_burndown_exporter/lab/scenario"
	"kafka_burndown_exporter/rules"
)

// Request asks a Prometheus server for the past of one consumer group.
type Request struct {
	URL      *url.URL
	Client   *http.Client
	Group    string
	From, To time.Time
	Step     time.Duration
	// Queries replace the shipped ones; an empty one keeps it.
	Queries Queries
	// Timeout bounds one answer; 0: DefaultTimeout.
	Timeout time.Duration
	// Progress, if not nil, is told of every page fetched.
	Progress func(done, total int)
}

// Queries are the queries of a history; each answers one series.
type Queries struct{ Produced, Consumed, Members, Replicas, Useful string }

// DefaultTimeout is how long the server has for an answer; its own limit for a query is two minutes by default.
const DefaultTimeout = 2 * time.Minute

// History is what the server recorded. Produced and Consumed are messages/s. Series that the server does not have are
// nil, except Produced. It begins with the first sample of Produced, at From: what was asked for and is not there stands
// in Produced.Before and Produced.After.
type History struct {
	From                                  time.Time
	Produced, Consumed, Members, Replicas *scenario.Series
	Useful                                *scenario.Series
}

// pagePoints is the most points asked for at once; the server refuses more than 11 000.
const pagePoints = 10_000

// maxPages bounds a history to about two years of 10 s steps.
const maxPages = 600

// maxBody bounds one answer.
const maxBody = 64 << 20

// DefaultQueries read the recorded series, from either base.
func DefaultQueries(group string) Queries {
	of := func(signal manifest.Signal) string {
		series, err := rules.Shipped().Of(collector.LabelGroup, collector.Named(collector.LevelGroup, signal.String()))
		if err != nil {
			panic(err) // the rules record it; a test asks for every one
		}
		return fmt.Sprintf(`max(%s{%s="%s"})`, series, collector.LabelGroup, rules.EscapeLabel(group))
	}
	return Queries{
		Produced: of(manifest.SignalProducerRate), Consumed: of(manifest.SignalConsumerRate),
		Members: of(manifest.SignalMembers), Replicas: of(manifest.SignalMembers), Useful: of(manifest.SignalUsefulMembers),
	}
}

// Fetch reads a history page by page.
func Fetch(ctx context.Context, req *Request) (*History, error) {
	if req.Step < time.Second || !req.To.After(req.From) {
		return nil, errors.New("the range is empty or the step below 1s: give an end after the start, and a step such as 1m")
	}
	q := DefaultQueries(req.Group)
	for _, o := range []struct {
		to   *string
		with string
	}{
		{&q.Produced, req.Queries.Produced}, {&q.Consumed, req.Queries.Consumed}, {&q.Members, req.Queries.Members},
		{&q.Replicas, req.Queries.Replicas}, {&q.Useful, req.Queries.Useful},
	} {
		if o.with != "" {
			*o.to = o.with
		}
	}
	pages := int(req.To.Sub(req.From)/(pagePoints*req.Step)) + 1
	if pages > maxPages {
		return nil, fmt.Errorf("%d pages are too many: take a longer step or a shorter range", pages)
	}
	h := &History{From: req.From}
	done := 0
	for _, s := range []struct {
		name, query string
		to          **scenario.Series
	}{
		{"producer rate", q.Produced, &h.Produced}, {"consumer rate", q.Consumed, &h.Consumed}, {"members", q.Members, &h.Members},
		{"replicas", q.Replicas, &h.Replicas}, {"useful members", q.Useful, &h.Useful},
	} {
		series, err := req.series(ctx, s.query, func() {
			done++
			if req.Progress != nil {
				req.Progress(done, 5*pages)
			}
		})
		if err != nil {
			return nil, fmt.Errorf("read the %s: %w", s.name, err)
		}
		*s.to = series
	}
	if h.Produced == nil {
		return nil, fmt.Errorf("the server has no producer rate of group %q from %s to %s: load the recording rules, or give --query.produced",
			req.Group, req.From.Format(time.RFC3339), req.To.Format(time.RFC3339))
	}
	h.begin(req)
	return h, nil
}

// begin lets the history begin with the first sample of what was produced.
func (h *History) begin(req *Request) {
	first, end := h.Produced.Times[0], req.To.Sub(req.From)
	// What is shorter than a step is no gap: the server answers at whole steps.
	if first > h.Produced.MaxGap {
		h.Produced.Before = first
	}
	if rest := end - h.Produced.End(); rest > h.Produced.MaxGap {
		h.Produced.After = rest
	}
	h.From = h.From.Add(first)
	for _, s := range []*scenario.Series{h.Produced, h.Consumed, h.Members, h.Replicas, h.Useful} {
		if s == nil {
			continue
		}
		s.Start = h.From
		for i := range s.Times {
			s.Times[i] -= first
		}
	}
}

// series reads one query over the whole range; nil where the server has nothing.
func (req *Request) series(ctx context.Context, query string, page func()) (*scenario.Series, error) {
	out := &scenario.Series{Start: req.From, MaxGap: req.Step + req.Step/2}
	for from := req.From; !from.After(req.To); from = from.Add(pagePoints * req.Step) {
		to := from.Add((pagePoints - 1) * req.Step)
		if to.After(req.To) {
			to = req.To
		}
		points, err := req.page(ctx, query, from, to)
		if err != nil {
			return nil, err
		}
		last := from.Add(-time.Nanosecond)
		for _, p := range points {
			if p.at.Before(from) || p.at.After(to) || !p.at.After(last) {
				return nil, errors.New("the server's answer holds points outside of the range that was asked for, or out of order")
			}
			last = p.at
			// A value that is no number is a gap, never 0.
			if math.IsNaN(p.v) || math.IsInf(p.v, 0) || p.v < 0 {
				continue
			}
			if p.v > scenario.MaxRate {
				return nil, fmt.Errorf("the server's answer holds %g: no Kafka has more than %g of anything; is the query right?",
					p.v, scenario.MaxRate)
			}
			out.Times = append(out.Times, p.at.Sub(req.From))
			out.Values = append(out.Values, p.v)
		}
		page()
	}
	if len(out.Times) == 0 {
		return nil, nil
	}
	return out, nil
}

type point struct {
	at time.Time
	v  float64
}

// page is one range query.
func (req *Request) page(ctx context.Context, query string, from, to time.Time) ([]point, error) {
	form := url.Values{"query": {query}, "start": {unix(from)}, "end": {unix(to)}, "step": {strconv.FormatFloat(req.Step.Seconds(), 'f', -1, 64)}}
	timeout := req.Timeout
	if timeout <= 0 {
		timeout = DefaultTimeout
	}
	ctx, cancel := context.WithTimeoutCause(ctx, timeout, fmt.Errorf("no answer within %s", timeout))
	defer cancel()
	endpoint := req.URL.JoinPath("api/v1/query_range").String()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, withoutURL(ctx, err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := req.Client.Do(r)
	if err != nil {
		return nil, withoutURL(ctx, err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBody+1))
	if err != nil {
		return nil, withoutURL(ctx, err)
	}
	if len(body) > maxBody {
		return nil, fmt.Errorf("the answer is larger than %d MB", maxBody>>20)
	}
	return decodeMatrix(body, brief(resp.Status))
}

// withoutURL drops the URL from an error of the client, which may hold a password, and names the deadline that passed.
func withoutURL(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	var e *url.Error
	if errors.As(err, &e) {
		return e.Err
	}
	return err
}

// ParseServer reads the address of a Prometheus server. Its errors do not repeat the address, which may hold a password.
func ParseServer(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return nil, errors.New("is not a URL; write e.g. http://prometheus:9090")
	case u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
		return nil, errors.New("needs http:// or https:// and a host; write e.g. http://prometheus:9090")
	}
	return u, nil
}

func unix(t time.Time) string { return strconv.FormatFloat(float64(t.UnixMilli())/1000, 'f', 3, 64) }

// answer is the API's envelope of a range query.
type answer struct {
	Status string `json:"status"`
	Error  string `json:"error"`
	Data   struct {
		ResultType string `json:"resultType"`
		Result     []struct {
			Values [][2]json.RawMessage `json:"values"`
		} `json:"result"`
	} `json:"data"`
}

func decodeMatrix(body []byte, status string) ([]point, error) {
	var a answer
	if err := json.Unmarshal(body, &a); err != nil {
		return nil, fmt.Errorf("the server answered %s, and not as Prometheus does: is the URL right, is a login needed?", status)
	}
	if a.Status != "success" {
		return nil, fmt.Errorf("the server answered %s: %s", status, brief(a.Error))
	}
	if a.Data.ResultType != "matrix" || len(a.Data.Result) > 1 {
		return nil, fmt.Errorf("the query gives %d series of type %s: it has to give one; put max() around it", len(a.Data.Result), brief(a.Data.ResultType))
	}
	var out []point
	for _, res := range a.Data.Result {
		for _, pair := range res.Values {
			var sec float64
			var text string
			if json.Unmarshal(pair[0], &sec) != nil || json.Unmarshal(pair[1], &text) != nil {
				return nil, errors.New("the server's answer holds a point that is not a time and a value")
			}
			v, err := strconv.ParseFloat(text, 64)
			if err != nil {
				return nil, fmt.Errorf("the server's answer holds %q, which is not a number", brief(text))
			}
			// Beyond this, what is not a time in milliseconds would turn into one.
			if math.Abs(sec) > 1e11 {
				return nil, fmt.Errorf("the server's answer holds the time %g, which is not one in seconds", sec)
			}
			out = append(out, point{time.UnixMilli(int64(math.Round(sec * 1000))), v})
		}
	}
	return out, nil
}

// brief is one line of bounded length of what a server says.
func brief(s string) string {
	const most = 300
	s = strings.Join(strings.Fields(s), " ")
	if runes := []rune(s); len(runes) > most {
		s = string(runes[:most]) + "…"
	}
	return s
}
