package main

import (
	"compress/gzip"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

const exposition = `# HELP kafka_consumergroup_lag Lag.
# TYPE kafka_consumergroup_lag gauge
kafka_consumergroup_lag{consumergroup="a b",topic="t",partition="0"} 5
kafka_consumergroup_lag{consumergroup="a b",topic="t",partition="1"} 7 1700000000
kafka_brokers 3
kafka_lag_exporter_scrape_duration_seconds{cluster="bench"} 1.25
# EOF
`

// A scrape counts what it was answered, compressed or not, and refuses a part of the truth.
func TestScrapeCountsWhatItGets(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Accept-Encoding") != "gzip" {
			_, _ = io.WriteString(w, exposition)
			return
		}
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		_, _ = io.WriteString(z, exposition)
		_ = z.Close()
	}))
	defer server.Close()
	s := newScraper(server.URL, time.Minute)
	for _, compressed := range []bool{false, true} {
		a, err := s.scrape(context.Background(), compressed, 2)
		if err != nil || a.series != 4 || a.lags != 2 || (a.encoding == "gzip") != compressed {
			t.Errorf("compressed %v: %+v, %v", compressed, a, err)
		}
		if _, err := s.scrape(context.Background(), compressed, 3); err == nil || !strings.Contains(err.Error(), "2 lags, not 3") {
			t.Errorf("compressed %v: a part passes for the whole: %v", compressed, err)
		}
	}
	values, err := s.values(context.Background(), cycleTime, "kafka_brokers", "absent")
	if err != nil || len(values) != 2 || values[cycleTime] != 1.25 || values["kafka_brokers"] != 3 {
		t.Errorf("values %v, %v", values, err)
	}
}

// A protobuf answer is counted as the same text is.
func TestScrapeCountsProtobuf(t *testing.T) {
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(strings.TrimSuffix(exposition, "# EOF\n")))
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		format := expfmt.NegotiateAccept(r.Header, expfmt.FmtOpenMetrics_1_0_0, expfmt.FmtProtoDelim)
		w.Header().Set("Content-Type", string(format))
		z := gzip.NewWriter(w)
		w.Header().Set("Content-Encoding", "gzip")
		enc := expfmt.NewEncoder(z, format)
		for _, f := range families {
			_ = enc.Encode(f)
		}
		_ = z.Close()
	}))
	defer server.Close()
	s := newScraper(server.URL, time.Minute)
	for _, accept := range []string{openMetrics, protobuf} {
		s.accept = accept
		a, err := s.scrape(t.Context(), true, 2)
		if err != nil || a.series != 4 || a.lags != 2 || a.protobuf != (accept == protobuf) {
			t.Errorf("%s: %+v, %v", accept, a, err)
		}
	}
}
