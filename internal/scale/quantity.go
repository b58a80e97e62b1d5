package scale

import (
	"math"
	"strconv"
)

// Milli turns a metric's value into the thousandths the HPA works in, as KEDA serves it: rounded to three decimals,
// and 0 for NaN, ±Inf and negative values.
func Milli(v float64) int64 {
	if math.IsNaN(v) || math.IsInf(v, 0) || v <= 0 {
		return 0
	}
	if v >= math.MaxInt64/1000 {
		return math.MaxInt64
	}
	if whole := int64(v); float64(whole) == v {
		return whole * 1000
	}
	// Decimal rounding of the exact binary value, which multiplying by 1000 first would not give.
	var buf [32]byte
	text := strconv.AppendFloat(buf[:0], v, 'f', 3, 64)
	var n int64
	for _, c := range text {
		if c != '.' {
			n = n*10 + int64(c-'0')
		}
	}
	return n
}

// approximate is a quantity in thousandths as the originals turn it back into a float.
func approximate(milli int64) float64 { return float64(milli) * 0.001 }

// toInt64 truncates as amd64 does: what does not fit, NaN included, becomes the smallest integer.
func toInt64(v float64) int64 {
	if !(v >= math.MinInt64 && v < math.MaxInt64) {
		return math.MinInt64
	}
	return int64(v)
}
