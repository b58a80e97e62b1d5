package prometheus

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Point is a value at a time.
type Point struct {
	Time  time.Time
	Value float64
}

// Series is one labelled result of a query; an instant query gives one point.
type Series struct {
	Labels map[string]string
	Points []Point
}

// Last returns the newest value.
func (s Series) Last() float64 { return s.Points[len(s.Points)-1].Value }

// Query evaluates an expression at one time.
func (s *Server) Query(ctx context.Context, expr string, at time.Time) ([]Series, error) {
	return s.ask(ctx, "/api/v1/query", url.Values{"query": {expr}, "time": {stamp(at)}})
}

// Raw returns the samples of the selector as they were scraped, over the window before the time given.
func (s *Server) Raw(ctx context.Context, selector string, window time.Duration, at time.Time) ([]Series, error) {
	return s.Query(ctx, fmt.Sprintf("%s[%s]", selector, promDuration(window)), at)
}

// QueryRange evaluates an expression at every step of a range.
func (s *Server) QueryRange(ctx context.Context, expr string, from, to time.Time, step time.Duration) ([]Series, error) {
	return s.ask(ctx, "/api/v1/query_range", url.Values{
		"query": {expr}, "start": {stamp(from)}, "end": {stamp(to)}, "step": {strconv.FormatFloat(step.Seconds(), 'f', -1, 64)},
	})
}

// LabelValues returns the values of a label among the series of a selector.
func (s *Server) LabelValues(ctx context.Context, label, selector string) ([]string, error) {
	var values []string
	form := url.Values{"match[]": {selector}}
	return values, s.get(ctx, "/api/v1/label/"+label+"/values?"+form.Encode(), &values)
}

func stamp(t time.Time) string {
	return strconv.FormatFloat(float64(t.UnixMilli())/1000, 'f', 3, 64)
}

type result struct {
	Type   string            `json:"resultType"`
	Result []json.RawMessage `json:"result"`
}

func (s *Server) ask(ctx context.Context, path string, form url.Values) ([]Series, error) {
	var r result
	if err := s.get(ctx, path+"?"+form.Encode(), &r); err != nil {
		return nil, fmt.Errorf("%s: %w", form.Get("query"), err)
	}
	if r.Type != "vector" && r.Type != "matrix" {
		return nil, fmt.Errorf("%s: the answer is a %s", form.Get("query"), r.Type)
	}
	var all []Series
	for _, raw := range r.Result {
		var one struct {
			Metric map[string]string `json:"metric"`
			Value  *sample           `json:"value"`
			Values []sample          `json:"values"`
		}
		if err := json.Unmarshal(raw, &one); err != nil {
			return nil, fmt.Errorf("parse Prometheus's answer: %w", err)
		}
		if one.Value != nil {
			one.Values = []sample{*one.Value}
		}
		series := Series{Labels: one.Metric}
		for _, v := range one.Values {
			series.Points = append(series.Points, Point(v))
		}
		all = append(all, series)
	}
	return all, nil
}

// get decodes the data of an answer.
func (s *Server) get(ctx context.Context, path string, data any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL+path, nil)
	if err != nil {
		return fmt.Errorf("ask Prometheus: %w", err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("ask Prometheus: %w", err)
	}
	defer res.Body.Close()
	var answer struct {
		Status string          `json:"status"`
		Error  string          `json:"error"`
		Data   json.RawMessage `json:"data"`
	}
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil {
		return fmt.Errorf("parse Prometheus's answer (%s): %w", res.Status, err)
	}
	if answer.Status != "success" {
		return fmt.Errorf("answer of Prometheus: %s", strings.TrimSpace(answer.Error))
	}
	return json.Unmarshal(answer.Data, data)
}

// sample is a pair of a time and a value in quotes.
type sample Point

// UnmarshalJSON reads [1.5,"3"].
func (p *sample) UnmarshalJSON(data []byte) error {
	var pair [2]json.RawMessage
	if err := json.Unmarshal(data, &pair); err != nil {
		return fmt.Errorf("parse sample: %w", err)
	}
	at, err := strconv.ParseFloat(string(pair[0]), 64)
	if err != nil {
		return fmt.Errorf("parse time: %w", err)
	}
	v, err := strconv.ParseFloat(strings.Trim(string(pair[1]), `"`), 64)
	if err != nil {
		return fmt.Errorf("parse value: %w", err)
	}
	p.Time, p.Value = time.UnixMilli(int64(at*1000+0.5)), v
	return nil
}
