// Package web is the status page. It reads published snapshots and serves HTML; metrics and health checks belong
// elsewhere.
package web

import (
	"html/template"
	"net/http"
	"time"

	"kafka_burndown_exporter/internal/lag"
)

// Options are what the page needs.
type Options struct {
	// MetricsPath is where the page links to.
	MetricsPath string
	// Snapshot returns the newest snapshot that may be read, or nil.
	Snapshot func() *lag.Snapshot
	Now      func() time.Time
}

var page = template.Must(template.New("status").Parse(`<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>Kafka burndown exporter</title></head>
<body>
<h1>Kafka burndown exporter</h1>
{{with .Snapshot}}<p>{{len .Groups}} consumer groups, {{len .Topics}} topics, {{len .Brokers}} brokers, sampled
{{$.Age}} ago.</p>{{else}}<p>No sample of the cluster yet.</p>{{end}}
<p><a href="{{.MetricsPath}}">Metrics</a></p>
</body>
</html>
`))

// New returns the status page.
func New(o Options) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		s := o.Snapshot()
		view := struct {
			Snapshot    *lag.Snapshot
			Age         time.Duration
			MetricsPath string
		}{Snapshot: s, MetricsPath: o.MetricsPath}
		if s != nil {
			view.Age = o.Now().Sub(s.Began).Round(time.Second)
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_ = page.Execute(w, view)
	})
}
