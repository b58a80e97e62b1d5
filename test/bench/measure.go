package main

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"time"
)

// measurement gathers one exporter's figures over all rounds.
type measurement struct {
	exporter exporter
	version  string
	missing  string // why it was not measured

	scrapes, identity []time.Duration // wall time of compressed and uncompressed scrapes
	spread            []time.Duration // of compressed ones, spread over the sampling interval of an exporter that has one
	samples           []time.Duration // sample start → published snapshot
	cycleCPU          []time.Duration // exporter's CPU per sample and scrape together
	scrapeCPU         []time.Duration // exporter's CPU per compressed scrape, scraped back to back
	brokerCPU         []time.Duration // broker's CPU per sample and scrape, above idle
	resident, peak    []int64
	bytes, rawBytes   []int64
	tenth             figures // with one group in ten moving
	protobuf          figures // of a scraper that asks for protobuf, beside the one before
	series            []int64
	encoding          string
	requests          map[string]int // per cycle, by API
	requestCycles     int
	errors            int
	last              [2]float64 // sum and number of the samples' times at the last look
	made, due         float64    // samples of an exporter that counts them: those made, and those the interval asks for
}

// plan says how long each exporter is watched.
type plan struct {
	rounds, cycles int
	period         time.Duration // distance of scrapes, and sampling interval of exporters that have one
	scrapeTimeout  time.Duration
	brief          bool // neither one in ten moving nor protobuf
}

// figures are those of cycles besides the first ones.
type figures struct {
	scrapes, cpu    []time.Duration
	bytes, resident []int64
}

// observe runs one exporter alone for one round. idleBroker is the share of a core that the broker uses while nobody
// commits and nobody asks.
func (m *measurement) observe(
	ctx context.Context, dir, addr string, brokerPID int, idleBroker float64, content *fixture, p plan,
) error {
	proc, err := m.exporter.start(ctx, dir, addr)
	if err != nil {
		return err
	}
	defer proc.stop()
	s := newScraper(proc.url, p.scrapeTimeout)
	if err := m.warmUp(ctx, s); err != nil {
		return err
	}
	m.last = [2]float64{}
	m.sampleTime(ctx, s)
	began, before := time.Now(), m.last[1]
	if err := m.cycles(ctx, proc, s, p); err != nil {
		return err
	}
	if before > 0 {
		m.made += m.last[1] - before
		m.due += math.Floor(float64(time.Since(began)) / float64(p.period)) // a part of a period may hold none
	}
	if content.shareGroups > 0 {
		right, oldest, err := content.shareAges(ctx, s)
		if err != nil {
			return err
		}
		say("%d of %d share groups have their lag; the oldest was read %s ago", right, content.shareGroups, seconds(oldest))
	}
	content.paused.Store(true)
	err = m.broker(ctx, s, brokerPID, idleBroker, p)
	content.paused.Store(false)
	if err != nil {
		return err
	}
	if err := m.spreadOut(ctx, s, p); err != nil {
		return err
	}
	m.plain(ctx, s, p)
	if err := m.burst(ctx, proc, s, p); err != nil {
		return err
	}
	if p.brief {
		return nil
	}
	if err := m.oneInTen(ctx, proc, s, content, p); err != nil {
		return err
	}
	s.accept = protobuf
	return m.further(ctx, proc, s, p, &m.protobuf)
}

// oneInTen has one group in ten move on; rates of those that stand still now end meanwhile.
func (m *measurement) oneInTen(ctx context.Context, proc *process, s *scraper, content *fixture, p plan) error {
	share := content.share.Load()
	defer content.share.Store(share)
	content.share.Store(0.1)
	if err := sleep(ctx, rateWindow+2*p.period); err != nil {
		return err
	}
	return m.further(ctx, proc, s, p, &m.tenth)
}

// rateWindow is ours: for as long after a commit a group's rates change.
const rateWindow = 2 * time.Minute

// further makes cycles after a scrape that does not count: the first of its kind.
func (m *measurement) further(ctx context.Context, proc *process, s *scraper, p plan, out *figures) error {
	a, err := s.scrape(ctx, true, fullSeries)
	if err != nil || a.protobuf != (s.accept == protobuf) {
		return err // it has no protobuf, which the table says with a dash
	}
	pid := proc.cmd.Process.Pid
	for range p.cycles {
		if err := sleep(ctx, rand.N(p.period)); err != nil {
			return err
		}
		before, err := cpuTime(pid)
		if err != nil {
			return err
		}
		start := time.Now()
		if a, err = s.scrape(ctx, true, fullSeries); err != nil {
			m.errors++
			say("%v", err)
			continue
		}
		if err := sleep(ctx, p.period-time.Since(start)); err != nil {
			return err
		}
		after, err := cpuTime(pid)
		if err != nil {
			return err
		}
		resident, _, err := residentMemory(pid)
		if err != nil {
			return err
		}
		out.scrapes, out.cpu = append(out.scrapes, a.took), append(out.cpu, after-before)
		out.bytes, out.resident = append(out.bytes, a.size), append(out.resident, resident)
	}
	return nil
}

// warmUp scrapes, compressed as the measured scrapes are, until an answer has all the lags, then once more, so that caches
// and pools are as in steady state.
func (m *measurement) warmUp(ctx context.Context, s *scraper) error {
	deadline := time.Now().Add(5 * time.Minute)
	for good := 0; good < 2; {
		if time.Now().After(deadline) {
			return fmt.Errorf("%s: no full scrape within 5 minutes", m.exporter.name)
		}
		_, err := s.scrape(ctx, true, fullSeries)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err == nil:
			good++
		default:
			time.Sleep(500 * time.Millisecond)
		}
	}
	return nil
}

// cycles makes one compressed scrape per period and takes the CPU of everything in between. A pause of random length
// between periods moves the scrape against the exporter's own interval.
func (m *measurement) cycles(ctx context.Context, proc *process, s *scraper, p plan) error {
	pid := proc.cmd.Process.Pid
	for range p.cycles {
		if err := sleep(ctx, rand.N(p.period)); err != nil {
			return err
		}
		cpu0, err := cpuTime(pid)
		if err != nil {
			return err
		}
		start := time.Now()
		a, err := s.scrape(ctx, true, fullSeries)
		if err != nil {
			m.errors++
			say("%v", err)
			continue
		}
		m.scrapes = append(m.scrapes, a.took)
		m.bytes = append(m.bytes, a.size)
		m.encoding = a.encoding
		if err := sleep(ctx, p.period-time.Since(start)); err != nil {
			return err
		}
		if err := m.account(ctx, s, pid, cpu0, a.took); err != nil {
			return err
		}
	}
	return nil
}

// spreadOut makes 100 compressed scrapes over two sampling intervals: some of them come while a sample is made or rendered.
func (m *measurement) spreadOut(ctx context.Context, s *scraper, p plan) error {
	if !m.exporter.background {
		return nil
	}
	const scrapes = 100
	start := time.Now()
	for i := range scrapes {
		if err := sleep(ctx, time.Until(start.Add(time.Duration(i)*2*p.period/scrapes))); err != nil {
			return err
		}
		a, err := s.fetch(ctx, true)
		if err != nil {
			m.errors++
			say("%v", err)
			continue
		}
		m.spread = append(m.spread, a.took)
	}
	return nil
}

// broker takes the broker's CPU for a sample and a scrape, above what it uses anyway. Commits would cost it more than
// that, and not the same from one period to the next.
func (m *measurement) broker(ctx context.Context, s *scraper, pid int, idle float64, p plan) error {
	const samples = 2
	if err := sleep(ctx, p.period/5); err != nil { // what is under way ends
		return err
	}
	before, err := cpuTime(pid)
	if err != nil {
		return err
	}
	start := time.Now()
	for i := range samples {
		if _, err := s.scrape(ctx, true, fullSeries); err != nil {
			m.errors++
			say("%v", err)
			return nil
		}
		if err := sleep(ctx, time.Duration(i+1)*p.period-time.Since(start)); err != nil {
			return err
		}
	}
	after, err := cpuTime(pid)
	if err != nil {
		return err
	}
	used := after - before - time.Duration(idle*float64(time.Since(start)))
	m.brokerCPU = append(m.brokerCPU, max(used, 0)/samples)
	return nil
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

func (m *measurement) account(ctx context.Context, s *scraper, pid int, cpu0, took time.Duration) error {
	cpu1, err := cpuTime(pid)
	if err != nil {
		return err
	}
	m.cycleCPU = append(m.cycleCPU, cpu1-cpu0)
	now, peak, err := residentMemory(pid)
	if err != nil {
		return err
	}
	m.resident = append(m.resident, now)
	m.peak = append(m.peak, peak)
	if sample, ok := m.sampleTime(ctx, s); ok {
		m.samples = append(m.samples, sample)
	} else if !m.exporter.background {
		m.samples = append(m.samples, took)
	}
	return nil
}

// What background exporters say of their collections, from the first request to what is published: ours sums and counts
// the times, klag-exporter tells the last (its poll time leaves out what it computes from the offsets).
const (
	durationSum   = "kafka_burndown_exporter_sample_duration_seconds_sum"
	durationCount = "kafka_burndown_exporter_sample_duration_seconds_count"
	cycleTime     = "kafka_lag_exporter_scrape_duration_seconds"
)

// sampleTime reads how long a background exporter says its last collections took.
func (m *measurement) sampleTime(ctx context.Context, s *scraper) (time.Duration, bool) {
	if !m.exporter.background {
		return 0, false
	}
	values, err := s.values(ctx, durationSum, durationCount, cycleTime)
	if err != nil {
		return 0, false
	}
	if sum, ok := values[durationSum]; ok {
		n := values[durationCount]
		// Only the samples since the last look: the first of a process also connects and describes every group.
		last := m.last
		m.last = [2]float64{sum, n}
		if last[1] == 0 || n <= last[1] {
			return 0, false
		}
		return time.Duration((sum - last[0]) / (n - last[1]) * float64(time.Second)), true
	}
	took, ok := values[cycleTime]
	return time.Duration(took * float64(time.Second)), ok
}

// plain makes uncompressed scrapes. The first is not counted where it is quick: it makes the scraper's buffer large enough.
func (m *measurement) plain(ctx context.Context, s *scraper, p plan) {
	if m.exporter.background {
		_, _ = s.scrape(ctx, false, fullSeries)
	}
	for range p.cycles {
		a, err := s.scrape(ctx, false, fullSeries)
		if err != nil {
			m.errors++
			say("%v", err)
			return
		}
		m.identity = append(m.identity, a.took)
		m.rawBytes = append(m.rawBytes, a.size)
		m.series = append(m.series, int64(a.series))
		if a.took > 5*time.Second {
			break // one is enough of a scrape that long
		}
	}
}

// burst scrapes back to back for a few seconds: the resolution of a process's CPU time is 10 ms.
func (m *measurement) burst(ctx context.Context, proc *process, s *scraper, p plan) error {
	before, err := cpuTime(proc.cmd.Process.Pid)
	if err != nil {
		return err
	}
	n := 0
	for start := time.Now(); time.Since(start) < 3*time.Second; n++ {
		if _, err := s.scrape(ctx, true, fullSeries); err != nil {
			m.errors++
			say("%v", err)
			return nil
		}
	}
	after, err := cpuTime(proc.cmd.Process.Pid)
	if err != nil {
		return err
	}
	m.scrapeCPU = append(m.scrapeCPU, (after-before)/time.Duration(n))
	return nil
}

// count runs the exporter behind the counting proxy and notes its requests per cycle.
func (m *measurement) count(ctx context.Context, dir, addr string, proxy *countingProxy, p plan) error {
	proc, err := m.exporter.start(ctx, dir, addr)
	if err != nil {
		return err
	}
	defer proc.stop()
	s := newScraper(proc.url, p.scrapeTimeout)
	if err := m.warmUp(ctx, s); err != nil {
		return err
	}
	proxy.take()
	for range p.cycles {
		start := time.Now()
		if _, err := s.scrape(ctx, true, fullSeries); err != nil {
			return err
		}
		if rest := p.period - time.Since(start); rest > 0 {
			time.Sleep(rest)
		}
	}
	m.requests, m.requestCycles = proxy.take(), p.cycles
	return nil
}
