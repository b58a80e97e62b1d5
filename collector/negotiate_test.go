package collector

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	_ "github.com/prometheus/client_golang/prometheus/promhttp/zstd" // promhttp offers it once it is imported
	"github.com/prometheus/client_golang/prometheus/testutil"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"google.golang.org/protobuf/encoding/prototext"
)

// The Accept headers of the clients there are.
var accepts = map[string]string{
	"none":     "",
	"curl":     "*/*",
	"browser":  "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
	"v2.0":     "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.7,text/plain;version=0.0.4;q=0.3",
	"v2.20":    "application/openmetrics-text; version=0.0.1,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
	"v2.45":    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
	"v3":       "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
	"v3proto":  "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,text/plain;version=0.0.4;q=0.2,*/*;q=0.1",
	"text":     "text/plain;version=0.0.4",
	"om":       "application/openmetrics-text; version=1.0.0; charset=utf-8",
	"dots":     "text/plain;version=0.0.4;escaping=dots",
	"values":   "application/openmetrics-text;version=1.0.0;escaping=values",
	"prototxt": "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=text",
}

var acceptEncodings = []string{
	"", "gzip", "identity", "gzip, deflate, br, zstd", "deflate, gzip", "gzip;q=1.0, identity;q=0.5", "gzip;q=0",
	"*", "zstd", "identity, gzip", "gzip;q=0.5, identity;q=0.5", "gzip ; q=0.9, *;q=0.1", "br;q=1, *;q=0", "gzip;x=1",
	"gzip;q=0.3, *;q=0.5", "zstd;q=1, gzip;q=0.5", "zstd;q=0.5, gzip", "gzip, zstd", "zstd, identity", "zstd;q=0, gzip;q=0",
}

// Where Prometheus names zstd first, it gets it; promhttp takes gzip at equal quality whatever is named first.
func TestZstdNamedFirst(t *testing.T) {
	for header, want := range map[string]Encoding{
		"zstd,gzip": Zstd, "gzip,zstd": Gzip, "zstd;q=0.5,gzip;q=0.5": Zstd, "zstd;q=0.5,gzip": Gzip, "zstd,gzip,identity": identity,
		"br,zstd": Zstd, "": identity,
	} {
		if got := negotiateEncoding(http.Header{"Accept-Encoding": {header}}); got != want {
			t.Errorf("%s: %s, want %s", header, got, want)
		}
	}
}

// viaClientGolang is the same exposition, made and negotiated by client_golang alone.
func viaClientGolang(h *testHandler) http.Handler {
	families := snapshotGatherer{h.Encoder.metricFamilies(h.Snapshot())}
	all := prometheus.NewMultiTRegistry(families, prometheus.ToTransactionalGatherer(h.Registry))
	return promhttp.HandlerForTransactional(all, promhttp.HandlerOpts{
		EnableOpenMetrics: true, EnableOpenMetricsTextCreatedSamples: true,
	})
}

// parse reads an exposition of any format into families, the samples of each sorted.
func parse(t *testing.T, contentType, text string) map[string][]string {
	t.Helper()
	out := map[string][]string{}
	add := func(mf *dto.MetricFamily) {
		for _, m := range mf.Metric {
			slices.SortFunc(m.Label, func(a, b *dto.LabelPair) int { return strings.Compare(a.GetName(), b.GetName()) })
			out[mf.GetName()] = append(out[mf.GetName()], prototext.MarshalOptions{}.Format(m))
		}
		slices.Sort(out[mf.GetName()])
	}
	if strings.HasPrefix(contentType, string(expfmt.FmtProtoDelim[:30])) {
		dec := expfmt.NewDecoder(strings.NewReader(text), expfmt.FmtProtoDelim)
		for {
			mf := &dto.MetricFamily{}
			if err := dec.Decode(mf); errors.Is(err, io.EOF) {
				return out
			} else if err != nil {
				t.Fatal(err)
			}
			add(mf)
		}
	}
	p := expfmt.NewTextParser(model.UTF8Validation)
	families, err := p.TextToMetricFamilies(strings.NewReader(text))
	if err != nil {
		t.Fatalf("%v in:\n%s", err, text)
	}
	for _, mf := range families {
		add(mf)
	}
	return out
}

// snapshotGatherer hands out families that nobody changes.
type snapshotGatherer struct{ families []*dto.MetricFamily }

func (s snapshotGatherer) Gather() ([]*dto.MetricFamily, func(), error) {
	return s.families, func() {}, nil
}

func TestSameAnswerAsClientGolang(t *testing.T) {
	for scenario, s := range scenarios() {
		h := newTestHandler(t)
		h.Publish(s)
		get(h, "/metrics") // from now on the number of series is known
		reference := viaClientGolang(h)
		for client, accept := range accepts {
			for _, encoding := range acceptEncodings {
				if scenario != "normal" && encoding != "" && encoding != "gzip" && encoding != "zstd" {
					continue // negotiation does not depend on what is served
				}
				got := get(h, "/metrics", "Accept", accept, "Accept-Encoding", encoding)
				want := get(reference, "/metrics", "Accept", accept, "Accept-Encoding", encoding)
				name := scenario + ", " + client + ", " + encoding
				if client == "prototxt" { // not offered here: text instead
					want.Header["Content-Type"] = []string{string(expfmt.FmtText) + "; escaping=underscores"}
				}
				for _, header := range []string{"Content-Type", "Content-Encoding", "Vary"} {
					if diff := cmp.Diff(want.Header.Values(header), got.Header.Values(header)); diff != "" {
						t.Errorf("%s: %s: %s", name, header, diff)
					}
				}
				if client == "prototxt" || encoding != "" && encoding != "gzip" && encoding != "zstd" {
					continue
				}
				contentType := got.Header.Get("Content-Type")
				if diff := cmp.Diff(parse(t, contentType, body(t, want)), parse(t, contentType, body(t, got))); diff != "" {
					t.Errorf("%s: %s", name, diff)
				}
			}
		}
	}
}

func TestNameFilter(t *testing.T) {
	h := newTestHandler(t)
	h.Publish(scenarios()["normal"])
	for _, encoding := range []string{"identity", "gzip"} {
		got := body(t, get(h, "/metrics?name[]=kafka_group_lag&name[]="+selfPrefix+"groups", "Accept-Encoding", encoding))
		var names []string
		for line := range strings.Lines(got) {
			if name, ok := strings.CutPrefix(line, "# TYPE "); ok {
				names = append(names, strings.Fields(name)[0])
			}
		}
		if diff := cmp.Diff([]string{"kafka_group_lag", selfPrefix + "groups"}, names); diff != "" {
			t.Errorf("%s: %s", encoding, diff)
		}
	}
}

// TestFamiliesAreConsistent lets client_golang check what the hot path does not: duplicates, types, labels, order.
func TestFamiliesAreConsistent(t *testing.T) {
	for name, s := range scenarios() {
		e := testEncoder(t, EncoderOptions{Labels: []Label{{"cluster", "blue"}}})
		families := e.metricFamilies(s, Label{"cluster", "blue"})
		gatherer := prometheus.GathererFunc(func() ([]*dto.MetricFamily, error) { return families, nil })
		if _, err := (prometheus.Gatherers{gatherer}).Gather(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		var ours []string
		for _, f := range Families() {
			if !f.DropIn {
				ours = append(ours, f.Name)
			}
		}
		problems, err := testutil.GatherAndLint(prometheus.Gatherers{gatherer}, ours...)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range problems {
			t.Errorf("%s: %s: %s", name, p.Metric, p.Text)
		}
	}
}

func TestSelfIsLintFree(t *testing.T) {
	h := newTestHandler(t)
	h.Self.Request("Metadata", "1")
	h.Self.Failure("Metadata", "1", "timeout")
	h.Publish(scenarios()["normal"])
	problems, err := testutil.GatherAndLint(h.Registry)
	if err != nil || len(problems) > 0 {
		t.Errorf("%v, %v", problems, err)
	}
	families, err := h.Registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var got, want []string
	for _, mf := range families {
		got = append(got, mf.GetName()+" "+strings.ToLower(mf.GetType().String())+" "+mf.GetHelp())
	}
	for _, f := range SelfFamilies() {
		want = append(want, f.Name+" "+string(f.Type)+" "+f.Help)
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the table and the registry differ: %s", diff)
	}
}

func TestServerIsReachableByHTTP(t *testing.T) {
	h := newTestHandler(t)
	h.Publish(scenarios()["normal"])
	srv := httptest.NewServer(h)
	defer srv.Close()
	r, err := srv.Client().Get(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	if err != nil || !strings.Contains(string(text), "kafka_group_lag{") {
		t.Errorf("%v, %d bytes", err, len(text))
	}
}
