package collector

import (
	"encoding/binary"
	"math"
	"strconv"

	"kafka_burndown_exporter/internal/lineflate"
)

// renderer renders blocks of a layout in one format.
type renderer struct {
	layout *layout
	labels *labels
	format Format

	// buf is the block rendered last; lines are where its series begin, of families with a partition label only.
	buf   []byte
	lines []lineflate.Line

	family *encodedFamily
	row    int
	prefix []byte // what all series of the row begin with, up to what differs
	suffix []byte // and their labels after that
	digits int    // of the partition of the line before
}

func (r *renderer) begin(l *layout, format Format) {
	r.layout, r.format, r.labels = l, format, l.text
	if format == Protobuf {
		r.labels = l.pairs()
	}
}

// render renders a block into buf.
func (r *renderer) render(f *encodedFamily, rows span, connectedOnly bool) {
	r.buf, r.lines = r.buf[:0], r.lines[:0]
	r.family, r.row = f, -1
	if r.format != Protobuf && f.groupPartition != nil {
		r.groupPartitions(rows, connectedOnly)
		return
	}
	out := r.series
	switch {
	case r.format == Protobuf:
		out = r.metric
	case f.partitioned:
		out = r.partition
	}
	f.each(r.layout, rows, connectedOnly, out)
}

// series writes a line of text.
func (r *renderer) series(row int, _ int32, variant int, v float64, created int64) {
	f := r.family
	r.name(f.open, row, variant)
	r.buf = append(appendValue(r.buf, v), '\n')
	if r.format == OpenMetrics && created != 0 {
		r.name(f.created, row, variant)
		r.buf = append(strconv.AppendFloat(r.buf, float64(created)/1000, 'f', -1, 64), '\n')
	}
}

// name writes a sample's name and labels and the space after them.
func (r *renderer) name(open string, row, variant int) {
	f := r.family
	r.buf = r.labels.appendParts(append(r.buf, open...), f.text.before, &f.Family, row, r.layout)
	if f.variantLabels != nil {
		r.buf = append(r.buf, f.variantLabels[variant]...)
		r.buf = r.labels.appendParts(r.buf, f.text.after, &f.Family, row, r.layout)
	}
}

// partition writes a line of text with a partition.
func (r *renderer) partition(row int, partition int32, _ int, v float64, _ int64) {
	first := row != r.row
	if first {
		r.beginRow(row)
	}
	r.buf = append(appendValue(r.upToValue(r.buf, partition, first), v), '\n')
}

// groupPartitions writes what partition does where most series are, without a call for each.
func (r *renderer) groupPartitions(rows span, connectedOnly bool) {
	f, b := r.family, r.buf
	for row := rows.from; row < rows.to; row++ {
		g, t := r.layout.groupTopic(row)
		if f.hidden(g, connectedOnly) {
			continue
		}
		r.beginRow(row)
		first := true
		for k, v := range f.groupPartition(t) {
			if v >= 0 {
				b = append(strconv.AppendInt(r.upToValue(b, t.Partition[k], first), v, 10), '\n')
				first = false
			}
		}
	}
	r.buf = b
}

// beginRow writes what the series of a row have in common, around the partition.
func (r *renderer) beginRow(row int) {
	f := r.family
	r.row = row
	r.prefix = r.labels.appendParts(append(r.prefix[:0], f.open...), f.text.before, &f.Family, row, r.layout)
	r.suffix = r.labels.appendParts(r.suffix[:0], f.text.after, &f.Family, row, r.layout)
}

// upToValue writes a series of the row up to its value, and notes what it has in common with the one before: of the first of
// a row, the family's name.
func (r *renderer) upToValue(b []byte, partition int32, first bool) []byte {
	line := lineflate.Line{Start: int32(len(b)), Same: int32(len(r.prefix)), Tail: int32(len(r.suffix))}
	if first {
		line.Same, line.Tail = int32(len(r.family.open)), 0
	}
	b = append(b, r.prefix...)
	number := len(b)
	b = strconv.AppendInt(b, int64(partition), 10)
	line.Number = int32(len(b) - number)
	r.lines = append(r.lines, line)
	return append(b, r.suffix...)
}

// metric writes a Metric of protobuf.
func (r *renderer) metric(row int, partition int32, variant int, v float64, created int64) {
	f := r.family
	if row != r.row {
		r.row, r.digits = row, 0
		r.prefix = r.labels.appendParts(r.prefix[:0], f.pairs.before, &f.Family, row, r.layout)
		r.suffix = r.labels.appendParts(r.suffix[:0], f.pairs.after, &f.Family, row, r.layout)
	}
	var value [48]byte
	tail := appendMetricValue(value[:0], f.Type, v, created)
	size := len(r.prefix) + len(r.suffix) + len(tail)
	var number [12]byte
	var digits []byte
	if partition != noPartition {
		digits = strconv.AppendInt(number[:0], int64(partition), 10)
		size += len(partitionPair) + len(digits)
	}
	if f.variantPairs != nil {
		size += len(f.variantPairs[variant])
	}
	start := len(r.buf)
	r.buf = binary.AppendUvarint(append(r.buf, tagMetric), uint64(size))
	if partition != noPartition {
		same := 1
		if len(digits) == r.digits {
			same = len(r.buf) - start + len(r.prefix) + len(partitionPair)
		}
		r.digits = len(digits)
		r.lines = append(r.lines, lineflate.Line{Start: int32(start), Same: int32(same)})
	}
	r.buf = append(r.buf, r.prefix...)
	if partition != noPartition {
		pair := partitionPair
		pair[1] += byte(len(digits))
		pair[len(pair)-1] = byte(len(digits))
		r.buf = append(append(r.buf, pair[:]...), digits...)
	}
	if f.variantPairs != nil {
		r.buf = append(r.buf, f.variantPairs[variant]...)
	}
	r.buf = append(append(r.buf, r.suffix...), tail...)
}

// partitionPair is the label of a partition without digits: two lengths grow with their number.
var partitionPair = [...]byte{
	tagLabel, 13, tagName, 9, 'p', 'a', 'r', 't', 'i', 't', 'i', 'o', 'n', tagHelp, 0,
}

// appendValue writes whole numbers as such: that is shorter and quicker, and exact below 2^53.
func appendValue(b []byte, v float64) []byte {
	if math.Abs(v) < 1<<53 && v == math.Trunc(v) {
		return strconv.AppendInt(b, int64(v), 10)
	}
	return strconv.AppendFloat(b, v, 'g', -1, 64)
}
