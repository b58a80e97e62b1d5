package collector

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"

	"kafka_burndown_exporter/internal/lag"
)

// Format is a format of the exposition.
type Format int

// The formats. OpenMetrics 0.0.1 has the same body as 1.0.
const (
	Text        Format = iota // Prometheus text 0.0.4 and 1.0.0
	OpenMetrics               // OpenMetrics 1.0
	Protobuf                  // io.prometheus.client.MetricFamily, each after its length
	numFormats
)

// Encoder renders snapshots. It is safe for concurrent use and keeps nothing of a snapshot.
type Encoder struct {
	families      []encodedFamily
	connectedOnly bool
	scratch       sync.Pool // of *renderer
}

// encodedFamily is a family with everything about its series that does not depend on the snapshot.
type encodedFamily struct {
	Family
	head [numFormats][]byte
	open string // up to the labels
	// created is open for the _created series of a counter.
	created     string
	partitioned bool // its series have a partition

	text, pairs                 template // labels in the text formats and in protobuf
	variantLabels, variantPairs [][]byte // the variants' label
}

// NewEncoder checks the options; an error names the flag and the remedy.
func NewEncoder(o EncoderOptions) (*Encoder, error) {
	table := Families()
	if err := o.check(table); err != nil {
		return nil, err
	}
	e := &Encoder{connectedOnly: o.ConnectedOnly}
	for _, f := range table {
		if o.admits(f) {
			e.families = append(e.families, newEncodedFamily(f, o.Labels))
		}
	}
	e.scratch.New = func() any { return &renderer{} }
	return e, nil
}

func newEncodedFamily(f Family, constant []Label) encodedFamily {
	e := encodedFamily{Family: f}
	open, closing := "", " "
	if len(constant)+len(f.Labels) > 0 {
		open, closing = "{", "} "
	}
	e.open = f.Name + open
	metric := f.Name
	if f.Type == Counter {
		metric = strings.TrimSuffix(f.Name, "_total")
		e.created = metric + "_created" + open
	}
	e.text = newTemplate(&f, constant, script{write: appendLabel, between: ",",
		beforePartition: labelPartition + `="`, afterPartition: `"`, closing: closing})
	e.pairs = newTemplate(&f, constant, script{write: appendPair})
	for _, v := range f.variants {
		e.variantLabels = append(e.variantLabels, appendLabel(nil, f.variant, v))
		e.variantPairs = append(e.variantPairs, appendPair(nil, f.variant, v))
	}
	e.partitioned = f.Level == LevelTopicPartition || f.Level == LevelGroupPartition
	e.head[Text] = fmt.Appendf(nil, "# HELP %s %s\n# TYPE %s %s\n", f.Name, f.Help, f.Name, f.Type)
	e.head[OpenMetrics] = fmt.Appendf(nil, "# HELP %s %s\n# TYPE %s %s\n", metric, f.Help, metric, f.Type)
	if f.Unit != "" {
		e.head[OpenMetrics] = fmt.Appendf(e.head[OpenMetrics], "# UNIT %s %s\n", metric, f.Unit)
	}
	e.head[Protobuf] = familyHead(&f)
	return e
}

// lay lays a snapshot out for this encoder.
func (e *Encoder) lay(s *lag.Snapshot) *layout {
	l := newLayout(s)
	l.arrange(e.families, e.connectedOnly)
	return l
}

var errNoSnapshot = errors.New("no snapshot to encode")

// Encode writes the snapshot's series in the format, without the final # EOF of OpenMetrics, and returns how many samples
// (the _created lines of OpenMetrics not among them) it wrote.
func (e *Encoder) Encode(w io.Writer, s *lag.Snapshot, format Format) (samples int, err error) {
	if s == nil {
		return 0, errNoSnapshot
	}
	return e.write(w, e.lay(s), format, nil)
}

// write renders block after block to w, of the families that admit admits (nil: all).
func (e *Encoder) write(w io.Writer, l *layout, format Format, admit filter) (samples int, err error) {
	r := e.scratch.Get().(*renderer)
	defer func() {
		r.layout, r.labels, r.family = nil, nil, nil // a pool is no reason to keep a snapshot
		e.scratch.Put(r)
	}()
	r.begin(l, format)
	for blocks := l.blocks; len(blocks) > 0; {
		n := 1
		for n < len(blocks) && blocks[n].family == blocks[0].family {
			n++
		}
		f := &e.families[blocks[0].family]
		if admit.admits(f.Name) {
			for _, b := range blocks[:n] {
				samples += b.samples
			}
			if err := e.writeFamily(w, r, f, blocks[:n]); err != nil {
				return samples, err
			}
		}
		blocks = blocks[n:]
	}
	return samples, nil
}

func (e *Encoder) writeFamily(w io.Writer, r *renderer, f *encodedFamily, blocks []block) error {
	var head []byte
	if r.format == Protobuf { // its length stands first
		size := len(f.head[Protobuf])
		for _, b := range blocks {
			r.render(f, b.rows, e.connectedOnly)
			size += len(r.buf)
		}
		head = binary.AppendUvarint(head, uint64(size))
	}
	if _, err := w.Write(append(head, f.head[r.format]...)); err != nil {
		return err
	}
	for _, b := range blocks {
		r.render(f, b.rows, e.connectedOnly)
		if _, err := w.Write(r.buf); err != nil {
			return err
		}
	}
	return nil
}

// filter are the names of name[]; nil admits all.
type filter map[string]bool

func (f filter) admits(name string) bool { return f == nil || f[name] }
