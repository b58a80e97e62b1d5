package web

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"strings"
	"time"

	"kafka_burndown_exporter/internal/lag"
)

// PathDesired is the pattern of NewDesired. The group's name is percent-encoded where it has to be.
const PathDesired = "GET /desired/{group...}"

// scaling is what an autoscaler may want to know of one group. What is not known is left out.
type scaling struct {
	Group            string   `json:"group"`
	DesiredReplicas  int      `json:"desiredReplicas"`
	Reason           string   `json:"reason"`
	MemberCapacity   *float64 `json:"memberCapacity,omitempty"`
	MembersSaturated *int     `json:"membersSaturated,omitempty"`
	Lag              *float64 `json:"lag,omitempty"`
	Backlog          *float64 `json:"backlog,omitempty"`
	LagSeconds       *float64 `json:"lagSeconds,omitempty"`
	ProducerRate     *float64 `json:"producerRate,omitempty"`
	SampledAt        string   `json:"sampledAt"`
}

// NewDesired answers for one group what KEDA's metrics-api trigger needs: JSON, or the text exposition where the client
// accepts text/plain and not JSON. A number that is not known is 503 with the reason, never 0: KEDA then holds.
func NewDesired(snapshot func() *lag.Snapshot) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		name := r.PathValue("group")
		g, why := decided(snapshot(), name)
		if why != "" {
			http.Error(w, fmt.Sprintf("group %q: %s", name, why), http.StatusServiceUnavailable)
			return
		}
		if accept := r.Header.Get("Accept"); strings.Contains(accept, "text/plain") && !strings.Contains(accept, "json") {
			w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
			_, _ = fmt.Fprintf(w, "# TYPE kafka_group_desired_replicas gauge\nkafka_group_desired_replicas{consumergroup=%s} %d\n",
				quoteLabel(name), g.Decision.Replicas)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(scalingOf(g))
	})
}

// decided finds a group whose desired replicas are known, or says why there is none.
func decided(s *lag.Snapshot, name string) (*lag.Group, string) {
	if s == nil {
		return nil, "there is no sample of the cluster to serve"
	}
	for i := range s.Groups {
		g := &s.Groups[i]
		switch {
		case g.ID != name:
			continue
		case !g.Decided:
			return nil, "its desired replicas are not worked out"
		case !g.Decision.Known:
			return nil, "the desired replicas are not known: " + g.Decision.Reason.String()
		}
		return g, ""
	}
	return nil, "no such group is known; --group.expect keeps one that Kafka does not list"
}

func scalingOf(g *lag.Group) scaling {
	out := scaling{
		Group: g.ID, DesiredReplicas: g.Decision.Replicas, Reason: g.Decision.Reason.String(),
		MemberCapacity: finite(g.Decision.Capacity), Lag: finite(g.Lag), Backlog: finite(g.Backlog),
		LagSeconds: finite(g.LagSeconds), ProducerRate: finite(g.ProducerRate),
		SampledAt: g.SampleAt.UTC().Format(time.RFC3339Nano),
	}
	if n := g.Decision.Saturated; n >= 0 {
		out.MembersSaturated = &n
	}
	return out
}

func finite(v float64) *float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return &v
}

var labelEscapes = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)

func quoteLabel(s string) string { return `"` + labelEscapes.Replace(s) + `"` }
