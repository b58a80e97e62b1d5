package faults

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kafka_burndown_exporter/test/kafka"
)

var (
	part = flag.Bool("part", false, "only the faults that CI runs")
	only = flag.String("fault", "", "only the faults whose names have this in them")
	docs = flag.String("docs", "", "folder to write the table of docs/reliability.md to")
)

// fault is one row: how it is begun, and ended.
type fault struct {
	name   string
	ci     bool
	lasts  time.Duration
	resets []string      // groups that are moved without reading meanwhile
	late   time.Duration // how much older than a sample commits may be
	begin  func(ctx context.Context, w *world) error
	// during runs until its context ends, if it is there.
	during func(ctx context.Context, w *world) error
	end    func(ctx context.Context, w *world) error
}

// outcome is what a row brought.
type outcome struct {
	fault
	found
	without   time.Duration // the longest time that some group had no lag
	recovered time.Duration
}

const settle = 5 * time.Second

// TestFaults suffers one fault after the other, with the same exporter, and holds every sample to the truth.
func TestFaults(t *testing.T) {
	sufferAll(t, newWorld(t, 3, kafka.SASLPlaintext), "faults.md", faults())
}

// TestFaultsOfOneBroker does so where there is one broker, and certificates instead of passwords.
func TestFaultsOfOneBroker(t *testing.T) {
	sufferAll(t, newWorld(t, 1, kafka.MutualTLS), "faults-one-broker.md", faultsOfOneBroker())
}

func sufferAll(t *testing.T, w *world, file string, list []fault) {
	if _, err := w.recovered(t.Context(), now(), 2*time.Minute); err != nil {
		t.Fatal(err)
	}
	w.verdict()
	var all []outcome
	for _, f := range list {
		if *part && !f.ci || !strings.Contains(f.name, *only) {
			continue
		}
		t.Run(strings.ReplaceAll(f.name, " ", "_"), func(t *testing.T) {
			all = append(all, w.suffer(t, f))
		})
	}
	text := table(all)
	t.Logf("\n%s", text)
	if *docs != "" {
		if err := os.WriteFile(filepath.Join(*docs, file), []byte(text), 0o644); err != nil {
			t.Error(err)
		}
	}
}

// suffer goes through one fault.
func (w *world) suffer(t *testing.T, f fault) outcome {
	ctx := t.Context()
	for _, name := range f.resets {
		w.oracle.resets[name] = true
	}
	w.oracle.late = f.late
	if f.begin != nil {
		if err := f.begin(ctx, w); err != nil {
			t.Errorf("begin: %v", err)
		}
	}
	if f.during != nil {
		inner, cancel := context.WithTimeout(ctx, f.lasts)
		if err := f.during(inner, w); err != nil {
			t.Errorf("during: %v", err)
		}
		<-inner.Done()
		cancel()
	} else {
		wait(ctx, f.lasts)
	}
	if f.end != nil {
		if err := f.end(ctx, w); err != nil {
			t.Errorf("end: %v", err)
		}
	}
	ended := now()
	took, err := w.recovered(ctx, ended, 2*time.Minute)
	if err != nil {
		t.Error(err)
	}
	wait(ctx, settle)
	for _, name := range f.resets {
		defer delete(w.oracle.resets, name)
	}
	if len(f.resets) > 0 { // rates, whose window grows with the commit period, forget what was no consumption
		wait(ctx, 2*w.settings.rateWindow)
	}
	out := outcome{fault: f, recovered: took}
	out.found, out.without = w.verdict()
	t.Logf("%d snapshots, %d samples checked, %s without data, %s to recover", out.snapshots, out.checked, out.without, out.recovered)
	told := map[string]bool{}
	for _, wrong := range out.wrongs { // the first of each series
		if !told[wrong.series] && len(told) < 25 {
			told[wrong.series] = true
			t.Errorf("%s", wrong)
		}
	}
	if len(out.wrongs) > 0 {
		t.Errorf("%d wrong samples, %d of them false zeros, of %d", len(out.wrongs), out.zeros, out.checked)
	}
	return out
}

// verdict judges what was scraped since the last time, once all that was asked of Kafka before is confirmed.
func (w *world) verdict() (found, time.Duration) {
	without := w.judgeAll()
	w.without = 0
	return w.oracle.take(), without
}

// judgeAll judges what was scraped since the last time, and returns the longest time that some group had no lag.
func (w *world) judgeAll() time.Duration {
	scrapes, _ := w.scraper.take()
	if len(scrapes) > 0 {
		w.confirmed(scrapes[len(scrapes)-1].got)
	}
	since := map[string]instant{}
	for _, s := range scrapes {
		w.oracle.judge(s)
		v := w.oracle.v
		for _, name := range w.groups {
			if g := v.groups[name]; g != nil {
				if _, ok := g.values["lag"]; ok {
					delete(since, name)
					continue
				}
			}
			if since[name] == 0 {
				since[name] = s.got
			}
			w.without = max(w.without, time.Duration(s.got-since[name]))
		}
	}
	return w.without
}

// confirmed waits until what was asked for by then has been confirmed or given up: values that are not known yet are true
// to the driver as "possible", which is right whatever comes of them. Messages have to be confirmed for their times.
func (w *world) confirmed(by instant) {
	for end := now().Add(30 * time.Second); now() < end; time.Sleep(50 * time.Millisecond) {
		if !w.unconfirmed(by) {
			return
		}
	}
}

func (w *world) unconfirmed(by instant) bool {
	for _, t := range w.known.topics {
		for _, p := range t.present().partitions() {
			if p.end.Open(by) {
				return true
			}
		}
	}
	return false
}

// table is the outcome of all rows, with their sums.
func table(all []outcome) string {
	var b strings.Builder
	b.WriteString("| fault | lasts, s | snapshots | samples checked | wrong | false zeros | s without data | s to recover |\n")
	b.WriteString("|---|--:|--:|--:|--:|--:|--:|--:|\n")
	var sum outcome
	for _, o := range all {
		fmt.Fprintf(&b, "| %s | %.0f | %d | %d | %d | %d | %.1f | %.1f |\n", o.name, o.lasts.Seconds(), o.snapshots, o.checked,
			len(o.wrongs), o.zeros, o.without.Seconds(), o.recovered.Seconds())
		sum.snapshots += o.snapshots
		sum.checked += o.checked
		sum.wrongs = append(sum.wrongs, o.wrongs...)
		sum.zeros += o.zeros
	}
	fmt.Fprintf(&b, "| all | | %d | %d | %d | %d | | |\n", sum.snapshots, sum.checked, len(sum.wrongs), sum.zeros)
	return b.String()
}
