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

const (
	// minWait is the shortest wait worth a timer; 5 ms at a time cost little CPU at any rate.
	minWait = 5 * time.Millisecond
	// catchUp is how much work that came late may be made up for. Timers fire late, by a tenth of minWait on an idle
	// machine; without it a pod would have that much less than its capacity.
	catchUp = 25 * time.Millisecond
)

// work occupies the pacer for cost. It returns the context's error where that ends first.
func (p *pacer) work(ctx context.Context, cost time.Duration) error {
	p.mu.Lock()
	now := time.Now()
	if earliest := now.Add(-catchUp); p.next.Before(earliest) {
		p.next = earliest
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
