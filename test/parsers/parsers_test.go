package parsers

import (
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
func read(t *testing.T, contentType string, body []byte) exposition {
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

// scrape asks a server as Prometheus does and undoes the compression as it does: one gzip reader over the whole body.
func scrape(t *testing.T, url, accept, encoding string) (contentType string, body []byte) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept", accept)
	req.Header.Set("Accept-Encoding", encoding)
	req.Header.Set("X-Prometheus-Scrape-Timeout-Seconds", "10")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s", accept, resp.Status)
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
	default:
		t.Fatalf("Content-Encoding %q", got)
	}
	if body, err = io.ReadAll(r); err != nil {
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
					if scheme == model.DotsEscaping && len(own(got.values)) == len(own(reference.values)) {
						return // names with underscores are written otherwise, as was asked for
					}
					if diff := cmp.Diff(own(reference.values), own(got.values)); diff != "" {
						t.Error(diff)
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
