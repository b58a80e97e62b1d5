package demo

import (
	"encoding/json"
	"math"
	"net"
	"net/http"
	"strconv"
	"time"
)

// NewHandler serves the demo below /demo/: its state as JSON for the page and the terminal, the status of single orders,
// and the buttons. Requests have to name the host it listens on, and buttons are refused to other origins.
func NewHandler(d *Demo, addr string) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /demo/state", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, d.state()) })
	mux.HandleFunc("GET /demo/orders/{id}", d.serveOrder)
	mux.HandleFunc("POST /demo/orders", d.placeOrder)
	for path, action := range map[string]func(string) error{
		"burst": d.InjectBurst, "kill": d.KillPod, "stop": d.ToggleConsumer, "skew": d.ToggleSkew,
	} {
		mux.HandleFunc("POST /demo/"+path, func(w http.ResponseWriter, r *http.Request) {
			if err := action(r.FormValue("target")); err != nil {
				http.Error(w, err.Error(), http.StatusNotFound)
				return
			}
			w.WriteHeader(http.StatusNoContent)
		})
	}
	return onlyHost(addr, http.NewCrossOriginProtection().Handler(mux))
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
	writeJSON(w, map[string]uint64{"id": id})
}

// State is the demo at one moment, in the scenario's time and units.
type State struct {
	Scenario  string         `json:"scenario"`
	Elapsed   float64        `json:"elapsed"` // seconds
	Speed     float64        `json:"speed"`
	Services  []ServiceState `json:"services"`
	Decisions []DecisionLine `json:"decisions"` // newest first
	Closed    int64          `json:"closed"`
}

// ServiceState is one service. Values that are not known are null.
type ServiceState struct {
	Name, Group   string
	Desired       int
	Ready         int
	Pods          []PodView
	Stalled       bool
	Lag, Age      *float64
	Produced      *float64
	Consumed      *float64
	ReplicaHours  float64
	Topics        []string
	Timeline      []TimelinePoint `json:"-"`
	HandledInAll  int64
	MaxUseful     int
	LastProposals []Ask
}

// DecisionLine is a line of the autoscalers' log.
type DecisionLine struct {
	At      float64 // seconds
	Service string
	From    int32
	To      int32
	By, Why string
}

// shownDecisions bounds the log in a state.
const shownDecisions = 50

func (d *Demo) state() State {
	now := d.clock.Elapsed(time.Now())
	s := State{Scenario: d.scenario.Title, Elapsed: now.Seconds(), Speed: d.clock.Speed()}
	s.Closed, _ = d.Closed()
	for _, st := range d.Services() {
		svc := d.scenario.Service(st.Service)
		v := ServiceState{Name: st.Service, Group: st.Group, Desired: st.Desired, Ready: st.Ready, Pods: st.Pods,
			Stalled: st.Stalled, Topics: svc.Topics, HandledInAll: st.Handled, ReplicaHours: st.ReplicaTime.Hours(),
			MaxUseful: d.scenario.UsefulReplicas(svc)}
		if points := d.Timeline(st.Service); len(points) > 0 {
			p := points[len(points)-1]
			v.Lag, v.Age, v.Produced, v.Consumed = finite(p.Lag), finite(p.Age), finite(p.Produced), finite(p.Consumed)
		}
		for _, a := range d.autoscalers {
			if a.deployment.service == svc {
				_, v.LastProposals = a.log()
			}
		}
		s.Services = append(s.Services, v)
	}
	for i, dec := range d.Decisions() {
		if i == shownDecisions {
			break
		}
		s.Decisions = append(s.Decisions, DecisionLine{At: dec.At.Seconds(), Service: dec.Service, From: dec.From, To: dec.To,
			By: dec.By, Why: dec.Why})
	}
	return s
}

func finite(v float64) *float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return &v
}

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_ = json.NewEncoder(w).Encode(v)
}
