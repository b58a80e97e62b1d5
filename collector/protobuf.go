package collector

import (
	"encoding/binary"
	"math"
	"math/bits"
)

// The fields of the messages in io.prometheus.client, as they begin on the wire. What follows is a length, but for
// the type of a family, which is a number.
const (
	tagName    = 1<<3 | 2 // of MetricFamily
	tagHelp    = 2<<3 | 2
	tagType    = 3 << 3
	tagMetric  = 4<<3 | 2
	tagUnit    = 5<<3 | 2
	tagLabel   = 1<<3 | 2 // of Metric
	tagGauge   = 2<<3 | 2
	tagCounter = 3<<3 | 2
	tagValue   = 1<<3 | 1 // of Gauge and Counter, eight bytes
	tagCreated = 3<<3 | 2 // of Counter
	tagSeconds = 1 << 3   // of Timestamp
	tagNanos   = 2 << 3
)

// appendString writes a field that holds a string.
func appendString(b []byte, field byte, s string) []byte {
	return append(binary.AppendUvarint(append(b, field<<3|2), uint64(len(s))), s...)
}

// stringSize is how long such a field is.
func stringSize(s string) int { return 1 + varintSize(uint64(len(s))) + len(s) }

func varintSize(v uint64) int { return (bits.Len64(v|1) + 6) / 7 }

// familyHead is a MetricFamily without its metrics.
func familyHead(f *Family) []byte {
	b := appendString(nil, tagName>>3, f.Name)
	b = appendString(b, tagHelp>>3, f.Help)
	kind := byte(1) // GAUGE
	if f.Type == Counter {
		kind = 0
	}
	b = append(b, tagType, kind)
	if f.Unit != "" {
		b = appendString(b, tagUnit>>3, f.Unit)
	}
	return b
}

// appendMetricValue writes the value of a gauge or a counter, which ends a Metric.
func appendMetricValue(b []byte, t Type, v float64, created int64) []byte {
	if t != Counter {
		b = append(b, tagGauge, 9, tagValue)
		return binary.LittleEndian.AppendUint64(b, math.Float64bits(v))
	}
	at := len(b)
	b = append(b, tagCounter, 9, tagValue)
	b = binary.LittleEndian.AppendUint64(b, math.Float64bits(v))
	if created == 0 {
		return b
	}
	seconds, nanos := uint64(created/1000), uint64(created%1000)*1e6
	size := 1 + varintSize(seconds)
	if nanos > 0 {
		size += 1 + varintSize(nanos)
	}
	b[at+1] += byte(2 + size)
	b = append(b, tagCreated, byte(size), tagSeconds)
	b = binary.AppendUvarint(b, seconds)
	if nanos > 0 {
		b = binary.AppendUvarint(append(b, tagNanos), nanos)
	}
	return b
}
