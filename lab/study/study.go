package study

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"time"

	"kafka_burndown_exporter/internal/pilot"
	"kafka_burndown_exporter/lab/scenario"
	"kafka_burndown_exporter/lab/simulate"
	"kafka_burndown_exporter/lab/tune"
)

// Options say what is studied.
type Options struct {
	First, Workloads int  // seeds
	Faults           bool // with faults
	Bound            bool // work out the bound; takes longer than everything else
	// Query gives the shipped trigger queries; nil: only the pilot and KEDA's kafka trigger.
	Query tune.QueryText
	// Constants of the pilot; nil: its own.
	Constants *pilot.Constants
	// Only the pilot runs.
	Only bool
	// Done is told after every workload; nil: nobody.
	Done func(done int)
}

// Outcome is what the controllers did to one workload.
type Outcome struct {
	Workload *Workload
	// Feasible is false where all replicas together miss the objective: nobody is compared then.
	Feasible bool
	Results  []simulate.Result // in the order of the controllers, the pilot first
	// Best is the result of KEDA's kafka trigger at the setting that does best in hindsight.
	Best  simulate.Result
	Bound float64 // replica-minutes; 0: not worked out
}

// Pilot is the pilot's result.
func (o *Outcome) Pilot() *simulate.Result { return &o.Results[0] }

// Run studies workloads of successive seeds.
func Run(ctx context.Context, opt Options) (*Report, error) {
	r := &Report{Options: opt, Outcomes: make([]Outcome, opt.Workloads)}
	err := parallel(ctx, opt.Workloads, func(i int) (err error) {
		r.Outcomes[i], err = one(ctx, Draw(opt.First+i, opt.Faults), &opt)
		return err
	}, opt.Done)
	if err != nil {
		return nil, err
	}
	r.sum()
	return r, nil
}

// one runs every controller on a workload.
func one(ctx context.Context, w *Workload, opt *Options) (Outcome, error) {
	o := Outcome{Workload: w}
	sc := w.Scenario
	run := func(c *simulate.Candidate) (simulate.Result, error) {
		res, err := simulate.Run(ctx, sc, c, simulate.Options{
			Phase: phaseOf(sc, w.Seed), LateEvents: true, Speed: w.Speed(), Constants: opt.Constants,
		})
		if err != nil {
			return simulate.Result{}, fmt.Errorf("workload %d, %s: %w", w.Seed, c.Name, err)
		}
		return res[0], nil
	}
	all, err := run(&simulate.Candidate{Name: "all", Replicas: map[string]int{serviceName: sc.Services[0].Replicas.Max}})
	if err != nil || !all.Meets {
		return o, err
	}
	o.Feasible = true
	cands, err := candidates(sc, opt.Query)
	if err != nil {
		return o, fmt.Errorf("workload %d: %w", w.Seed, err)
	}
	if opt.Only {
		cands = cands[:1]
	}
	for _, c := range cands {
		res, err := run(c)
		if err != nil {
			return o, err
		}
		o.Results = append(o.Results, res)
		if isKafka(c.Name) && (o.Best.Candidate == "" || better(&res, &o.Best)) {
			o.Best = res
		}
	}
	if opt.Bound {
		o.Bound = Bound(sc, &sc.Services[0])
	}
	return o, nil
}

// better says which of two results somebody would choose in hindsight: one that meets the objective, then the cheaper.
func better(a, b *simulate.Result) bool {
	switch {
	case a.Meets != b.Meets:
		return a.Meets
	case a.Meets:
		return a.ReplicaMinutes < b.ReplicaMinutes
	}
	return a.PercentileAge < b.PercentileAge
}

// phaseOf draws when the parts of the pipeline act: nobody chooses that on a cluster.
func phaseOf(sc *scenario.Scenario, seed int) *simulate.Phase {
	r := rand.New(rand.NewPCG(uint64(seed), 5))
	draw := func(d time.Duration) time.Duration { return time.Duration(r.IntN(int(d/time.Second))) * time.Second }
	p := &sc.Pipeline
	return &simulate.Phase{Sample: draw(p.SampleInterval), Scrape: draw(p.ScrapeInterval), Rules: draw(p.RuleInterval),
		Recording: draw(p.RuleInterval), Create: draw(15 * time.Second)}
}

// parallel does n pieces of work on all processors and returns the first error.
func parallel(ctx context.Context, n int, do func(i int) error, done func(int)) error {
	var (
		wg    sync.WaitGroup
		mu    sync.Mutex
		first error
		next  int
		ended int
	)
	take := func() (int, bool) {
		mu.Lock()
		defer mu.Unlock()
		next++
		return next - 1, next <= n && first == nil && ctx.Err() == nil
	}
	for range min(n, runtime.GOMAXPROCS(0)) {
		wg.Go(func() {
			for i, ok := take(); ok; i, ok = take() {
				err := do(i)
				mu.Lock()
				if ended++; err != nil && first == nil {
					first = err
				}
				if done != nil {
					done(ended)
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if first == nil {
		first = ctx.Err()
	}
	return first
}
