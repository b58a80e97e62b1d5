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
