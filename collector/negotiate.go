package collector

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// negotiate chooses the format as promhttp would. own is false where the answer is left to promhttp: protobuf, and the
// escaping that changes names which are valid as they are.
func negotiate(h http.Header) (contentType expfmt.Format, format Format, own bool) {
	contentType = expfmt.NegotiateAccept(h, expfmt.DefaultOpenMetricsAcceptedFormats()...)
	if contentType.ToEscapingScheme() == model.DotsEscaping {
		return contentType, Text, false
	}
	switch contentType.FormatType() {
	case expfmt.TypeTextPlain:
		return contentType, Text, true
	case expfmt.TypeOpenMetrics:
		return contentType, OpenMetrics, true
	default:
		return contentType, Text, false
	}
}

// acceptsGzip reports whether gzip is preferred to no compression, by the rules of promhttp: the highest quality wins,
// and at equal quality no compression.
func acceptsGzip(h http.Header) bool {
	identity, gzip := -1.0, -1.0
	for _, line := range h["Accept-Encoding"] {
		for _, item := range strings.Split(line, ",") {
			name, params, _ := strings.Cut(item, ";")
			q, ok := quality(params)
			if !ok {
				break
			}
			switch strings.TrimSpace(name) {
			case "gzip":
				gzip = max(gzip, q)
			case "identity":
				identity = max(identity, q)
			case "*":
				identity, gzip = max(identity, q), max(gzip, q)
			}
		}
	}
	return gzip > 0 && gzip > identity
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
