package demo

import (
	"context"
	"sync"
	"time"
)

// pacer is a pod's capacity: everything that the pod handles passes through it, one piece of work after the other.
// Waits shorter than a timer can keep are saved up.
type pacer struct {
	mu   sync.Mutex
	next time.Time
}

// minWait is the shortest wait worth a timer; 5 ms at a time cost little CPU at any rate.
const minWait = 5 * time.Millisecond

// work occupies the pacer for cost. It returns the context's error where that ends first.
func (p *pacer) work(ctx context.Context, cost time.Duration) error {
	p.mu.Lock()
	now := time.Now()
	if p.next.Before(now) {
		p.next = now
	}
	p.next = p.next.Add(cost)
	wait := p.next.Sub(now)
	p.mu.Unlock()
	if wait < minWait {
		return ctx.Err()
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
