package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"kafka_burndown_exporter/test/kafka"
)

// A soak runs our exporter for a long time while groups commit, come and go, and twenty clients scrape it, and holds what
// it needs to bounds: memory, goroutines and descriptors do not grow, and no sample is missed.

// soakKinds are the clients: four times each.
var soakKinds = []struct {
	name, accept string
	gzip         bool
	pace         int // bytes per second that it reads; 0: as fast as it can
}{
	{"gzip", openMetrics, true, 0}, {"plain", openMetrics, false, 0}, {"protobuf", protobuf, true, 0},
	{"slow, gzip", openMetrics, true, 256 << 10}, {"slow, plain", openMetrics, false, 1 << 20},
}

const soakClients = 4 // of each kind

// usage is what the exporter needed at one time.
type usage struct {
	after                              time.Duration
	resident, peak                     int64
	goroutines, descriptors, made, due float64
}

func soak(ctx context.Context, o options) error {
	out, err := filepath.Abs(o.out)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	ours, err := filepath.Abs(o.ours)
	if err != nil {
		return err
	}
	cluster, err := startBroker(ctx, o.broker, "2g")
	if err != nil {
		return err
	}
	defer cluster.Close()
	client, err := benchClient(cluster)
	if err != nil {
		return err
	}
	defer client.Close()
	content := newFixture(o.size, o.seed)
	if err := content.fill(ctx, client, func(s string) { say("%s", s) }); err != nil {
		return err
	}
	content.share.Store(o.churn)
	busy, stop := context.WithCancel(ctx)
	defer stop()
	go content.churn(busy, client, o.plan.period)
	go content.comeAndGo(busy, client, o.soak.groups)

	proc, err := exporters(ours, append(o.oursArgs, "--sample.interval="+o.plan.period.String()))[0].start(ctx, out, cluster.Broker(1).Addr(kafka.Plaintext))
	if err != nil {
		return err
	}
	defer proc.stop()
	m := &measurement{exporter: exporter{name: "kafka_burndown_exporter", background: true}}
	fullSeries = o.size.groupPartitions() * 9 / 10 // groups go
	if err := m.warmUp(ctx, newScraper(proc.url, o.plan.scrapeTimeout)); err != nil {
		return err
	}
	say("%d clients for %s", soakClients*len(soakKinds), o.soak.lasts)
	var scrapes, failed [5]atomic.Int64
	for kind := range soakKinds {
		for range soakClients {
			go soakClient(busy, proc.url, kind, &scrapes[kind], &failed[kind])
		}
	}
	all, err := watch(ctx, proc, o)
	if err != nil {
		return err
	}
	stop()
	return soakReport(out, o, all, &scrapes, &failed)
}

// soakClient scrapes every few seconds; one that is cut off for being slow has failed, and goes on.
func soakClient(ctx context.Context, url string, kind int, scrapes, failed *atomic.Int64) {
	k := soakKinds[kind]
	client := &http.Client{Transport: &http.Transport{DisableCompression: true}, Timeout: 2 * time.Minute}
	s := &scraper{url: url, client: client}
	for ctx.Err() == nil {
		resp, err := s.get(ctx, k.accept, k.gzip)
		if err == nil {
			err = slowly(ctx, resp.Body, k.pace)
			resp.Body.Close()
			if resp.StatusCode != http.StatusOK {
				err = errors.New(resp.Status)
			}
		}
		switch {
		case ctx.Err() != nil: // the soak is over
		case err != nil:
			failed.Add(1)
		default:
			scrapes.Add(1)
		}
		_ = sleep(ctx, 5*time.Second)
	}
}

// slowly reads to the end, at most pace bytes per second.
func slowly(ctx context.Context, body io.Reader, pace int) error {
	if pace == 0 {
		_, err := io.Copy(io.Discard, body)
		return err
	}
	for {
		_, err := io.CopyN(io.Discard, body, int64(pace/10))
		if err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		if err := sleep(ctx, 100*time.Millisecond); err != nil {
			return err
		}
	}
}

// comeAndGo creates groups and deletes them a minute later, so many per second.
func (f *fixture) comeAndGo(ctx context.Context, client *kgo.Client, perSecond int) {
	made := []string{}
	for i := 0; ctx.Err() == nil; i++ {
		for range perSecond {
			req := kmsg.NewPtrOffsetCommitRequest()
			req.Group, req.Generation = fmt.Sprint("come-and-go-", i, "-", len(made)), -1
			t, p := kmsg.NewOffsetCommitRequestTopic(), kmsg.NewOffsetCommitRequestTopicPartition()
			t.Topic, t.Partitions = f.topics[0], append(t.Partitions, p)
			req.Topics = append(req.Topics, t)
			if _, err := req.RequestWith(ctx, client); err == nil {
				made = append(made, req.Group)
			}
		}
		if n := len(made) - 60*perSecond; n > 0 {
			req := kmsg.NewPtrDeleteGroupsRequest()
			req.Groups, made = made[:n], made[n:]
			_, _ = req.RequestWith(ctx, client)
		}
		_ = sleep(ctx, time.Second)
	}
}

// watch looks at the exporter every ten seconds.
func watch(ctx context.Context, proc *process, o options) (all []usage, err error) {
	began, s := time.Now(), newScraper(proc.url, o.plan.scrapeTimeout)
	first := -1.
	for time.Since(began) < o.soak.lasts {
		u := usage{after: time.Since(began)}
		if u.resident, u.peak, err = residentMemory(proc.cmd.Process.Pid); err != nil {
			return nil, fmt.Errorf("the exporter ended after %s: %w", u.after.Round(time.Second), err)
		}
		values, err := s.values(ctx, "go_goroutines", "process_open_fds", durationCount)
		if err != nil {
			return nil, err
		}
		if first < 0 {
			first, began = values[durationCount], time.Now()
		}
		u.goroutines, u.descriptors = values["go_goroutines"], values["process_open_fds"]
		u.made, u.due = values[durationCount]-first, float64(time.Since(began))/float64(o.plan.period)
		all = append(all, u)
		if err := sleep(ctx, 10*time.Second); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// soakReport compares the last quarter with the rest, and is an error where something grew or was missed.
func soakReport(out string, o options, all []usage, scrapes, failed *[5]atomic.Int64) error {
	if len(all) < 4 {
		return errors.New("a soak has to last for a minute at least")
	}
	most := func(list []usage, get func(usage) float64) (m float64) {
		for _, u := range list {
			m = max(m, get(u))
		}
		return m
	}
	early, late := all[:len(all)*3/4], all[len(all)*3/4:]
	last := all[len(all)-1]
	var text strings.Builder
	fmt.Fprintf(&text, "%d group-partitions, %d groups a second come and go, %.0f %% of the others commit in %s, %d clients, %s.\n\n"+
		"| | first three quarters, most | last quarter, most | bound |\n|---|--:|--:|--:|\n", o.size.groupPartitions(), o.soak.groups, o.churn*100,
		o.plan.period, soakClients*len(soakKinds), last.after.Round(time.Second))
	var errs []error
	row := func(name, unit string, scale float64, get func(usage) float64, bound func(early float64) float64) {
		e, l := most(early, get), most(late, get)
		b := bound(e)
		fmt.Fprintf(&text, "| %s | %.0f %s | %.0f %s | %.0f %s |\n", name, e/scale, unit, l/scale, unit, b/scale, unit)
		if l > b {
			errs = append(errs, fmt.Errorf("%s grew to %.0f %s", name, l/scale, unit))
		}
	}
	row("resident memory", "MB", 1e6, func(u usage) float64 { return float64(u.resident) }, func(e float64) float64 { return 1.15*e + 50e6 })
	row("goroutines", "", 1, func(u usage) float64 { return u.goroutines }, func(e float64) float64 { return e + 50 })
	row("descriptors", "", 1, func(u usage) float64 { return u.descriptors }, func(e float64) float64 { return e + 20 })
	missed := max(0, last.due-1-last.made)
	fmt.Fprintf(&text, "| samples missed | | %.0f of %.0f | 0 |\n", missed, last.due)
	if missed >= 1 {
		errs = append(errs, fmt.Errorf("%.0f of %.0f samples were missed", missed, last.due))
	}
	text.WriteString("\n| clients | scrapes | failed |\n|---|--:|--:|\n")
	for kind, k := range soakKinds {
		fmt.Fprintf(&text, "| %s | %d | %d |\n", k.name, scrapes[kind].Load(), failed[kind].Load())
		if k.pace == 0 && failed[kind].Load() > 0 {
			errs = append(errs, fmt.Errorf("%d scrapes of %s failed", failed[kind].Load(), k.name))
		}
	}
	fmt.Print(text.String())
	return errors.Join(append(errs, os.WriteFile(filepath.Join(out, "soak.md"), []byte(text.String()), 0o644))...)
}
