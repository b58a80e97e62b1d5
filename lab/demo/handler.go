package demo

import (
	"bytes"
	"embed"
	"encoding/json"
	"html/template"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"kafka_burndown_exporter/internal/human"
	"kafka_burndown_exporter/internal/web"
)

//go:embed page.html assets
var files embed.FS

// Path is where the demo's page is.
const Path = "/demo/"

// NewHandler serves the demo below Path: its page, its state as JSON for the page, the status of single orders, and the
// buttons. Requests have to name the host it listens on, and buttons are refused to other origins.
func NewHandler(d *Demo, addr, metricsPath string) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /demo/{$}", d.servePage(metricsPath))
	mux.Handle("GET /demo/assets/", web.Assets(files))
	mux.HandleFunc("GET /demo/state", func(w http.ResponseWriter, r *http.Request) {
		since, _ := strconv.ParseFloat(r.FormValue("since"), 64)
		writeJSON(w, d.state(since))
	})
	mux.HandleFunc("GET /demo/orders/{id}", d.serveOrder)
	mux.HandleFunc("POST /demo/orders", d.placeOrder)
	for path, action := range map[string]func(string) (string, error){
		"burst": d.InjectBurst, "kill": d.KillPod, "stop": d.ToggleConsumer, "skew": d.ToggleSkew,
		"scale": d.Switch,
	} {
		mux.HandleFunc("POST /demo/"+path, func(w http.ResponseWriter, r *http.Request) {
			said, err := action(r.FormValue("target"))
			if err != nil {
				http.Error(w, err.Error(), http.StatusNotFound)
				return
			}
			answer(w, r, map[string]string{"said": said})
		})
	}
	return web.Secure(onlyHost(addr, http.NewCrossOriginProtection().Handler(mux)))
}

// answer ends an action: with JSON for the script, with the page again for a form that a browser without it sends.
func answer(w http.ResponseWriter, r *http.Request, v any) {
	if strings.Contains(r.Header.Get("Accept"), "text/html") {
		http.Redirect(w, r, Path, http.StatusSeeOther)
		return
	}
	writeJSON(w, v)
}

// onlyHost refuses requests that reach the loopback interface under another name, as DNS rebinding does.
func onlyHost(addr string, next http.Handler) http.Handler {
	_, port, _ := net.SplitHostPort(addr)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, got, err := net.SplitHostPort(r.Host)
		ip := net.ParseIP(host)
		if err != nil || got != port || host != "localhost" && (ip == nil || !ip.IsLoopback()) {
			http.Error(w, "the demo answers on the loopback interface only", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// pageView is what the page shows before its script runs.
type pageView struct {
	Links    []web.Link
	Title    string
	About    string
	Speed    float64
	Services []serviceView
	Topics   []topicView
	Chain    []Stage
	Choices  []Choice
	First    firstMinute
}

// firstMinute is what the page tells a new reader to press and to watch.
type firstMinute struct {
	Topic, Service string
	Objective      string  // age, in words
	Seconds        float64 // the same, of the scenario
	Burst          string  // how long a burst lasts by the wall
	Others         []Choice
}

type serviceView struct {
	Name, Group, GroupLink string
	Topics                 string
	Most                   int
}

type topicView struct {
	Name     string
	Produced bool // from outside: bursts can be added
}

func (d *Demo) servePage(metricsPath string) http.HandlerFunc {
	page := template.Must(template.New("page.html").ParseFS(files, "page.html"))
	view := d.pageView(metricsPath)
	return func(w http.ResponseWriter, _ *http.Request) {
		view := view
		view.Choices = d.Choices()
		view.First.Others = slices.DeleteFunc(slices.Clone(view.Choices), func(c Choice) bool { return c.On })
		var b bytes.Buffer
		if err := page.Execute(&b, view); err != nil {
			http.Error(w, "the page cannot be rendered", http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Cache-Control", "no-store")
		_, _ = w.Write(b.Bytes())
	}
}

func (d *Demo) pageView(metricsPath string) pageView {
	s := d.scenario
	v := pageView{Title: s.Title, About: s.Description, Speed: d.clock.Speed(), Chain: d.Chain(),
		Links: []web.Link{{Text: "Demo", Href: "./"}, {Text: "Groups", Href: "../"}, {Text: "Metrics", Href: "." + web.Relative(metricsPath)}}}
	watched := s.Watched()
	v.First = firstMinute{Topic: s.Producers[0].Topic, Service: watched.Name, Objective: unbroken(watched.Objective.MaxAge),
		Seconds: watched.Objective.MaxAge.Seconds(), Burst: unbroken(d.clock.Wall(burstLength))}
	for i := range s.Services {
		svc := &s.Services[i]
		v.Services = append(v.Services, serviceView{Name: svc.Name, Group: svc.Group,
			GroupLink: prefix(d.opt.Prefix).on(svc.Group), Topics: strings.Join(svc.Topics, ", "), Most: s.UsefulReplicas(svc)})
	}
	for _, t := range s.Topics {
		view := topicView{Name: t.Name}
		for _, p := range s.Producers {
			view.Produced = view.Produced || p.Topic == t.Name
		}
		v.Topics = append(v.Topics, view)
	}
	return v
}

// unbroken is a span in words that stay on one line.
func unbroken(d time.Duration) string {
	return strings.ReplaceAll(human.CompactSpan(d.Seconds()), " ", "\u00a0")
}

func (d *Demo) serveOrder(w http.ResponseWriter, r *http.Request) {
	id, err := strconv.ParseUint(r.PathValue("id"), 10, 64)
	if err != nil {
		http.Error(w, "a correlation id is a number", http.StatusBadRequest)
		return
	}
	order, ok := d.Order(id)
	if !ok {
		http.Error(w, "nothing is known of that order", http.StatusNotFound)
		return
	}
	writeJSON(w, order)
}

func (d *Demo) placeOrder(w http.ResponseWriter, r *http.Request) {
	id, ok := d.Place(r.Context())
	if !ok {
		http.Error(w, "the order could not be sent", http.StatusServiceUnavailable)
		return
	}
	answer(w, r, map[string]uint64{"id": id})
}

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_ = json.NewEncoder(w).Encode(v)
}
