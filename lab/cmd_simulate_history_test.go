package main

import (
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"kafka_burndown_exporter/internal/cli/clitest"
	"kafka_burndown_exporter/lab/recording"
	"kafka_burndown_exporter/test/prometheus"
)

const (
	historyMinutes = 8 * 24 * 60 // more than the 11 000 points that the server gives at once
	gapFrom, gapTo = 3000, 3300  // minutes without samples, five hours
	resetAt        = 6000        // minute at which the counters begin anew
	historyRate    = 120.0       // messages/s produced
)

// recordHistory is eight days of one-minute samples of a group: recorded series, and the exporter's counter.
func recordHistory(from time.Time) string {
	var b strings.Builder
	series := func(name, kind string, value func(minute int) float64) {
		fmt.Fprintf(&b, "# TYPE %s %s\n", strings.TrimSuffix(name, "_total"), kind)
		for m := range historyMinutes {
			if m > gapFrom && m < gapTo {
				continue
			}
			fmt.Fprintf(&b, "%s{consumergroup=\"orders\"} %g %d\n", name, value(m), from.Unix()+int64(m)*60)
		}
	}
	constant := func(v float64) func(int) float64 { return func(int) float64 { return v } }
	series("consumergroup:kafka_group_produced_messages:rate2m", "gauge", constant(historyRate))
	series("consumergroup:kafka_group_consumed_messages:rate2m", "gauge", constant(90))
	series("consumergroup:kafka_group_members:max", "gauge", constant(2))
	series("consumergroup:kafka_group_useful_members:max", "gauge", constant(6))
	series("kafka_group_produced_messages_total", "counter", func(m int) float64 {
		if m >= resetAt {
			m -= resetAt
		}
		return historyRate * 60 * float64(m)
	})
	return b.String() + "# EOF\n"
}

// pages notes how many points every request asks for.
type pages struct {
	next   http.RoundTripper
	points []int
}

func (p *pages) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := r.GetBody()
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(body)
	if err != nil {
		return nil, err
	}
	form, err := url.ParseQuery(string(text))
	if err != nil {
		return nil, err
	}
	number := func(name string) float64 { v, _ := strconv.ParseFloat(form.Get(name), 64); return v }
	p.points = append(p.points, int((number("end")-number("start"))/number("step"))+1)
	return p.next.RoundTrip(r)
}

// history is a Prometheus server with eight days of a group's past, which asks for a login.
type history struct {
	url, config string
	from, to    time.Time
}

func startHistory(t *testing.T) *history {
	t.Helper()
	from := time.Now().Add(-9 * 24 * time.Hour).Truncate(2 * time.Hour)
	login := url.UserPassword("prometheus", "secret")
	// The hash is of "secret", bcrypt with the least cost.
	s := prometheus.Start(t, prometheus.Options{History: recordHistory(from), Login: login, WebConfig: "basic_auth_users:\n" +
		"  prometheus: $2a$04$VD5xMenvuxcqdkOJDDmiZulCXic7aI3TokeElldjh/Aj/aBUS9Uty\n"})
	return &history{
		url:    strings.Replace(s.URL, login.String()+"@", "", 1),
		config: writeFile(t, "http.yml", "basic_auth: {username: prometheus, password: secret}\n"),
		from:   from, to: from.Add((historyMinutes - 1) * time.Minute),
	}
}

func TestHistoryOfARealPrometheus(t *testing.T) {
	h := startHistory(t)
	t.Run("pages", h.testPages)
	t.Run("counter reset", h.testCounterReset)
	t.Run("simulate", h.testSimulate)
	t.Run("logins", h.testLogins)
}

func (h *history) fetch(t *testing.T, queries recording.Queries) (*recording.History, []int) {
	t.Helper()
	client, err := httpClient(h.config)
	if err != nil {
		t.Fatal(err)
	}
	server, err := recording.ParseServer(h.url)
	if err != nil {
		t.Fatal(err)
	}
	p := &pages{next: client.Transport}
	client.Transport = p
	past, err := recording.Fetch(t.Context(), &recording.Request{URL: server, Client: client, Group: "orders",
		From: h.from, To: h.to, Step: time.Minute, Queries: queries})
	if err != nil {
		t.Fatal(err)
	}
	return past, p.points
}

func (h *history) testPages(t *testing.T) {
	past, asked := h.fetch(t, recording.Queries{})
	want := []int{10_000, historyMinutes - 10_000}
	if len(asked) != 10 || !slices.Equal(asked[:2], want) {
		t.Errorf("the requests ask for %v points, want five times %v", asked, want)
	}
	gaps := past.Produced.Gaps()
	if len(gaps) != 1 || gaps[0].To != gapTo*time.Minute {
		t.Fatalf("gaps: %v", gaps)
	}
	// The server carries a value for up to five minutes.
	if carried := gaps[0].From - gapFrom*time.Minute; carried < 0 || carried > 5*time.Minute {
		t.Errorf("the gap begins at %v", gaps[0].From)
	}
	missing := int((gaps[0].To-gaps[0].From)/time.Minute) - 1
	if n := len(past.Produced.Times); n != historyMinutes-missing {
		t.Errorf("%d points and %d missing, want %d", n, missing, historyMinutes)
	}
	for i, v := range past.Produced.Values {
		if v != historyRate {
			t.Fatalf("%v at %v", v, past.Produced.Times[i])
		}
	}
	if v, known := past.Produced.At((gapFrom + gapTo) / 2 * time.Minute); known || v != historyRate {
		t.Errorf("in the gap: %v, known %v", v, known)
	}
}

func (h *history) testCounterReset(t *testing.T) {
	past, _ := h.fetch(t, recording.Queries{
		Produced: `sum(rate(kafka_group_produced_messages_total{consumergroup="orders"}[5m]))`})
	if gaps := past.Produced.Gaps(); len(gaps) != 1 || gaps[0].To-gaps[0].From < 4*time.Hour {
		t.Errorf("gaps: %v", gaps)
	}
	for i, v := range past.Produced.Values {
		// Where the window is not full the rate is lower, never 0 and never below.
		low, minute := historyRate/2, past.Produced.Times[i].Minutes()
		if minute < 5 || minute > gapFrom && minute < gapTo+5 {
			low = 1
		}
		if v < low || v > historyRate*1.01 {
			t.Errorf("%v messages/s at minute %v", v, minute)
		}
	}
}

func (h *history) testSimulate(t *testing.T) {
	code, stdout, stderr := h.simulate(t, "--http.config.file="+h.config, "--candidate=recorded", "--format=csv")
	if code != 0 || stderr != "" {
		t.Fatalf("code %d, stderr %q", code, stderr)
	}
	rows, err := csv.NewReader(strings.NewReader(stdout)).ReadAll()
	if err != nil || len(rows) < 1000 {
		t.Fatalf("%d rows: %v", len(rows), err)
	}
	column := func(row []string, name string) string { return row[slices.Index(rows[0], name)] }
	unknown, last := 0, 0.0
	for _, row := range rows[1:] {
		at, _ := strconv.ParseFloat(column(row, "seconds"), 64)
		rate, _ := strconv.ParseFloat(column(row, "produced_rate"), 64)
		minute := at / 60
		last = minute
		inGap := minute > gapFrom+6 && minute < gapTo
		known := column(row, "produced_known") == "true"
		if inGap && known || !known && (minute < gapFrom || minute > gapTo) {
			t.Errorf("minute %v: known %v", minute, known)
		}
		if !known {
			unknown++
		}
		if math.Abs(rate-historyRate) > 1 {
			t.Fatalf("minute %v: %v messages/s, want %v", minute, rate, historyRate)
		}
	}
	if unknown == 0 || last < historyMinutes-10 || last > historyMinutes {
		t.Errorf("%d points in the gap, the last at minute %v of %d", unknown, last, historyMinutes)
	}
}

func (h *history) testLogins(t *testing.T) {
	wrong := writeFile(t, "wrong.yml", "basic_auth: {username: prometheus, password: guess}\n")
	for name, args := range map[string][]string{"none": nil, "wrong": {"--http.config.file=" + wrong}} {
		code, stdout, stderr := h.simulate(t, args...)
		if code != 1 || stdout != "" || strings.Count(stderr, "\n") != 1 || !strings.Contains(stderr, "401 Unauthorized") {
			t.Errorf("%s: code %d, stdout %q, stderr %q", name, code, stdout, stderr)
		}
	}
}

func (h *history) simulate(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs clitest.Buffer
	args = append([]string{"simulate", "--prometheus.url=" + h.url, "--group=orders", "--start=" + h.from.Format(time.RFC3339),
		"--end=" + h.to.Format(time.RFC3339)}, args...)
	code = run(t.Context(), args, &out, &errs)
	return code, out.String(), errs.String()
}
