// Package web is the status page: a table of the consumer groups and a page for each of them, rendered on the server
// from the newest published snapshot. It keeps no history and no state. Metrics, health checks and the demo's page
// belong elsewhere; the demo shares the style sheet and the headers.
package web

import (
	"bytes"
	"embed"
	"html/template"
	"net/http"
	"strings"
	"time"

	"kafka_burndown_exporter/internal/human"
	"kafka_burndown_exporter/internal/lag"
)

//go:embed templates assets
var files embed.FS

// Link is an entry of the pages' navigation.
type Link struct{ Text, Href string }

// Options are what the pages need.
type Options struct {
	// MetricsPath is where the pages link to.
	MetricsPath string
	// Snapshot returns the newest snapshot that may be read, or nil.
	Snapshot func() *lag.Snapshot
	Now      func() time.Time
	// Links stand first in the navigation. They are relative to the root.
	Links []Link
}

// Paths are the patterns, for an http.ServeMux, that the handler of New serves.
func Paths() []string { return []string{"/{$}", "/group", "/assets/"} }

type pages struct {
	Options
	index, group *template.Template
	// turn is taken by the page that is being made: pages use one processor at most, and leave the others to scrapes.
	turn chan struct{}
}

// New returns the handler of the status page. All its links are relative, so that it works below any path of a proxy.
func New(o Options) http.Handler {
	p := &pages{Options: o, index: parse("index.html"), group: parse("group.html"),
		turn: make(chan struct{}, 1)}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", p.serve(p.indexPage))
	mux.HandleFunc("GET /group", p.serve(p.groupPage))
	mux.Handle("GET /assets/", Assets(files))
	return Secure(mux)
}

func parse(name string) *template.Template {
	return template.Must(template.New(name).Funcs(formats()).ParseFS(files, "templates/layout.html", "templates/"+name))
}

// formats are the functions of the templates.
func formats() template.FuncMap {
	return template.FuncMap{
		"known": lag.Known, "count": human.Count, "rate": human.Rate, "seconds": human.Span, "decimal": human.Decimal,
		"whole": human.Whole, "members": members, "ago": func(d time.Duration) string { return human.Span(d.Seconds()) },
	}
}

// members is a number of members, -1 where it is not known.
func members(n int) string {
	if n < 0 {
		return human.Unknown
	}
	return human.Whole(n)
}

// frame is what every page shows around its content.
type frame struct {
	Title   string
	Links   []Link
	Here    string // the text of the link to this page
	Sampled bool
	Age     time.Duration
	Brokers int
	Topics  int
	Groups  int
	Held    int
	Unknown int
}

// The texts of the links that every page has.
const (
	linkGroups  = "Groups"
	linkMetrics = "Metrics"
)

func (p *pages) frame(title string, s *lag.Snapshot) frame {
	f := frame{Title: title, Here: linkGroups}
	f.Links = append(f.Links, p.Links...)
	f.Links = append(f.Links, Link{linkGroups, "./"}, Link{linkMetrics, Relative(p.MetricsPath)})
	if s != nil {
		f.Sampled, f.Age = true, max(p.Now().Sub(s.Began), 0)
		f.Brokers, f.Topics, f.Groups = len(s.Brokers), len(s.Topics), len(s.Groups)
		f.Held, f.Unknown = s.HeldPartitions, s.UnknownPartitions
	}
	return f
}

// Relative is the link from a page at the root to an absolute path.
func Relative(path string) string { return "./" + strings.TrimLeft(path, "/") }

// serve makes a page when it is its turn, and answers with it, or with an error and no half page.
func (p *pages) serve(page func(r *http.Request) (*template.Template, int, any)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		select {
		case p.turn <- struct{}{}:
		case <-r.Context().Done():
			return
		}
		var b bytes.Buffer
		status, err := func() (int, error) {
			defer func() { <-p.turn }()
			t, status, view := page(r)
			return status, t.ExecuteTemplate(&b, "layout.html", view)
		}()
		if err != nil {
			http.Error(w, "the page cannot be rendered", http.StatusInternalServerError)
			return
		}
		h := w.Header()
		h.Set("Content-Type", "text/html; charset=utf-8")
		h.Set("Cache-Control", "no-store")
		w.WriteHeader(status)
		_, _ = w.Write(b.Bytes())
	}
}
