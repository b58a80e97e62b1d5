package main

import (
	"context"
	"log"
	"os"
	"sync/atomic"
	"time"
)

// readiness tells the kubelet whether this pod can work: it is a member of its group, and what it depends on is there.
type readiness struct {
	file   string // exists while the pod is ready; empty: nobody asks
	outage string // exists while what the pod depends on is away; empty: never
	member atomic.Bool
	away   atomic.Bool
}

const readinessPeriod = 100 * time.Millisecond

// run looks at both until ctx ends.
func (r *readiness) run(ctx context.Context) {
	for ready := false; ctx.Err() == nil; time.Sleep(readinessPeriod) {
		r.away.Store(exists(r.outage))
		if can := r.member.Load() && !r.away.Load(); can != ready {
			ready = can
			r.announce(ready)
		}
	}
}

func (r *readiness) announce(ready bool) {
	if r.file == "" {
		return
	}
	var err error
	if ready {
		err = os.WriteFile(r.file, nil, 0o644)
	} else {
		err = os.Remove(r.file)
	}
	if err != nil {
		log.Print(err)
	}
}

// wait returns once what the pod depends on is there, or done is closed.
func (r *readiness) wait(done <-chan struct{}) {
	for r.away.Load() {
		select {
		case <-done:
			return
		case <-time.After(readinessPeriod):
		}
	}
}

func exists(file string) bool {
	if file == "" {
		return false
	}
	_, err := os.Stat(file)
	return err == nil
}
