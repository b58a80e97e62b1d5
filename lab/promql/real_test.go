package promql

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/snappy"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/prompb"

	"kafka_burndown_exporter/rules"
	"kafka_burndown_exporter/test/prometheus"
)

// real is a Prometheus server that was sent the world's samples.
type real struct {
	t     *testing.T
	url   string
	major int
}

func newReal(t *testing.T, samples []dumped) *real {
	s := prometheus.Start(t, prometheus.Options{Args: []string{"--web.enable-remote-write-receiver"}})
	r := &real{t: t, url: s.URL}
	var info struct{ Version string }
	if err := json.Unmarshal(r.get("/api/v1/status/buildinfo").Data, &info); err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Sscanf(info.Version, "%d.", &r.major); err != nil {
		t.Fatalf("version %q: %v", info.Version, err)
	}
	t.Logf("Prometheus %s", info.Version)
	for part := range slices.Chunk(samples, 20_000) {
		r.write(part)
	}
	return r
}

// write sends samples as another Prometheus would, with the marks of stale series.
func (r *real) write(samples []dumped) {
	var req prompb.WriteRequest
	for _, x := range samples {
		var s prompb.TimeSeries
		x.labels.Range(func(l labels.Label) { s.Labels = append(s.Labels, prompb.Label{Name: l.Name, Value: l.Value}) })
		s.Samples = []prompb.Sample{{Timestamp: x.t, Value: x.v}}
		req.Timeseries = append(req.Timeseries, s)
	}
	data, err := req.Marshal()
	if err != nil {
		r.t.Fatal(err)
	}
	post, err := http.NewRequestWithContext(r.t.Context(), http.MethodPost, r.url+"/api/v1/write", bytes.NewReader(snappy.Encode(nil, data)))
	if err != nil {
		r.t.Fatal(err)
	}
	post.Header.Set("Content-Encoding", "snappy")
	post.Header.Set("Content-Type", "application/x-protobuf")
	post.Header.Set("X-Prometheus-Remote-Write-Version", "0.1.0")
	res, err := http.DefaultClient.Do(post)
	if err != nil {
		r.t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode/100 != 2 {
		r.t.Fatalf("write samples: %s", res.Status)
	}
}

type reply struct {
	Status, Error, ErrorType string
	Data                     json.RawMessage
}

func (r *real) get(path string) reply {
	req, err := http.NewRequestWithContext(r.t.Context(), http.MethodGet, r.url+path, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer res.Body.Close()
	var out reply
	if err := json.NewDecoder(res.Body).Decode(&out); err != nil {
		r.t.Fatalf("%s: %v", path, err)
	}
	return out
}

// query is an instant query.
func (r *real) query(expr string, at int64) Answer {
	form := url.Values{"query": {expr}, "time": {fmt.Sprintf("%d.%03d", at/1000, at%1000)}}
	res := r.get("/api/v1/query?" + form.Encode())
	if res.Status != "success" {
		return Answer{Err: fmt.Errorf("%s", res.Error)}
	}
	var data struct {
		ResultType string
		Result     json.RawMessage
	}
	r.decode(res.Data, &data)
	out := Answer{Type: data.ResultType}
	switch data.ResultType {
	case TypeVector, TypeMatrix:
		var all []struct {
			Metric map[string]string
			Value  [2]any
			Values [][2]any
		}
		r.decode(data.Result, &all)
		for _, x := range all {
			if data.ResultType == TypeMatrix {
				x.Value = x.Values[len(x.Values)-1]
			}
			out.Elements = append(out.Elements, Element{labels.FromMap(x.Metric), r.number(x.Value[1])})
		}
	case TypeScalar:
		var pair [2]any
		r.decode(data.Result, &pair)
		out.Elements = []Element{{Value: r.number(pair[1])}}
	}
	return out
}

func (r *real) decode(data []byte, into any) {
	if err := json.Unmarshal(data, into); err != nil {
		r.t.Fatalf("%s: %v", data, err)
	}
}

func (r *real) number(v any) float64 {
	f, err := strconv.ParseFloat(fmt.Sprint(v), 64)
	if err != nil {
		r.t.Fatal(err)
	}
	return f
}

// TestReal compares the answers to every form with those of a real server that has the same samples, with each of the
// shipped bases.
func TestReal(t *testing.T) {
	t.Run("burndown", func(t *testing.T) {
		r, w := realWorld(t, rules.BaseBurndownExporter)
		r.compare(w, forms(t, rules.BaseBurndownExporter))
		r.refuses(lines(t, "refused.txt"))
	})
	t.Run("kafka", func(t *testing.T) {
		r, w := realWorld(t, rules.BaseKafkaExporter)
		r.compare(w, shippedForms(t, rules.BaseKafkaExporter))
	})
}

func realWorld(t *testing.T, base string) (*real, *world) {
	// The server's evaluation interval, the default step of subqueries, is a second.
	w := newWorld(t, NewServer(Options{Keep: 24 * time.Hour, EvaluationInterval: time.Second}), base)
	return newReal(t, w.dump()), w
}

// compare asks both at each of the world's times.
func (r *real) compare(w *world, forms []string) {
	compared := 0
	var empty []string
	for _, form := range forms {
		q, err := w.server.Register(form)
		if err != nil {
			r.t.Errorf("%s: %v", form, err)
			continue
		}
		if r.major < 3 && newer(form) {
			continue
		}
		answered := false
		for _, at := range worldTimes() {
			got, want := q.At(at), r.query(form, at)
			if diff := r.differ(got, want); diff != "" {
				r.t.Errorf("%s at %d: %s", form, at, diff)
				break
			}
			compared++
			answered = answered || len(got.Elements) > 0 || got.Err != nil || got.Type == TypeString
		}
		if !answered {
			empty = append(empty, form)
		}
	}
	r.t.Logf("%d answers compared; %d of %d forms never answered:\n%s", compared, len(empty), len(forms), strings.Join(empty, "\n"))
	if len(empty) > len(forms)/3 {
		r.t.Errorf("%d of %d forms never answered", len(empty), len(forms))
	}
}

// refuses compares what is not read: a server of the same major version has the same words.
func (r *real) refuses(forms []string) {
	for _, form := range forms {
		_, err := Parse(form)
		want := r.query(form, worldStart)
		if err == nil || want.Err == nil {
			r.t.Errorf("%s: refused with %v, by the server with %v", form, err, want.Err)
			continue
		}
		if text := strings.Join(strings.Fields(want.Err.Error()), " "); r.major >= 3 && !strings.Contains(text, err.Error()) {
			r.t.Errorf("%s:\n got %v\nwant %s", form, err, text)
		}
	}
}

// newer reports whether Prometheus 2 refuses a form or answers otherwise: quoted label names came with 3.0; before it, the
// rate of what began near zero, as gauges do, was extrapolated otherwise.
func newer(form string) bool {
	return strings.Contains(form, `"consumergroup"=`) || strings.HasSuffix(form, "# since 3") ||
		strings.Contains(form, "rate(kafka_consumergroup_lag{")
}

// differ compares two answers: to the bit with a server of the same major version, else to what the order and the
// compensation of sums leave.
func (r *real) differ(got, want Answer) string {
	if (got.Err != nil) != (want.Err != nil) || got.Type != want.Type || len(got.Elements) != len(want.Elements) {
		return fmt.Sprintf("got %s, want %s", canonical(got), canonical(want))
	}
	byLabels := map[string]float64{}
	for _, e := range want.Elements {
		byLabels[e.Labels.String()] = e.Value
	}
	for _, e := range got.Elements {
		v, ok := byLabels[e.Labels.String()]
		same := bits(v) == bits(e.Value)
		if r.major < 3 {
			same = same || math.Abs(v-e.Value) <= 1e-9*max(math.Abs(v), 1)
		}
		if !ok || !same {
			return fmt.Sprintf("%s is %v, want %v (there: %t)", e.Labels, e.Value, v, ok)
		}
	}
	if r.major >= 3 && got.Err != nil && got.Err.Error() != want.Err.Error() {
		return fmt.Sprintf("error %q, want %q", got.Err, want.Err)
	}
	return ""
}
