package demo

import (
	"sync"
	"time"
)

// storeLimit bounds how many orders the store remembers; the oldest are forgotten first.
const storeLimit = 10_000

// Order is what the status store knows of one correlation id.
type Order struct {
	ID     uint64      `json:"id"`
	Stages []StageTime `json:"stages"`
	Closed bool        `json:"closed"`
}

// StageTime says when a stage was done with an order.
type StageTime struct {
	Stage string    `json:"stage"`
	At    time.Time `json:"at"`
}

// store is the status store that a front end polls, keyed by correlation id.
type store struct {
	mu      sync.Mutex
	orders  map[uint64]*Order
	queue   []uint64
	closed  int64
	repeats int64 // stages reported again: deliveries beyond the first
}

func newStore() *store { return &store{orders: map[uint64]*Order{}} }

// record notes that a stage is done with an order; last closes it.
func (s *store) record(id uint64, stage string, at time.Time, last bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.orders[id]
	if o == nil {
		if len(s.queue) >= storeLimit {
			delete(s.orders, s.queue[0])
			s.queue = s.queue[1:]
		}
		o = &Order{ID: id}
		s.orders[id] = o
		s.queue = append(s.queue, id)
	}
	for _, done := range o.Stages {
		if done.Stage == stage {
			s.repeats++
			return
		}
	}
	o.Stages = append(o.Stages, StageTime{Stage: stage, At: at})
	if last && !o.Closed {
		o.Closed = true
		s.closed++
	}
}

// get returns a copy of an order.
func (s *store) get(id uint64) (Order, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.orders[id]
	if o == nil {
		return Order{}, false
	}
	out := *o
	out.Stages = append([]StageTime(nil), o.Stages...)
	return out, true
}

// counts returns how many orders were closed, and how many reports came again.
func (s *store) counts() (closed, repeats int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed, s.repeats
}
