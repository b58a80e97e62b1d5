package collector

import (
	"fmt"
	"net/http"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	dto "github.com/prometheus/client_model/go"
)

// viaPromhttp answers what has no renderer of its own, from families built for this request.
func (h *Handler) viaPromhttp(w http.ResponseWriter, r *http.Request, g *generation) {
	families := snapshotGatherer{}
	if g != nil {
		families.families = h.Encoder.MetricFamilies(g.snapshot, admitted(r))
	}
	all := prometheus.NewMultiTRegistry(families, prometheus.ToTransactionalGatherer(h.Registry))
	promhttp.HandlerForTransactional(all, promhttp.HandlerOpts{
		EnableOpenMetrics:                   true,
		EnableOpenMetricsTextCreatedSamples: true,
		ErrorHandling:                       promhttp.ContinueOnError,
		ErrorLog:                            errorLog{h.Logger},
	}).ServeHTTP(w, r)
}

// admitted returns the filter of name[], nil where there is none.
func admitted(r *http.Request) func(string) bool {
	names, ok := r.URL.Query()["name[]"]
	if !ok {
		return nil
	}
	set := make(map[string]bool, len(names))
	for _, n := range names {
		set[n] = true
	}
	return func(name string) bool { return set[name] }
}

// snapshotGatherer hands out families that nobody changes.
type snapshotGatherer struct{ families []*dto.MetricFamily }

func (s snapshotGatherer) Gather() ([]*dto.MetricFamily, func(), error) {
	return s.families, func() {}, nil
}

type errorLog struct{ log.Logger }

// Println logs what promhttp reports.
func (l errorLog) Println(v ...any) {
	level.Error(l.Logger).Log("msg", "answer a scrape", "err", fmt.Sprint(v...))
}
