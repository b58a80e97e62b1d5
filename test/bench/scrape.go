package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
)

// The Accept headers of a Prometheus server that prefers OpenMetrics text, and of one with native histograms.
const (
	openMetrics = "application/openmetrics-text;version=1.0.0;q=0.8,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
	protobuf    = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.9," + openMetrics
)

// scraper scrapes one target as Prometheus does: one kept connection, compression asked for or not.
type scraper struct {
	url    string
	accept string
	client *http.Client
	body   bytes.Buffer // of the last answer; its memory is used again
}

func newScraper(url string, timeout time.Duration) *scraper {
	return &scraper{url: url, accept: openMetrics, client: &http.Client{Transport: &http.Transport{DisableCompression: true}, Timeout: timeout}}
}

// answer is one scrape's.
type answer struct {
	took     time.Duration // to the last byte
	size     int64         // bytes over the wire
	encoding string
	protobuf bool
	series   int // samples
	lags     int // samples whose name ends in lag
}

// fetch reads one exposition and takes the time.
func (s *scraper) fetch(ctx context.Context, gzip bool) (answer, error) {
	start := time.Now()
	resp, err := s.get(ctx, s.accept, gzip)
	if err != nil {
		return answer{}, fmt.Errorf("scrape %s: %w", s.url, err)
	}
	defer resp.Body.Close()
	s.body.Reset()
	size, err := s.body.ReadFrom(resp.Body)
	a := answer{took: time.Since(start), size: size, encoding: resp.Header.Get("Content-Encoding")}
	a.protobuf = strings.HasPrefix(resp.Header.Get("Content-Type"), "application/vnd.google.protobuf")
	if err == nil && resp.StatusCode != http.StatusOK {
		err = errors.New(resp.Status)
	}
	if err != nil {
		err = fmt.Errorf("scrape %s: %w", s.url, err)
	}
	return a, err
}

// scrape reads one exposition and takes the time; what it holds is counted afterwards. One that has fewer lags than
// wanted is an error: a part of the truth is quick to send.
func (s *scraper) scrape(ctx context.Context, gzip bool, wanted int) (answer, error) {
	a, err := s.fetch(ctx, gzip)
	if err != nil {
		return a, err
	}
	text, err := s.text(a.encoding)
	if err != nil {
		return a, fmt.Errorf("scrape %s: %w", s.url, err)
	}
	read := samples
	if a.protobuf {
		read = messages
	}
	if err := read(text, func(name, _ []byte) {
		a.series++
		if bytes.HasSuffix(name, []byte("lag")) {
			a.lags++
		}
	}); err != nil {
		return a, fmt.Errorf("scrape %s: %w", s.url, err)
	}
	if a.lags < wanted {
		return a, fmt.Errorf("scrape %s: %d lags, not %d", s.url, a.lags, wanted)
	}
	return a, nil
}

// text is the last answer, decompressed.
func (s *scraper) text(encoding string) (io.Reader, error) {
	if encoding == "gzip" {
		return gzip.NewReader(bytes.NewReader(s.body.Bytes()))
	}
	return bytes.NewReader(s.body.Bytes()), nil
}

func (s *scraper) get(ctx context.Context, accept string, gzip bool) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", accept)
	if gzip {
		req.Header.Set("Accept-Encoding", "gzip")
	}
	return s.client.Do(req)
}

// values scrapes once without taking the time and returns the first sample of each name that is there.
func (s *scraper) values(ctx context.Context, names ...string) (map[string]float64, error) {
	resp, err := s.get(ctx, openMetrics, false)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	found := map[string]float64{}
	return found, samples(resp.Body, func(name, value []byte) {
		for _, n := range names {
			if _, known := found[n]; !known && n == string(name) {
				if v, err := strconv.ParseFloat(string(value), 64); err == nil {
					found[n] = v
				}
			}
		}
	})
}

// samples calls do with the name and value of every sample of an exposition (without exemplars).
func samples(text io.Reader, do func(name, value []byte)) error {
	lines := bufio.NewScanner(text)
	lines.Buffer(make([]byte, 64<<10), 1<<20)
	for lines.Scan() {
		line := lines.Bytes()
		if len(line) == 0 || line[0] == '#' {
			continue
		}
		end := bytes.IndexAny(line, "{ ")
		if end < 0 {
			continue
		}
		fields := bytes.Fields(line[bytes.LastIndexByte(line, '}')+1:])
		if line[end] == ' ' {
			fields = bytes.Fields(line[end:])
		}
		if len(fields) > 0 {
			do(line[:end], fields[0])
		}
	}
	return lines.Err()
}

// messages calls do with the name of the family of every metric in delimited protobuf, and no value.
func messages(text io.Reader, do func(name, value []byte)) error {
	families := expfmt.NewDecoder(text, expfmt.FmtProtoDelim)
	for {
		var f dto.MetricFamily
		if err := families.Decode(&f); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		for range f.Metric {
			do([]byte(f.GetName()), nil)
		}
	}
}
