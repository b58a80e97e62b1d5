package collector

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/prometheus/common/expfmt"
)

// accepted are the formats there are, the preferred ones first.
var accepted = []expfmt.Format{
	expfmt.FmtOpenMetrics_1_0_0, expfmt.FmtOpenMetrics_0_0_1, expfmt.FmtProtoDelim, expfmt.FmtText,
}

// negotiate chooses the format as promhttp would, which has protobuf as text besides. The escaping schemes are all the
// same here: they leave names alone that every Prometheus takes.
func negotiate(h http.Header) (expfmt.Format, Format) {
	contentType := expfmt.NegotiateAccept(h, accepted...)
	switch contentType.FormatType() {
	case expfmt.TypeOpenMetrics:
		return contentType, OpenMetrics
	case expfmt.TypeProtoDelim:
		return contentType, Protobuf
	default:
		return contentType, Text
	}
}

// negotiateEncoding chooses by the rules of promhttp: the highest quality wins, and at equal quality no compression. Of
// gzip and zstd at equal quality the one wins that is named first, as Prometheus names zstd.
func negotiateEncoding(h http.Header) Encoding {
	q := [numEncodings + 1]float64{-1, -1, -1}
	first := Gzip
	for _, line := range h["Accept-Encoding"] {
		for item := range strings.SplitSeq(line, ",") {
			name, params, _ := strings.Cut(item, ";")
			quality, ok := quality(params)
			if !ok {
				break
			}
			switch strings.TrimSpace(name) {
			case "gzip":
				q[Gzip] = max(q[Gzip], quality)
			case "zstd":
				if q[Gzip] < 0 {
					first = Zstd
				}
				q[Zstd] = max(q[Zstd], quality)
			case "identity":
				q[identity] = max(q[identity], quality)
			case "*":
				for i := range q {
					q[i] = max(q[i], quality)
				}
			}
		}
	}
	best := first
	if other := Gzip + Zstd - first; q[other] > q[first] {
		best = other
	}
	if q[best] <= 0 || q[best] <= q[identity] {
		return identity
	}
	return best
}

// quality reads the parameters of an item of Accept-Encoding; without any it is 1.
func quality(params string) (q float64, ok bool) {
	params = strings.TrimSpace(params)
	if params == "" {
		return 1, true
	}
	value, ok := strings.CutPrefix(params, "q=")
	if !ok {
		return 0, false
	}
	q, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
	return q, err == nil && q >= 0 && q < 2
}
