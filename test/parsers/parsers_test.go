package parsers

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"maps"
	"math"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/config"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/textparse"
)

func sortedNames() []string { return slices.Sorted(slices.Values(hostile)) }

// accept is the header that Prometheus's scraper makes of its scrape_protocols: falling weights, the escaping scheme on
// the newer text formats, and anything else last.
func accept(protocols []config.ScrapeProtocol, scheme model.EscapingScheme) string {
	weight := len(config.ScrapeProtocolsHeaders) + 1
	var items []string
	for _, p := range protocols {
		item := config.ScrapeProtocolsHeaders[p]
		if p == config.PrometheusText1_0_0 || p == config.OpenMetricsText1_0_0 {
			item += ";" + model.EscapingKey + "=" + scheme.String()
		}
		items = append(items, fmt.Sprintf("%s;q=0.%d", item, weight))
		weight--
	}
	return strings.Join(append(items, fmt.Sprintf("*/*;q=0.%d", weight)), ",")
}

// exposition is an answer as Prometheus understands it.
type exposition struct {
	values map[string]float64 // by the series as it is stored
	types  map[string]model.MetricType
	// starts are the start times of counters in milliseconds, where the format has them.
	starts map[string]int64
}

// read parses an answer as the scrape loop does; a complaint about the content type fails the scrape there too.
func read(t testing.TB, contentType string, body []byte) exposition {
	t.Helper()
	p, err := textparse.New(body, contentType, labels.NewSymbolTable(), textparse.ParserOptions{OpenMetricsSkipSTSeries: true})
	if err != nil {
		t.Fatal(err)
	}
	out := exposition{map[string]float64{}, map[string]model.MetricType{}, map[string]int64{}}
	for {
		entry, err := p.Next()
		if err == io.EOF {
			return out
		}
		if err != nil {
			t.Fatalf("%s: %v", contentType, err)
		}
		switch entry {
		case textparse.EntryType:
			name, typ := p.Type()
			out.types[string(name)] = typ
		case textparse.EntrySeries:
			var l labels.Labels
			p.Labels(&l)
			_, at, v := p.Series()
			if _, twice := out.values[l.String()]; twice || at != nil {
				t.Errorf("%s: %s comes twice or with a time", contentType, l)
			}
			out.values[l.String()] = v
			if st := p.StartTimestamp(); st != 0 {
				out.starts[l.String()] = st
			}
		case textparse.EntryHistogram:
			// Only protobuf has them, and only the exporter's own duration is one.
			var l labels.Labels
			if p.Labels(&l); l.Get("__name__") != "kafka_burndown_exporter_sample_duration_seconds" {
				t.Errorf("%s: %s is a native histogram", contentType, l)
			}
		}
	}
}

// scrape asks a server as Prometheus does.
func scrape(t testing.TB, url, accept, encoding string) (contentType string, body []byte) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	ask(req, accept, encoding)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	return answer(t, resp)
}

// scrapeHandler does without a server.
func scrapeHandler(t testing.TB, h http.Handler, accept, encoding string) (contentType string, body []byte) {
	t.Helper()
	req, w := httptest.NewRequest(http.MethodGet, "/metrics", nil), httptest.NewRecorder()
	ask(req, accept, encoding)
	h.ServeHTTP(w, req)
	return answer(t, w.Result())
}

func ask(req *http.Request, accept, encoding string) {
	req.Header.Set("Accept", accept)
	req.Header.Set("Accept-Encoding", encoding)
	req.Header.Set("X-Prometheus-Scrape-Timeout-Seconds", "10")
}

// answer undoes the compression as Prometheus does: one reader over the whole body.
func answer(t testing.TB, resp *http.Response) (contentType string, body []byte) {
	t.Helper()
	if resp.StatusCode != http.StatusOK {
		t.Fatal(resp.Status)
	}
	var r io.Reader = resp.Body
	switch got := resp.Header.Get("Content-Encoding"); got {
	case "":
	case "gzip":
		zr, err := gzip.NewReader(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		zr.Multistream(false) // one member has to be all
		r = zr
	case "zstd":
		zr, err := zstd.NewReader(resp.Body, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(8<<20))
		if err != nil {
			t.Fatal(err)
		}
		defer zr.Close()
		r = zr
	default:
		t.Fatalf("Content-Encoding %q", got)
	}
	body, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return resp.Header.Get("Content-Type"), body
}

// protocols are the lists that Prometheus offers: each protocol alone, and its defaults.
func protocols() map[string][]config.ScrapeProtocol {
	out := map[string][]config.ScrapeProtocol{
		"default": config.DefaultScrapeProtocols, "default with protobuf": config.DefaultProtoFirstScrapeProtocols,
	}
	for p := range config.ScrapeProtocolsHeaders {
		out[string(p)] = []config.ScrapeProtocol{p}
	}
	return out
}

// own leaves the exporter's own series out: they count the scrapes and go on.
func own[V any](m map[string]V) map[string]V {
	m = maps.Clone(m)
	maps.DeleteFunc(m, func(k string, _ V) bool { return strings.Contains(k, "kafka_burndown_exporter_") })
	return m
}

// TestEveryProtocolSaysTheSame asks in every protocol, escaping scheme and compression that Prometheus has.
func TestEveryProtocolSaysTheSame(t *testing.T) {
	server := httptest.NewServer(handler(t))
	defer server.Close()
	reference := read(t, "text/plain; version=0.0.4", second(scrape(t, server.URL, "text/plain;version=0.0.4", "identity")))
	if n := len(reference.values); n < 300 {
		t.Fatalf("only %d series", n)
	}
	for name, list := range protocols() {
		for _, scheme := range []model.EscapingScheme{
			model.NoEscaping, model.UnderscoreEscaping, model.DotsEscaping, model.ValueEncodingEscaping,
		} {
			for _, encoding := range []string{"gzip", "identity", "zstd,gzip"} {
				t.Run(fmt.Sprintf("%s, %s, %s", name, scheme, encoding), func(t *testing.T) {
					contentType, body := scrape(t, server.URL, accept(list, scheme), encoding)
					got := read(t, contentType, body)
					if diff := cmp.Diff(own(reference.values), own(got.values)); diff != "" {
						t.Error(diff)
					}
					if strings.Contains(contentType, "protobuf") != (list[0] == config.PrometheusProto) {
						t.Errorf("answered with %s", contentType)
					}
				})
			}
		}
	}
}

func second(_ string, body []byte) []byte { return body }

// TestStartTimes checks that both formats that have start times give every counter of the cluster the same.
func TestStartTimes(t *testing.T) {
	server := httptest.NewServer(handler(t))
	defer server.Close()
	parsed := map[config.ScrapeProtocol]exposition{}
	for _, p := range []config.ScrapeProtocol{config.OpenMetricsText1_0_0, config.PrometheusProto} {
		contentType, body := scrape(t, server.URL, accept([]config.ScrapeProtocol{p}, model.NoEscaping), "gzip")
		parsed[p] = read(t, contentType, body)
	}
	om, proto := parsed[config.OpenMetricsText1_0_0], parsed[config.PrometheusProto]
	if diff := cmp.Diff(own(proto.starts), own(om.starts)); diff != "" {
		t.Error(diff)
	}
	if n := len(own(om.starts)); n < 20 {
		t.Errorf("only %d counters with a start time", n)
	}
	for series, at := range own(om.starts) {
		if at != start.UnixMilli() {
			t.Errorf("%s starts at %d, want %d", series, at, start.UnixMilli())
		}
	}
}

// TestHostileNamesArrive finds each name as it is in Kafka, and only values that a scraper can use.
func TestHostileNamesArrive(t *testing.T) {
	server := httptest.NewServer(handler(t))
	defer server.Close()
	contentType, body := scrape(t, server.URL, accept(config.DefaultScrapeProtocols, model.NoEscaping), "gzip")
	if !strings.HasPrefix(contentType, "application/openmetrics-text") {
		t.Fatalf("Prometheus by default gets %s", contentType)
	}
	got := read(t, contentType, body)
	for _, name := range hostile {
		want := labels.FromStrings("__name__", "kafka_topic_partitions", "cluster", `ä"\`+"\n", "topic", name).String()
		if got.values[want] != 3 {
			t.Errorf("%s is %v, want 3", want, got.values[want])
		}
	}
	for series, v := range own(got.values) {
		if math.IsNaN(v) || math.IsInf(v, 0) || v < 0 {
			t.Errorf("%s is %v", series, v)
		}
	}
}

// viaClientGolang reads a text exposition with client_golang's parser and writes it with its protobuf encoder.
func viaClientGolang(t testing.TB, text []byte) []byte {
	t.Helper()
	p := expfmt.NewTextParser(model.UTF8Validation)
	families, err := p.TextToMetricFamilies(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	enc := expfmt.NewEncoder(&out, expfmt.FmtProtoDelim)
	for _, name := range slices.Sorted(maps.Keys(families)) {
		if err := enc.Encode(families[name]); err != nil {
			t.Fatal(err)
		}
	}
	return out.Bytes()
}

// FuzzProtobuf gives groups and topics whatever names, and reads protobuf with Prometheus's parser: what it holds is what
// client_golang makes of the same series, and its start times are those of OpenMetrics.
func FuzzProtobuf(f *testing.F) {
	for _, name := range hostile {
		f.Add(name, name+"2", uint8(len(name)))
	}
	f.Add(strings.Repeat("long", 100), "short", uint8(200))
	f.Fuzz(func(t *testing.T, a, b string, partitions uint8) {
		a, b = strings.ToValidUTF8(a, "?"), strings.ToValidUTF8(b, "?")
		if a == b || a == "" || b == "" {
			return
		}
		h := handlerOf(t, []string{min(a, b), max(a, b)}, int(partitions)+3)
		get := func(accept config.ScrapeProtocol, encoding string) (string, []byte) {
			return scrapeHandler(t, h, config.ScrapeProtocolsHeaders[accept], encoding)
		}
		contentType, text := get(config.PrometheusText0_0_4, "identity")
		want := read(t, contentType, text)
		reference := read(t, string(expfmt.FmtProtoDelim), viaClientGolang(t, text))
		_, openMetrics := get(config.OpenMetricsText1_0_0, "gzip")
		starts := own(read(t, string(expfmt.FmtOpenMetrics_1_0_0), openMetrics).starts)
		for _, encoding := range []string{"identity", "gzip", "zstd"} {
			contentType, body := get(config.PrometheusProto, encoding)
			got := read(t, contentType, body)
			for name, values := range map[string]map[string]float64{"text": want.values, "client_golang": reference.values} {
				if diff := cmp.Diff(own(values), own(got.values)); diff != "" {
					t.Errorf("%s, against %s: %s", encoding, name, diff)
				}
			}
			if diff := cmp.Diff(own(reference.types), own(got.types)); diff != "" {
				t.Errorf("%s: types: %s", encoding, diff)
			}
			if diff := cmp.Diff(starts, own(got.starts)); diff != "" {
				t.Errorf("%s: start times: %s", encoding, diff)
			}
		}
	})
}
