package collector

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"math"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"

	"kafka_burndown_exporter/internal/lag"
)

func (f Format) String() string { return [...]string{"text", "openmetrics", "protobuf"}[f] }

// What the tests share: compressors and decompressors have tables of megabytes.
var (
	testPressers pressers
	unzstd       = func() *zstd.Decoder {
		d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1))
		if err != nil {
			panic(err)
		}
		return d
	}()
)

// decompress puts a rendition's pieces together, and reads them.
func decompress(t testing.TB, r *rendition, encoding Encoding) string {
	t.Helper()
	var raw []byte
	text, size := nothing, 0
	for _, f := range r.families {
		for _, p := range f.pieces {
			raw = append(raw, p.data...)
		}
		text, size = text.then(f.text), size+f.size
	}
	if len(raw) != size {
		t.Errorf("%d bytes, said to be %d", len(raw), size)
	}
	var in io.Reader
	if encoding == Gzip {
		end, err := gzipEnd(text, nil)
		if err != nil {
			t.Fatal(err)
		}
		zr, err := gzip.NewReader(bytes.NewReader(append(append(bytes.Clone(gzipHeader), raw...), end...)))
		if err != nil {
			t.Fatal(err)
		}
		in = zr
	} else {
		whole, err := unzstd.DecodeAll(raw, nil)
		if err != nil {
			t.Fatal(err)
		}
		in = bytes.NewReader(whole)
	}
	out, err := io.ReadAll(in)
	if err != nil {
		t.Fatal(err)
	}
	if len(out) != text.length {
		t.Errorf("%d bytes of text, said to be %d", len(out), text.length)
	}
	return string(out)
}

func render(t testing.TB, e *Encoder, s *lag.Snapshot, f Format, encoding Encoding, before *rendition) *rendition {
	t.Helper()
	r, err := testPressers.render(e, e.lay(s), f, encoding, before)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// decodeFamilies reads delimited protobuf with client_golang's decoder.
func decodeFamilies(t testing.TB, text string) []*dto.MetricFamily {
	t.Helper()
	var out []*dto.MetricFamily
	dec := expfmt.NewDecoder(strings.NewReader(text), expfmt.FmtProtoDelim)
	for {
		mf := &dto.MetricFamily{}
		if err := dec.Decode(mf); errors.Is(err, io.EOF) {
			return out
		} else if err != nil {
			t.Fatal(err)
		}
		out = append(out, mf)
	}
}

// checkRenditions holds every format and encoding of a snapshot against the plain text, protobuf against client_golang's
// families, and what is made with the pieces of another snapshot against what is made anew.
func checkRenditions(t testing.TB, e *Encoder, s, before *lag.Snapshot, constant ...Label) {
	t.Helper()
	for f := range numFormats {
		plain := encode(t, e, s, f)
		for encoding := range numEncodings {
			old := render(t, e, before, f, encoding, nil)
			for _, b := range []*rendition{nil, old} {
				if got := decompress(t, render(t, e, s, f, encoding, b), encoding); got != plain {
					t.Errorf("%s, %s, with pieces from before: %v: %s", f, encoding, b != nil, cmp.Diff(plain, got))
				}
			}
		}
		if f == Protobuf {
			got, want := decodeFamilies(t, plain), e.metricFamilies(s, constant...)
			if len(got) != len(want) {
				t.Fatalf("%d families, want %d", len(got), len(want))
			}
			for i := range want {
				if !proto.Equal(want[i], got[i]) {
					t.Errorf("protobuf is not what client_golang would have: %s",
						cmp.Diff(prototext.Format(want[i]), prototext.Format(got[i])))
				}
			}
		}
	}
}

func TestRenditions(t *testing.T) {
	label := Label{"cluster", `blue "1"`}
	labelled := testEncoder(t, EncoderOptions{Labels: []Label{label}})
	plain := testEncoder(t, EncoderOptions{})
	all := scenarios()
	all["large"] = newFleet(4).snapshot(1, 3)
	for name, s := range all {
		t.Run(name, func(t *testing.T) {
			checkRenditions(t, plain, s, all["normal"])
			checkRenditions(t, labelled, s, all["abandoned"], label)
		})
	}
}

// TestOnlyWhatChangedIsMadeAgain counts the pieces that two renditions share.
func TestOnlyWhatChangedIsMadeAgain(t *testing.T) {
	e := testEncoder(t, EncoderOptions{})
	f := newFleet(100)
	first := f.snapshot(0, 0)
	shared := func(s *lag.Snapshot, family string) (same, all int) {
		before := render(t, e, first, OpenMetrics, Gzip, nil)
		known := map[*byte]bool{}
		for _, p := range before.made {
			known[&p.data[0]] = true
		}
		for _, rf := range render(t, e, s, OpenMetrics, Gzip, before).families {
			for _, p := range rf.pieces {
				if rf.name == family {
					all++
					if known[&p.data[0]] {
						same++
					}
				}
			}
		}
		return same, all
	}
	if same, all := shared(f.snapshot(0, 0), "kafka_consumergroup_lag"); same != all || all < 20 {
		t.Errorf("nothing changed: %d of %d pieces kept", same, all)
	}
	moved := f.snapshot(0, 10)
	if same, all := shared(moved, "kafka_consumergroup_lag"); same < all/2 || same == all {
		t.Errorf("one group in ten moved: %d of %d pieces kept", same, all)
	}
	if same, all := shared(moved, "kafka_topic_partition_leader"); same != all {
		t.Errorf("no leader moved: %d of %d pieces kept", same, all)
	}
	// A group that comes moves the borders near it only.
	more := f.snapshot(0, 0)
	more.Groups = append([]lag.Group{normalGroup("a")}, more.Groups...)
	first = f.snapshot(0, 0)
	if same, all := shared(more, "kafka_consumergroup_lag"); same < all/2 {
		t.Errorf("a group came: %d of %d pieces kept", same, all)
	}
}

func TestSums(t *testing.T) {
	text := []byte(strings.Repeat("kafka_group_lag{consumergroup=\"a\"} 1\n", 300))
	for _, at := range []int{0, 1, 100, 4096, len(text)} {
		got := nothing.then(sumOf(text[:at])).then(sumOf(text[at:]))
		if got != sumOf(text) {
			t.Errorf("parted at %d: %+v, want %+v", at, got, sumOf(text))
		}
	}
}

// FuzzRenditions builds snapshots of whatever names and values, and reads every rendition back.
func FuzzRenditions(f *testing.F) {
	f.Add("billing", "orders", 1050.0, int64(950), int64(1772366400123), uint8(3))
	f.Add("a\"b\\c\nd{},=ü🦜", "", 0.1, int64(-1), int64(0), uint8(0))
	f.Add("x", strings.Repeat("y", 300), math.MaxFloat64, int64(math.MaxInt64), int64(-5), uint8(12))
	f.Add("zero", "z", math.Copysign(0, -1), int64(0), int64(999), uint8(200))
	label := Label{"cluster", `ä"\`}
	e := testEncoder(f, EncoderOptions{Labels: []Label{label}})
	f.Fuzz(func(t *testing.T, group, topic string, v float64, offset, created int64, partitions uint8) {
		if math.IsInf(v, 0) {
			return // nothing divides by zero, and text writes infinity otherwise than strconv
		}
		group, topic = strings.ToValidUTF8(group, "?"), strings.ToValidUTF8(topic, "?")
		g := normalGroup(group)
		g.Created = time.UnixMilli(max(created, 1) % (1 << 42))
		g.Consumed, g.ProducerRate, g.LagLog2x7 = v, v, v
		gt := normalTopic(topic)
		gt.LagSum, gt.TopicCreated = v, g.Created
		gt.Partition, gt.Committed, gt.Lag = nil, nil, nil
		for p := range int32(partitions) {
			gt.Partition = append(gt.Partition, p*p)
			gt.Committed, gt.Lag = append(gt.Committed, offset), append(gt.Lag, offset/int64(p+1))
		}
		g.Topics = []lag.GroupTopic{gt}
		s := snapshotOf(g, normalGroup(group+"2"))
		checkRenditions(t, e, s, snapshotOf(normalGroup(group)), label)
	})
}

// TestFormatsAreCheapToHold publishes 20 000 group-partitions that all move, read in one format and then in all: a format
// adds its compressed bytes twice, for the snapshot that is served and the one before it, and little else.
func TestFormatsAreCheapToHold(t *testing.T) {
	h := newTestHandler(t)
	fleet := newFleet(100)
	held := func() int64 {
		for i := range 2 {
			h.Publish(fleet.snapshot(i, 100))
		}
		runtime.GC()
		runtime.GC() // pools are empty after the second
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	get(h, "/metrics", "Accept-Encoding", "gzip", "Accept", accepts["v3"])
	before := held()
	for _, more := range [][2]string{{"v3proto", "gzip"}, {"v3proto", "zstd"}, {"v3", "zstd"}, {"text", "gzip"}, {"text", "zstd"}} {
		for range 5 {
			get(h, "/metrics", "Accept-Encoding", more[1], "Accept", accepts[more[0]])
		}
		after := held()
		t.Logf("%s in %s: %.1f MB", more[0], more[1], float64(after-before)/1e6)
		if after-before > 4e6 {
			t.Errorf("%s in %s holds %d bytes more, want at most 4 MB", more[0], more[1], after-before)
		}
		before = after
	}
}
