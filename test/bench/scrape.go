package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// openMetrics is the Accept header of a Prometheus server that prefers OpenMetrics text.
const openMetrics = "application/openmetrics-text;version=1.0.0;q=0.8,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"

// scraper scrapes one target as Prometheus does: one kept connection, compression asked for or not.
type scraper struct {
	url    string
	client *http.Client
}

func newScraper(url string, timeout time.Duration) *scraper {
	return &scraper{url: url, client: &http.Client{Transport: &http.Transport{DisableCompression: true}, Timeout: timeout}}
}

// scrape reads one exposition and returns how long it took to the last byte and how many bytes came over the wire.
func (s *scraper) scrape(ctx context.Context, gzip bool) (took time.Duration, size int64, encoding string, err error) {
	start := time.Now()
	resp, err := s.get(ctx, gzip)
	if err != nil {
		return 0, 0, "", fmt.Errorf("scrape %s: %w", s.url, err)
	}
	defer resp.Body.Close()
	size, err = io.Copy(io.Discard, resp.Body)
	took = time.Since(start)
	if err != nil {
		return took, size, "", fmt.Errorf("scrape %s: %w", s.url, err)
	}
	if resp.StatusCode != http.StatusOK {
		return took, size, "", fmt.Errorf("scrape %s: %s", s.url, resp.Status)
	}
	return took, size, resp.Header.Get("Content-Encoding"), nil
}

func (s *scraper) get(ctx context.Context, gzip bool) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", openMetrics)
	if gzip {
		req.Header.Set("Accept-Encoding", "gzip")
	}
	return s.client.Do(req)
}

// read scrapes once without taking the time and returns the text.
func (s *scraper) read(ctx context.Context) (string, error) {
	resp, err := s.get(ctx, false)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	return string(raw), err
}

// seriesOf counts the samples of an exposition.
func seriesOf(text string) int64 {
	n := int64(0)
	for line := range strings.Lines(text) {
		if line[0] != '#' && line[0] != '\n' {
			n++
		}
	}
	return n
}
