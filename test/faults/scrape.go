package faults

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// series is one series of the exposition, with the labels that the oracle looks at.
type series struct {
	family       string
	group, topic string
	partition    int
	label        string // the value of the one label that no other series of this level has: state, reason, direction
	text         string
}

// sample is one series with its value.
type sample struct {
	*series
	value float64
}

// scrape is one answer of the exporter: it was asked for at sent and had come at got.
type scrape struct {
	sent, got instant
	samples   []sample
}

// parser reads the text format as the exporter writes it, and remembers series.
type parser struct {
	mu    sync.Mutex
	known map[string]*series
}

func newParser() *parser { return &parser{known: map[string]*series{}} }

func (p *parser) parse(body []byte) (samples []sample, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for line := range bytes.Lines(body) {
		line = bytes.TrimRight(line, "\n")
		if len(line) == 0 || line[0] == '#' {
			continue
		}
		at := bytes.LastIndexByte(line, ' ')
		if at < 0 {
			return nil, fmt.Errorf("a line without a value: %q", line)
		}
		value, err := strconv.ParseFloat(string(line[at+1:]), 64)
		if err != nil {
			return nil, fmt.Errorf("%q: %w", line, err)
		}
		s := p.known[string(line[:at])]
		if s == nil {
			if s, err = parseSeries(string(line[:at])); err != nil {
				return nil, err
			}
			p.known[s.text] = s
		}
		samples = append(samples, sample{s, value})
	}
	return samples, nil
}

// parseSeries takes a name with its labels apart. No name in these tests has a quote or a comma in it.
func parseSeries(text string) (*series, error) {
	s := &series{text: text, partition: -1}
	name, labels, ok := strings.Cut(text, "{")
	s.family = name
	if !ok {
		return s, nil
	}
	for pair := range strings.SplitSeq(strings.TrimSuffix(labels, "}"), ",") {
		key, value, ok := strings.Cut(pair, "=")
		if !ok {
			return nil, fmt.Errorf("labels of %q", text)
		}
		value = strings.Trim(value, `"`)
		switch key {
		case "consumergroup":
			s.group = value
		case "topic":
			s.topic = value
		case "partition":
			n, err := strconv.Atoi(value)
			if err != nil {
				return nil, fmt.Errorf("partition of %q: %w", text, err)
			}
			s.partition = n
		default:
			s.label = value
		}
	}
	return s, nil
}

// scraper asks an exporter again and again.
type scraper struct {
	url    string
	every  time.Duration
	client *http.Client
	parser *parser

	mu      sync.Mutex
	scrapes []*scrape
	failed  int
}

func newScraper(url string, every time.Duration) *scraper {
	return &scraper{url: url, every: every, client: &http.Client{Timeout: 5 * time.Second}, parser: newParser()}
}

// run scrapes until ctx ends.
func (s *scraper) run(ctx context.Context) {
	tick := time.NewTicker(s.every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		one, err := s.scrape(ctx)
		s.mu.Lock()
		if err == nil {
			s.scrapes = append(s.scrapes, one)
		} else if ctx.Err() == nil {
			s.failed++
		}
		s.mu.Unlock()
	}
}

func (s *scraper) scrape(ctx context.Context) (*scrape, error) {
	one := &scrape{sent: now()}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+"/metrics", nil)
	if err != nil {
		return nil, err
	}
	answer, err := s.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, err
	}
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s", answer.Status)
	}
	one.got = now()
	one.samples, err = s.parser.parse(body)
	return one, err
}

// take returns what was scraped since the last call.
func (s *scraper) take() (scrapes []*scrape, failed int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	scrapes, failed = s.scrapes, s.failed
	s.scrapes, s.failed = nil, 0
	return scrapes, failed
}

// newest is the newest answer, nil before the first.
func (s *scraper) newest() *scrape {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.scrapes) == 0 {
		return nil
	}
	return s.scrapes[len(s.scrapes)-1]
}
