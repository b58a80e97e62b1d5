package demo

import (
	"math"
	"time"
)

// State is the demo at one moment, in the scenario's time and units.
type State struct {
	Scenario  string         `json:"scenario"`
	Elapsed   float64        `json:"elapsed"` // seconds since the scenario's beginning
	Clock     string         `json:"clock"`   // the scenario's time of day
	Speed     float64        `json:"speed"`
	Services  []ServiceState `json:"services"`
	Topics    []TopicState   `json:"topics"`
	Decisions []DecisionLine `json:"decisions"` // newest first
	Choices   []Choice       `json:"choices"`   // the positions of the switch
	Going     []string       `json:"going"`     // what was caused and lasts, in words
	Closed    int64          `json:"closed"`
}

// ServiceState is one service. Values that are not known are null.
type ServiceState struct {
	Name         string    `json:"name"`
	Group        string    `json:"group"`
	Desired      int       `json:"desired"`
	Ready        int       `json:"ready"`
	Most         int       `json:"most"` // members that can have a partition
	Ceiling      Ceiling   `json:"ceiling"`
	Note         string    `json:"note"`
	Pods         []PodView `json:"pods"`
	Stopped      bool      `json:"stopped"`
	Lag          *float64  `json:"lag"`
	Age          *float64  `json:"age"`      // seconds
	Burndown     *float64  `json:"burndown"` // seconds
	Produced     *float64  `json:"produced"`
	Consumed     *float64  `json:"consumed"`
	ReplicaHours float64   `json:"replicaHours"`
	Handled      int64     `json:"handled"`
	Asks         []Ask     `json:"asks"`
	// Points are the timeline since the moment asked for: seconds, lag, age, ready and desired replicas, messages/s
	// produced and consumed, burndown.
	Points [][8]*float64 `json:"points"`
}

// TopicState is one topic.
type TopicState struct {
	Name   string `json:"name"`
	Burst  bool   `json:"burst"`
	Skewed bool   `json:"skewed"`
}

// DecisionLine is a line of the autoscalers' log.
type DecisionLine struct {
	At      float64 `json:"at"` // seconds
	Clock   string  `json:"clock"`
	Service string  `json:"service"`
	From    int32   `json:"from"`
	To      int32   `json:"to"`
	By      string  `json:"by"`
	Why     string  `json:"why"`
}

// shownDecisions bounds the log in a state.
const shownDecisions = 50

// state is the present, with the timeline after since (seconds).
func (d *Demo) state(since float64) State {
	now := time.Now()
	at := d.clock.Elapsed(now)
	s := State{Scenario: d.scenario.Title, Elapsed: at.Seconds(), Clock: d.timeOfDay(at), Speed: d.clock.Speed()}
	s.Closed, _ = d.Closed()
	s.Choices, s.Going = d.Choices(), d.going(at)
	for _, st := range d.Services() {
		s.Services = append(s.Services, d.serviceState(st, since))
	}
	for _, t := range d.scenario.Topics {
		s.Topics = append(s.Topics, TopicState{Name: t.Name, Burst: d.generator.injected(t.Name, at) > 0, Skewed: d.generator.skewed(t.Name)})
	}
	for i, dec := range d.Decisions() {
		if i == shownDecisions {
			break
		}
		s.Decisions = append(s.Decisions, DecisionLine{At: dec.At.Seconds(), Clock: d.timeOfDay(dec.At), Service: dec.Service,
			From: dec.From, To: dec.To, By: dec.By, Why: dec.Why})
	}
	return s
}

func (d *Demo) timeOfDay(at time.Duration) string {
	return d.scenario.Start.Add(at).Format(time.TimeOnly)
}

func (d *Demo) serviceState(st Status, since float64) ServiceState {
	svc := d.scenario.Service(st.Service)
	v := ServiceState{Name: st.Service, Group: st.Group, Desired: st.Desired, Ready: st.Ready, Pods: st.Pods,
		Stopped: st.Stalled, Handled: st.Handled, ReplicaHours: st.ReplicaTime.Hours(), Most: d.scenario.UsefulReplicas(svc)}
	points := d.Timeline(st.Service)
	for i, p := range points {
		if i == len(points)-1 {
			v.Lag, v.Age, v.Produced, v.Consumed = finite(p.Lag), finite(p.Age), finite(p.Produced), finite(p.Consumed)
			v.Burndown = finite(p.Burndown)
		}
		if p.At.Seconds() > since {
			v.Points = append(v.Points, [8]*float64{finite(p.At.Seconds()), finite(p.Lag), finite(p.Age),
				finite(float64(p.Ready)), finite(float64(p.Wanted)), finite(p.Produced), finite(p.Consumed), finite(p.Burndown)})
		}
	}
	for _, a := range d.autoscalers {
		if a.deployment.service == svc {
			_, v.Asks = a.log()
			v.Ceiling = ceilingOf(v.Most, a.allowed())
		}
	}
	v.Note = v.note()
	return v
}

// finite is a value with one decimal, nil where it is not known.
func finite(v float64) *float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	v = math.Round(v*10) / 10
	return &v
}
