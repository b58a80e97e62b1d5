package collector

import (
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"sync"
	"time"

	"kafka_burndown_exporter/internal/lag"
)

// Format is a text format that is rendered without client_golang.
type Format int

// The formats. OpenMetrics 0.0.1 has the same body as 1.0.
const (
	Text        Format = iota // Prometheus text 0.0.4
	OpenMetrics               // OpenMetrics 1.0
	numFormats
)

// Encoder renders snapshots. It is safe for concurrent use and keeps nothing of a snapshot.
type Encoder struct {
	families      []encodedFamily
	labels        []Label
	connectedOnly bool
	scratch       sync.Pool // of *scratch
}

// encodedFamily is a family with everything about its lines that does not depend on the snapshot.
type encodedFamily struct {
	Family
	header [numFormats]string
	open   string // up to the row's labels
	// created is open for the _created series of a counter.
	created       string
	variantLabels []string // the variants' label, rendered
	close         string
}

// NewEncoder checks the options; an error names the flag and the remedy.
func NewEncoder(o EncoderOptions) (*Encoder, error) {
	table := Families()
	if err := o.check(table); err != nil {
		return nil, err
	}
	e := &Encoder{labels: o.Labels, connectedOnly: o.ConnectedOnly}
	for _, f := range table {
		if o.admits(f) {
			e.families = append(e.families, newEncodedFamily(f, o.Labels))
		}
	}
	e.scratch.New = func() any { return &scratch{buf: make([]byte, 0, flushAt+flushAt/4)} }
	return e, nil
}

func newEncodedFamily(f Family, labels []Label) encodedFamily {
	e := encodedFamily{Family: f}
	var constant []byte
	for _, l := range labels {
		constant = appendLabel(constant, l.Name, l.Value)
	}
	braces := len(constant) > 0 || len(f.Labels) > 0
	open := ""
	if braces {
		open = "{" + string(constant)
		e.close = "} "
	} else {
		e.close = " "
	}
	if len(constant) > 0 && len(f.Labels) > 0 {
		open += ","
	}
	e.open = f.Name + open
	metric := f.Name
	if f.Type == Counter {
		metric = strings.TrimSuffix(f.Name, "_total")
		e.created = metric + "_created" + open
	}
	for _, v := range f.variants {
		e.variantLabels = append(e.variantLabels, string(appendLabel([]byte(","), f.Labels[len(f.Labels)-1], v)))
	}
	e.header[Text] = fmt.Sprintf("# HELP %s %s\n# TYPE %s %s\n", f.Name, f.Help, f.Name, f.Type)
	e.header[OpenMetrics] = fmt.Sprintf("# HELP %s %s\n# TYPE %s %s\n", metric, f.Help, metric, f.Type)
	if f.Unit != "" {
		e.header[OpenMetrics] += fmt.Sprintf("# UNIT %s %s\n", metric, f.Unit)
	}
	return e
}

// flushAt is how many bytes are gathered before they are written.
const flushAt = 64 << 10

// scratch is what one rendering needs and the next one can use again.
type scratch struct {
	buf              []byte
	cluster, brokers rows
	topics           rows
	groups           rows
	topicsOfGroup    rows
}

var errNoSnapshot = errors.New("no snapshot to encode")

// Encode writes the snapshot's series in the format, without the final # EOF of OpenMetrics, and returns how many samples
// (the _created lines of OpenMetrics not among them) it wrote.
func (e *Encoder) Encode(w io.Writer, s *lag.Snapshot, format Format) (samples int, err error) {
	if s == nil {
		return 0, errNoSnapshot
	}
	sc := e.scratch.Get().(*scratch)
	defer e.scratch.Put(sc)
	sc.label(s)
	r := &renderer{w: w, format: format, snapshot: s, scratch: sc}
	for i := range e.families {
		r.family(&e.families[i], e.connectedOnly)
		if r.err != nil {
			return r.samples, r.err
		}
	}
	r.flush()
	return r.samples, r.err
}

// renderer renders one snapshot.
type renderer struct {
	*scratch
	w        io.Writer
	format   Format
	snapshot *lag.Snapshot
	samples  int
	err      error
}

func (r *renderer) family(f *encodedFamily, connectedOnly bool) {
	rows := r.rowsOf(f.Level)
	started := false
	f.each(r.snapshot, connectedOnly, func(row int, partition int32, variant int, v float64, created time.Time) {
		if r.err != nil {
			return
		}
		if !started {
			started = true
			r.buf = append(r.buf, f.header[r.format]...)
		}
		labels := rows.at(row)
		r.line(f, f.open, labels, row, partition, variant)
		r.buf = append(appendValue(r.buf, v), '\n')
		r.samples++
		if f.Type == Counter && r.format == OpenMetrics && !created.IsZero() {
			r.line(f, f.created, labels, row, partition, variant)
			r.buf = append(appendTimestamp(r.buf, created), '\n')
		}
		if len(r.buf) >= flushAt {
			r.flush()
		}
	})
}

// line appends a sample's name and labels and the space after them.
func (r *renderer) line(f *encodedFamily, open string, labels []byte, row int, partition int32, variant int) {
	r.buf = append(r.buf, open...)
	r.buf = append(r.buf, labels...)
	if partition != noPartition {
		r.buf = append(r.buf, `,partition="`...)
		r.buf = strconv.AppendInt(r.buf, int64(partition), 10)
		r.buf = append(r.buf, '"')
	}
	if f.variantLabels != nil {
		r.buf = append(r.buf, f.variantLabels[variant]...)
	}
	if f.info != nil {
		for i, v := range f.info(&r.snapshot.Groups[row]) {
			r.buf = appendLabel(append(r.buf, ','), f.Labels[i+1], v)
		}
	}
	r.buf = append(r.buf, f.close...)
}

func (r *renderer) flush() {
	if r.err == nil && len(r.buf) > 0 {
		_, r.err = r.w.Write(r.buf)
	}
	r.buf = r.buf[:0]
}

// appendValue writes whole numbers as such: that is shorter and quicker, and exact below 2^53.
func appendValue(b []byte, v float64) []byte {
	if math.Abs(v) < 1<<53 && v == math.Trunc(v) {
		return strconv.AppendInt(b, int64(v), 10)
	}
	return strconv.AppendFloat(b, v, 'g', -1, 64)
}

// appendTimestamp writes seconds since the epoch to the millisecond.
func appendTimestamp(b []byte, t time.Time) []byte {
	return strconv.AppendFloat(b, float64(t.UnixMilli())/1000, 'f', -1, 64)
}
