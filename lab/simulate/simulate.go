package simulate

import (
	"context"
	"runtime"
	"sync"

	"kafka_burndown_exporter/lab/recording"
	"kafka_burndown_exporter/lab/scenario"
)

// Simulate runs the candidates in parallel, one to a core, and compares them. progress, if not nil, is called after each
// with the number done; calls do not overlap.
func Simulate(ctx context.Context, sc *scenario.Scenario, cands []*Candidate, opt Options, progress func(done int)) (*Report, error) {
	results, err := RunAll(ctx, sc, cands, opt, progress)
	if err != nil {
		return nil, err
	}
	return &Report{Scenario: sc, Candidates: cands, Comparisons: compare(sc, cands, results), Lints: Lints(sc, cands), Recordings: recording.CoverageOf(sc)}, nil
}

// RunAll runs every candidate; results are in the order of the candidates whatever order they finish in.
func RunAll(ctx context.Context, sc *scenario.Scenario, cands []*Candidate, opt Options, progress func(int)) ([][]Result, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	results := make([][]Result, len(cands))
	next := make(chan int)
	var wg sync.WaitGroup
	var mu sync.Mutex
	done := 0
	for range min(runtime.GOMAXPROCS(0), len(cands)) {
		wg.Go(func() {
			for i := range next {
				res, err := Run(ctx, sc, cands[i], opt)
				if err != nil {
					cancel(err)
					continue
				}
				mu.Lock()
				results[i] = res
				done++
				if progress != nil {
					progress(done)
				}
				mu.Unlock()
			}
		})
	}
	for i := range cands {
		next <- i
	}
	close(next)
	wg.Wait()
	return results, context.Cause(ctx)
}
