package demo

import (
	"fmt"
	"time"

	"github.com/go-kit/log/level"

	"kafka_burndown_exporter/lab/scenario"
)

// profileTime is the time within the scenario, which starts again where it ends.
func (d *Demo) profileTime(at time.Duration) time.Duration { return at % d.scenario.Duration }

// faultsBetween applies the faults between two moments, also across the scenario's end.
func (d *Demo) faultsBetween(from, to time.Duration) {
	a, b := d.profileTime(from), d.profileTime(to)
	if b < a {
		d.faults(a, d.scenario.Duration)
		a = 0
	}
	d.faults(a, b)
}

// scrapesLost reports whether a fault keeps scrapes from their reader.
func (d *Demo) scrapesLost(at time.Duration) bool {
	for i := range d.scenario.Faults {
		f := &d.scenario.Faults[i]
		if f.Kind == scenario.FaultScrapes && f.ActiveAt(d.profileTime(at)) {
			return true
		}
	}
	return false
}

// faults applies the scenario's faults that begin or end between two moments.
func (d *Demo) faults(from, to time.Duration) {
	for i := range d.scenario.Faults {
		f := &d.scenario.Faults[i]
		switch {
		case f.Begins(from, to):
			d.begin(f)
			if f.For > 0 && !f.ActiveAt(to) { // a busy machine took both moments in one step
				d.end(f)
			}
		case f.For > 0 && f.ActiveAt(from) && !f.ActiveAt(to):
			d.end(f)
		}
	}
}

func (d *Demo) begin(f *scenario.Fault) {
	switch f.Kind {
	case scenario.FaultCrash:
		d.each(f.Service, func(dep *deployment) { dep.crash(f.Count) })
	case scenario.FaultBrownout:
		d.each(f.Service, func(dep *deployment) { dep.brownOut(f.Factor) })
	case scenario.FaultStop:
		d.each(f.Service, func(dep *deployment) { dep.stall(true) })
	case scenario.FaultNoCommits:
		d.each(f.Service, func(dep *deployment) { dep.failCommits(true) })
	case scenario.FaultExpire:
		d.expire(f)
	case scenario.FaultSkew:
		d.generator.Skew(f.Topic, f.Partition, f.Share)
	case scenario.FaultBurst:
		d.generator.Burst(f.Topic, f.Rate, f.For)
	}
}

func (d *Demo) end(f *scenario.Fault) {
	switch f.Kind {
	case scenario.FaultBrownout:
		d.each(f.Service, func(dep *deployment) { dep.brownOut(1) })
	case scenario.FaultStop:
		d.each(f.Service, func(dep *deployment) { dep.stall(false) })
	case scenario.FaultNoCommits:
		d.each(f.Service, func(dep *deployment) { dep.failCommits(false) })
	case scenario.FaultSkew:
		d.generator.Even(f.Topic)
	}
}

// expire deletes what is older than the event says, as retention would. Deleting takes round trips, which the control
// loop does not wait for.
func (d *Demo) expire(f *scenario.Fault) {
	before := time.Now().Add(-d.clock.Wall(f.Keep))
	d.background.Go(func() {
		if err := deleteBefore(d.opt.Cluster, prefix(d.opt.Prefix).on(f.Topic), before); err != nil {
			level.Warn(d.opt.Logger).Log("msg", "the scenario's retention event failed", "topic", f.Topic, "err", err)
		}
	})
}

// warnOfImpossible names the events that the demo cannot play.
func (d *Demo) warnOfImpossible() {
	for i := range d.scenario.Faults {
		if f := &d.scenario.Faults[i]; f.Kind == scenario.FaultPartial {
			level.Warn(d.opt.Logger).Log("msg", "the demo leaves out an event of the scenario: its brokers answer for every "+
				"partition; simulate plays it", "kind", f.Kind, "at", f.At)
		}
	}
}

func (d *Demo) each(service string, do func(*deployment)) {
	for _, dep := range d.deployments {
		if service == "" || dep.service.Name == service {
			do(dep)
		}
	}
}

func (d *Demo) find(service string) (*deployment, error) {
	for _, dep := range d.deployments {
		if dep.service.Name == service {
			return dep, nil
		}
	}
	return nil, fmt.Errorf("no service is called %q", service)
}

// burstLength is how long an injected burst lasts, in scenario time.
const burstLength = 2 * time.Minute

// burstText says what a burst is and when it ends.
func (d *Demo) burstText(topic string, b burst) string {
	return fmt.Sprintf("Burst on %s: %.0f more messages/s until %s", topic, b.rate, d.timeOfDay(b.until))
}

// skewText says what a skew is.
func skewText(topic string) string {
	return "Skew on " + topic + ": one partition gets more than its share"
}

// going is what buttons and events of the scenario have caused and what lasts, in words.
func (d *Demo) going(at time.Duration) []string {
	var out []string
	for _, t := range d.scenario.Topics {
		if b := d.generator.burst(t.Name, at); b.rate > 0 {
			out = append(out, d.burstText(t.Name, b))
		}
		if d.generator.skewed(t.Name) {
			out = append(out, skewText(t.Name))
		}
	}
	for _, dep := range d.deployments {
		if dep.status().Stalled {
			out = append(out, dep.service.Name+" consumes nothing")
		}
	}
	return out
}

// InjectBurst multiplies what the first producer of a topic makes by four for two minutes of the scenario. As the other
// actions it says what it did.
func (d *Demo) InjectBurst(topic string) (string, error) {
	for i := range d.scenario.Producers {
		p := &d.scenario.Producers[i]
		if p.Topic != topic {
			continue
		}
		at := d.clock.Elapsed(time.Now())
		rate, _ := d.scenario.Rater(p).Mean(d.profileTime(at))
		d.generator.Burst(topic, max(3*rate, 20), burstLength)
		return d.burstText(topic, d.generator.burst(topic, at)), nil
	}
	return "", fmt.Errorf("nobody produces to a topic called %q", topic)
}

// KillPod crashes one pod of a service.
func (d *Demo) KillPod(service string) (string, error) {
	dep, err := d.find(service)
	if err != nil {
		return "", err
	}
	if dep.crash(1) == 0 {
		return "", fmt.Errorf("%s has no running pod to kill", service)
	}
	return "A pod of " + service + " is gone without a word; its partitions wait until the session times out", nil
}

// ToggleConsumer stops a service's consumers without ending their membership, or lets them go on.
func (d *Demo) ToggleConsumer(service string) (string, error) {
	dep, err := d.find(service)
	if err != nil {
		return "", err
	}
	if dep.toggleStall() {
		return service + " consumes nothing", nil
	}
	return service + " consumes again", nil
}

// hotShare is what the hot partition of an injected skew gets.
const hotShare = 0.6

// ToggleSkew gives partition 0 of a topic most of the messages, or spreads them as the scenario says again.
func (d *Demo) ToggleSkew(topic string) (string, error) {
	if d.scenario.Topic(topic) == nil {
		return "", fmt.Errorf("no topic is called %q", topic)
	}
	if d.generator.skewed(topic) {
		d.generator.Even(topic)
		return "The messages on " + topic + " spread over its partitions as before", nil
	}
	d.generator.Skew(topic, 0, hotShare)
	return skewText(topic), nil
}
