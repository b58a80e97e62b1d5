package simulate

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"kafka_burndown_exporter/collector"
	"kafka_burndown_exporter/internal/pilot"
	"kafka_burndown_exporter/lab/plant"
	"kafka_burndown_exporter/lab/scenario"
)

// Candidate is one autoscaling set-up, compiled.
type Candidate struct {
	Name, Title, Verdict string
	Controllers          []*Controller
	// Replicas are initial replicas by service that differ from the scenario's.
	Replicas map[string]int
	// Schedule puts services at recorded replicas instead of scaling them.
	Schedule map[string]*scenario.Series
	// Services are those that the candidate is compared on; empty: all.
	Services []string
	// Objective is what the exporter's pilots aim at, as --desired.objective says it; 0: the objective of each service.
	Objective time.Duration
	// Notes say what was taken for granted, and what its triggers read.
	Notes []string
	// workload is the scenario under the names of the manifests, nil where they are the scenario's.
	workload *scenario.Scenario
}

// Options say how to run.
type Options struct {
	Step time.Duration // 0: one second
	// Trace keeps what the plots and the timeline need: one point in TraceEvery, and the events.
	Trace      bool
	TraceEvery time.Duration // 0: 15 s
	Window     *Window       // nil: the whole run
	Phase      *Phase        // nil: DefaultPhase
	// QueryResolution: KEDA asks Prometheus for the last whole second. More than a step where a run stands for one whose
	// time was compressed.
	QueryResolution time.Duration
	// LateEvents lets every second scaling event, by chance from the scenario's seed, count from a moment after the sync
	// that caused it, as on a cluster: the event is noted when the change was made. It matters where a policy's period is
	// a multiple of the sync period, because it then still counts when it is as old as the period.
	LateEvents bool
	// Speed is that of the i-th pod of a service that is created, as a factor of its capacity; nil: all are alike.
	Speed func(i int) float64
	// Constants of the pilot; nil: its own.
	Constants *pilot.Constants
}

// Window is a part of the run.
type Window struct{ From, Length time.Duration }

// Phase is when the parts of the pipeline act first, counted from the start of the warm-up, and how long after the start
// of the run the ScaledObjects are created: KEDA polls then, and the HPA syncs one period later. On a cluster nobody
// chooses them, and every one of them is as likely as another. Prometheus gives each group of rules a time of its own,
// so the rules that build on the base rules (Recording) read what those recorded up to an interval before.
type Phase struct{ Sample, Scrape, Rules, Recording, Create time.Duration }

// DefaultPhase has every part wait for the one before as long as on average: the HPA, which syncs on whole quarter
// minutes, reads rules on rules on what was scraped 22 s before.
func DefaultPhase() Phase {
	return Phase{Scrape: 8 * time.Second, Recording: 7 * time.Second}
}

const warmUp = 5 * time.Minute

// runner is one run of one candidate.
type runner struct {
	sc      *scenario.Scenario
	opt     Options
	length  time.Duration
	plant   *plant.Plant
	exp     *plant.Exporter
	prom    *prometheus
	drivers []*driver
	meters  []*meter
}

// Run simulates one candidate and returns a result per service, in the scenario's order.
func Run(ctx context.Context, sc *scenario.Scenario, cand *Candidate, opt Options) ([]Result, error) {
	if cand.workload != nil {
		sc = cand.workload
	}
	if opt.Step == 0 {
		opt.Step = time.Second
	}
	if opt.TraceEvery == 0 {
		opt.TraceEvery = 15 * time.Second
	}
	r := &runner{sc: sc, opt: opt, length: sc.Duration}
	if opt.Phase == nil {
		phase := DefaultPhase()
		r.opt.Phase = &phase
	}
	world := plant.Options{Step: opt.Step, Warm: warmUp, Speed: opt.Speed, Constants: opt.Constants,
		Objective: cand.Objective}
	if opt.Window != nil {
		world.From, r.length = opt.Window.From, opt.Window.Length
	}
	r.plant = plant.New(sc, world)
	r.exp = plant.NewExporter(r.plant)
	var err error
	if r.prom, err = newPrometheus(r.plant, r.exp, r.opt.Phase); err != nil {
		return nil, err
	}
	for _, g := range r.plant.Groups {
		n, ok := cand.Replicas[g.Service.Name]
		if !ok {
			n = g.Service.Replicas.Initial
		}
		g.Start(n)
		m := newMeter(g, r)
		m.schedule = cand.Schedule[g.Service.Name]
		r.meters = append(r.meters, m)
	}
	if err := r.attach(cand); err != nil {
		return nil, err
	}
	if err := r.prom.start(0); err != nil {
		return nil, fmt.Errorf("%s: %w", cand.Name, err)
	}
	r.exp.Begin(cand.direct() || r.prom.reads(collector.DesiredNames()))
	if err := r.loop(ctx); err != nil {
		return nil, err
	}
	for _, d := range r.drivers {
		if err := d.unanswered(); err != nil {
			return nil, err
		}
	}
	out := make([]Result, len(r.meters))
	for i, m := range r.meters {
		out[i] = m.result()
		out[i].Candidate, out[i].Title, out[i].Verdict = cand.Name, cand.Title, cand.Verdict
	}
	return out, nil
}

func (r *runner) attach(cand *Candidate) error {
	for _, c := range cand.Controllers {
		found := false
		for i, g := range r.plant.Groups {
			if g.Service.Name != c.Service {
				continue
			}
			if r.meters[i].driver != nil {
				return fmt.Errorf("%s: two ScaledObjects scale %s: one autoscaler per Deployment", cand.Name, c.Service)
			}
			d, err := newDriver(c, g, r.plant, r.prom, r.plant.First()+r.plant.Steps(r.opt.Phase.Create))
			if err != nil {
				return err
			}
			d.whole = max(1, r.plant.Steps(r.opt.QueryResolution))
			if r.opt.LateEvents {
				d.dice = rand.New(rand.NewPCG(r.sc.Seed, uint64(i)))
			}
			r.drivers = append(r.drivers, d)
			r.meters[i].driver = d
			found = true
		}
		if !found {
			return fmt.Errorf("%s: scaleTargetRef names %q, which the scenario does not have", c.Origin, c.Service)
		}
	}
	return nil
}

func (r *runner) loop(ctx context.Context) error {
	pipe := &r.sc.Pipeline
	every := func(d time.Duration) int { return max(1, r.plant.Steps(d)) }
	sample, scrape := every(pipe.SampleInterval), every(pipe.ScrapeInterval)
	total := r.plant.First() + r.plant.Steps(r.length)
	phase := r.opt.Phase
	sampleAt, scrapeAt := r.plant.Steps(phase.Sample), r.plant.Steps(phase.Scrape)
	for step := range total {
		if step%4096 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if step%sample == sampleAt%sample {
			r.exp.Sample(step)
		}
		if step%scrape == scrapeAt%scrape {
			r.prom.scrape(step)
		}
		r.prom.advance(step)
		if step >= r.plant.First() {
			for i, m := range r.meters {
				switch {
				case m.driver != nil:
					if err := r.scale(i, step); err != nil {
						return err
					}
				case m.schedule != nil:
					r.follow(m, step)
				}
			}
		}
		r.plant.Advance(step)
		if step >= r.plant.First() {
			for _, m := range r.meters {
				m.observe(step)
			}
		}
	}
	return nil
}

// scale applies what a service's autoscaler decides.
func (r *runner) scale(i, step int) error {
	m := r.meters[i]
	out, due := m.driver.run(step)
	if m.driver.fault != nil {
		return m.driver.fault
	}
	to := int(out.Replicas)
	if !due || to == m.group.Replicas() {
		return nil
	}
	why := ""
	switch {
	case out.HPA != nil && out.HPA.Scaled():
		why = out.HPA.String()
	case out.Poll != nil:
		why = out.Poll.String()
	}
	m.changed(step, m.group.Replicas(), to, why)
	m.group.ScaleTo(step, to)
	return nil
}

// follow puts a service at the recorded replicas.
func (r *runner) follow(m *meter, step int) {
	v, known := m.schedule.At(r.plant.Time(step))
	n := int(v + 0.5)
	if !known || n == m.group.Replicas() {
		return
	}
	m.changed(step, m.group.Replicas(), n, "as recorded")
	m.group.ScaleTo(step, n)
}
