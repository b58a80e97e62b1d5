package collector

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"kafka_burndown_exporter/internal/lag"
)

var update = flag.Bool("update", false, "rewrite the golden files and docs/metrics.md")

func testEncoder(t testing.TB, o EncoderOptions) *Encoder {
	t.Helper()
	e, err := NewEncoder(o)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func encode(t testing.TB, e *Encoder, s *lag.Snapshot, f Format) string {
	t.Helper()
	var buf bytes.Buffer
	if _, err := e.Encode(&buf, s, f); err != nil {
		t.Fatal(err)
	}
	return buf.String()
}

// golden compares with a file, or writes it with -update.
func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s is not what is produced now (-update rewrites it):\n%s", path, diff)
	}
}

func TestGoldenExpositions(t *testing.T) {
	e := testEncoder(t, EncoderOptions{})
	for name, s := range scenarios() {
		t.Run(name, func(t *testing.T) {
			golden(t, filepath.Join("testdata", name+".prom"), encode(t, e, s, Text))
		})
	}
	golden(t, filepath.Join("testdata", "normal.openmetrics"), encode(t, e, scenarios()["normal"], OpenMetrics))
	labelled := testEncoder(t, EncoderOptions{Labels: []Label{{"cluster", `blue "1"`}}, Granularity: PerGroup})
	golden(t, filepath.Join("testdata", "labelled_per_group.prom"), encode(t, labelled, scenarios()["normal"], Text))
}

func TestGranularityAndDisable(t *testing.T) {
	s := scenarios()["normal"]
	for _, tc := range []struct {
		name           string
		o              EncoderOptions
		has, hasNot    string
		alsoHas, never string
	}{
		{name: "partition", o: EncoderOptions{}, has: `partition="0"`, alsoHas: "kafka_consumergroup_lag{"},
		{name: "topic", o: EncoderOptions{Granularity: PerTopic}, has: `topic="orders"`, hasNot: "partition="},
		{name: "group", o: EncoderOptions{Granularity: PerGroup}, has: "kafka_group_lag{", hasNot: "topic="},
		{name: "another shard", o: EncoderOptions{OmitBrokers: true}, has: "kafka_topic_partitions{", hasNot: "kafka_broker"},
		{
			name: "disable", o: EncoderOptions{Disable: []string{"kafka_group_lag", "kafka_group_state"}},
			has: "kafka_group_lag_max{", hasNot: "kafka_group_lag{", alsoHas: "kafka_group_topic_lag{", never: "state=",
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := encode(t, testEncoder(t, tc.o), s, Text)
			for _, want := range []string{tc.has, tc.alsoHas} {
				if !strings.Contains(got, want) {
					t.Errorf("lacks %q", want)
				}
			}
			for _, not := range []string{tc.hasNot, tc.never} {
				if not != "" && strings.Contains(got, not) {
					t.Errorf("has %q", not)
				}
			}
		})
	}
}

// TestConnectedOnlyLeavesOutFinishedGroups: groups that nobody needs any more have no series of their own, but one that
// crashed, one that is expected, and one of which not everything is known do.
func TestConnectedOnlyLeavesOutFinishedGroups(t *testing.T) {
	group := func(id string, change func(*lag.Group)) lag.Group {
		g := normalGroup(id)
		g.Members, g.State, g.Signals = 0, "Empty", signals(0, 2)
		change(&g)
		return g
	}
	s := snapshotOf(
		group("done", func(*lag.Group) {}),
		group("crashed", func(g *lag.Group) { g.Signals = signals(7, 2) }),
		group("never committed", func(g *lag.Group) { g.Backlog = 3 }),
		group("expected", func(g *lag.Group) { g.Expected = true }),
		group("unknown", func(g *lag.Group) { g.Signals = absentSignals() }),
		group("members unknown", func(g *lag.Group) { g.Members = -1 }),
		group("working", func(g *lag.Group) { g.Members = 1 }),
	)
	of := func(text, id string) (own, dropIn int) {
		for line := range strings.Lines(text) {
			if strings.Contains(line, `consumergroup="`+id+`"`) {
				if strings.HasPrefix(line, "kafka_group_") {
					own++
				} else {
					dropIn++
				}
			}
		}
		return own, dropIn
	}
	some := encode(t, testEncoder(t, EncoderOptions{ConnectedOnly: true}), s, Text)
	all := encode(t, testEncoder(t, EncoderOptions{}), s, Text)
	for i := range s.Groups {
		id := s.Groups[i].ID
		own, dropIn := of(some, id)
		everything, _ := of(all, id)
		if want := everything; id == "done" && own != 0 || id != "done" && own != want {
			t.Errorf("%s: %d series of its own, %d by default", id, own, everything)
		}
		if dropIn == 0 { // kafka_consumergroup_members, as kafka_exporter
			t.Errorf("%s: no member count", id)
		}
	}
}

func TestConnectedOnlyLeavesOutDropInOffsetsOfGroupsWithoutMembers(t *testing.T) {
	dead := normalGroup("dead")
	dead.Members, dead.State = 0, "Empty"
	undescribed := normalGroup("undescribed")
	undescribed.Members = -1
	got := encode(t, testEncoder(t, EncoderOptions{ConnectedOnly: true}),
		snapshotOf(normalGroup("alive"), dead, undescribed), Text)
	for line, want := range map[string]bool{
		`kafka_consumergroup_lag{consumergroup="dead"`:            false,
		`kafka_consumergroup_current_offset{consumergroup="dead"`: false,
		`kafka_consumergroup_lag_sum{consumergroup="dead"`:        false,
		`kafka_consumergroup_members{consumergroup="dead"} 0`:     true,
		`kafka_group_lag{consumergroup="dead"}`:                   true,
		`kafka_consumergroup_lag{consumergroup="alive"`:           true,
		`kafka_consumergroup_lag{consumergroup="undescribed"`:     true, // its members are not known, not none
	} {
		if strings.Contains(got, line) != want {
			t.Errorf("%s: published %v, want %v", line, !want, want)
		}
	}
}

func TestEncoderOptionsAreChecked(t *testing.T) {
	for _, tc := range []struct {
		o    EncoderOptions
		want string
	}{
		{EncoderOptions{Disable: []string{"kafka_group_lagg"}}, `--metrics.disable: no metric is named "kafka_group_lagg"`},
		{EncoderOptions{Granularity: "broker"}, `--metrics.granularity: "broker"`},
		{EncoderOptions{Labels: []Label{{"topic", "x"}}}, `--kafka.labels: "topic" is a label of`},
		{EncoderOptions{Labels: []Label{{"a-b", "x"}}}, `--kafka.labels: "a-b" is not a label name`},
		{EncoderOptions{Labels: []Label{{"__name__", "x"}}}, `--kafka.labels: "__name__" is not a label name`},
		{EncoderOptions{Labels: []Label{{"a", "x"}, {"a", "y"}}}, `--kafka.labels: label "a" is given twice`},
		{EncoderOptions{Labels: []Label{{"a", "\xff"}}}, `--kafka.labels: the value of "a" is not valid UTF-8`},
		{EncoderOptions{Labels: []Label{{"broker", "x"}}}, `--kafka.labels: "broker" is a label of the exporter's own`},
	} {
		_, err := NewEncoder(tc.o)
		if err == nil || !strings.HasPrefix(err.Error(), tc.want) {
			t.Errorf("NewEncoder(%+v): %v, want %s…", tc.o, err, tc.want)
		}
	}
}

// FuzzLabelValues reads back what was written, whatever is in a group's name.
func FuzzLabelValues(f *testing.F) {
	for _, s := range []string{"", "plain", "a\"b\\c\nd", "\\n", "ü🦜", "\\", "\r\x00}"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, value string) {
		if !utf8.ValidString(value) {
			return // names are made valid before they get here
		}
		text := "m{" + string(appendLabel(nil, "l", value)) + "} 1\n"
		p := expfmt.NewTextParser(model.UTF8Validation)
		families, err := p.TextToMetricFamilies(strings.NewReader(text))
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		if got := families["m"].Metric[0].Label[0].GetValue(); got != value {
			t.Errorf("%q came back as %q", value, got)
		}
	})
}

type failingWriter struct{ after int }

func (w *failingWriter) Write(p []byte) (int, error) {
	if w.after--; w.after < 0 {
		return 0, io.ErrClosedPipe
	}
	return len(p), nil
}

func TestEncodeStopsAtAWriteError(t *testing.T) {
	e := testEncoder(t, EncoderOptions{})
	if _, err := e.Encode(&failingWriter{after: 1}, largeSnapshot(10, 500), Text); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("error %v, want the writer's", err)
	}
	if got := encode(t, e, scenarios()["normal"], Text); !strings.HasPrefix(got, "# HELP kafka_brokers ") {
		t.Errorf("the next rendering begins with %.40q", got)
	}
}

func TestEncodeAllocatesNothingPerSeries(t *testing.T) {
	// A collection empties the pool, and the race detector drops one in four from it: none here, and a mean of many.
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	e := testEncoder(t, EncoderOptions{})
	for format := range numFormats {
		allocs := func(partitions int) float64 {
			l := e.lay(largeSnapshot(20, partitions))
			return testing.AllocsPerRun(20, func() { _, _ = e.write(io.Discard, l, format, nil) })
		}
		small, large := allocs(10), allocs(1000)
		if large > small+120 {
			t.Errorf("%v: %v allocations at 10 partitions a group, %v at 1000", format, small, large)
		}
	}
}

// BenchmarkRender renders what a scrape gets of 100 000 group-partitions: for the first time, after all groups moved, after
// one in ten did, and after none.
func BenchmarkRender(b *testing.B) {
	e := testEncoder(b, EncoderOptions{})
	for format, name := range []string{"text", "openmetrics", "protobuf"} {
		for encoding := range numEncodings {
			for _, moving := range []int{500, 50, 0} {
				b.Run(fmt.Sprintf("%s/%s/moving=%d", name, encoding, moving), func(b *testing.B) {
					b.ReportAllocs()
					var p pressers
					var before *rendition
					w := newFleet(500)
					for i := 0; b.Loop(); i++ {
						b.StopTimer()
						s := w.snapshot(i, moving)
						b.StartTimer()
						r, err := p.render(e, e.lay(s), Format(format), encoding, before)
						if err != nil {
							b.Fatal(err)
						}
						before = r
					}
					size := 0
					for _, f := range before.families {
						size += f.size
					}
					b.ReportMetric(float64(size), "answer-B")
					b.ReportMetric(float64(before.samples), "series")
				})
			}
		}
	}
}

func BenchmarkPlain(b *testing.B) {
	e := testEncoder(b, EncoderOptions{})
	s := newFleet(500).snapshot(0, 500)
	for format, name := range []string{"text", "openmetrics", "protobuf"} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			l := e.lay(s)
			for b.Loop() {
				_, _ = e.write(io.Discard, l, Format(format), nil)
			}
		})
	}
}
