package demo

import (
	"slices"
	"sync"
	"time"
)

// storeLimit bounds how many orders the store remembers; the oldest are forgotten first.
const storeLimit = 50_000

// Order is what the status store knows of one correlation id.
type Order struct {
	ID     uint64      `json:"id"`
	Placed time.Time   `json:"placed"`
	Stages []StageTime `json:"stages"`
	Closed bool        `json:"closed"`
	// Refused orders go no further.
	Refused bool `json:"refused"`
}

// StageTime says when a stage was done with an order.
type StageTime struct {
	Stage
	At time.Time `json:"at"`
}

// store is the status store that a front end polls, keyed by correlation id.
type store struct {
	mu      sync.Mutex
	orders  map[uint64]*Order
	queue   []uint64 // a ring in order of arrival once it is full
	oldest  int
	closed  int64
	repeats int64 // stages reported again: deliveries beyond the first
}

func newStore() *store { return &store{orders: map[uint64]*Order{}} }

// place makes an order known before any stage has seen it.
func (s *store) place(m Message) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.order(m)
}

// order finds or adds an order; the caller holds the lock.
func (s *store) order(m Message) *Order {
	if o := s.orders[m.ID]; o != nil {
		return o
	}
	o := &Order{ID: m.ID, Placed: m.Born}
	s.orders[m.ID] = o
	if len(s.queue) < storeLimit {
		s.queue = append(s.queue, m.ID)
		return o
	}
	delete(s.orders, s.queue[s.oldest])
	s.queue[s.oldest] = m.ID
	s.oldest = (s.oldest + 1) % storeLimit
	return o
}

// record notes that a stage is done with an order; last closes it, refused ends it there.
func (s *store) record(m Message, stage Stage, at time.Time, last, refused bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.order(m)
	if slices.ContainsFunc(o.Stages, func(done StageTime) bool { return done.Stage == stage }) {
		s.repeats++
		return
	}
	o.Stages = append(o.Stages, StageTime{Stage: stage, At: at})
	o.Refused = o.Refused || refused
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
	out.Stages = slices.Clone(o.Stages)
	return out, true
}

// counts returns how many orders were closed, and how many reports came again.
func (s *store) counts() (closed, repeats int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed, s.repeats
}
