// Package truth keeps what is true of values that others read while they change: what somebody can have seen between two
// times, of a value whose changes take time to be confirmed. Tests that know what they did hold what is published to it.
package truth

import (
	"math"
	"sort"
	"sync"
	"time"
)

// Instant is a time in nanoseconds since the epoch.
type Instant int64

// Never comes after every instant.
const Never = Instant(math.MaxInt64)

// Now is the time of the clock.
func Now() Instant { return Instant(time.Now().UnixNano()) }

// Add moves an instant.
func (i Instant) Add(d time.Duration) Instant { return i + Instant(d) }

// Seconds since the epoch.
func (i Instant) Seconds() float64 { return float64(i) / 1e9 }

// Step says that a value became another between Sent, when that was asked for, and Acked, when it was confirmed: Never,
// where it was not, so that it may have come about or not.
type Step struct {
	Value       int64
	Sent, Acked Instant
}

// History is one value over time, with one writer: its steps are in the order of Sent. It may be read at any time.
type History struct {
	mu    sync.Mutex
	steps []Step
}

// Begin notes that the value is asked for from now on; done says how that ended.
func (h *History) Begin(value int64) (done func(ok bool)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	i := len(h.steps)
	h.steps = append(h.steps, Step{Value: value, Sent: Now(), Acked: Never})
	return func(ok bool) {
		h.mu.Lock()
		defer h.mu.Unlock()
		if ok {
			h.steps[i].Acked = Now()
		}
	}
}

// Add appends a step.
func (h *History) Add(s Step) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.steps = append(h.steps, s)
}

// Len is the number of steps.
func (h *History) Len() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.steps)
}

// Last is the newest value, asked for or confirmed, 0 before the first.
func (h *History) Last() int64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.steps) == 0 {
		return 0
	}
	return h.steps[len(h.steps)-1].Value
}

// Open reports whether something that was asked for by then is not confirmed.
func (h *History) Open(by Instant) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	for i := len(h.steps) - 1; i >= 0; i-- {
		if s := h.steps[i]; s.Sent <= by {
			return s.Acked == Never
		}
	}
	return false
}

// Confirmed is the newest value that was confirmed by then, of a history that only rises: 0 before the first.
func (h *History) Confirmed(by Instant) int64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	i := sort.Search(len(h.steps), func(i int) bool { return h.steps[i].Acked > by })
	if i == 0 {
		return 0
	}
	return h.steps[i-1].Value
}

// Possible is the greatest value that can have been true by then, of a history that only rises.
func (h *History) Possible(by Instant) int64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	i := sort.Search(len(h.steps), func(i int) bool { return h.steps[i].Sent > by })
	if i == 0 {
		return 0
	}
	return h.steps[i-1].Value
}

// Between are the bounds of what a history that only rises can have been between the two.
func (h *History) Between(from, to Instant) Span {
	return Span{float64(h.Confirmed(from)), float64(h.Possible(to))}
}

// Passed is the step with which a history that only rises went beyond value; ok is false where it has not.
func (h *History) Passed(value int64) (s Step, ok bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	i := sort.Search(len(h.steps), func(i int) bool { return h.steps[i].Value > value })
	if i == len(h.steps) {
		return Step{}, false
	}
	return h.steps[i], true
}

// Seen are the values that somebody can have read at some time between the two, whatever the history does. initial is what
// was there before the first step.
func (h *History) Seen(from, to Instant, initial int64) (values []int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	n := sort.Search(len(h.steps), func(i int) bool { return h.steps[i].Sent > to })
	for i := n - 1; i >= 0; i-- {
		values = append(values, h.steps[i].Value)
		if h.steps[i].Acked <= from { // everything before it was replaced by then
			return values
		}
	}
	return append(values, initial)
}

// FirstMove is when the value first became another; ok is false where it never did.
func (h *History) FirstMove() (at Instant, ok bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for i := range h.steps {
		if h.steps[i].Value != h.steps[0].Value {
			return h.steps[i].Sent, true
		}
	}
	return 0, false
}

// Moved reports whether the value can have changed between the two.
func (h *History) Moved(from, to Instant) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	n := sort.Search(len(h.steps), func(i int) bool { return h.steps[i].Sent > to })
	for i := n - 1; i >= 0; i-- {
		if h.steps[i].Acked >= from {
			return true
		}
		if h.steps[i].Sent < from {
			break
		}
	}
	return false
}

// Span is what a number can have been.
type Span struct{ Low, High float64 }

// Plus adds two numbers.
func (s Span) Plus(o Span) Span { return Span{s.Low + o.Low, s.High + o.High} }

// Or is one or the other.
func (s Span) Or(o Span) Span { return Span{min(s.Low, o.Low), max(s.High, o.High)} }

// Has reports whether the number can have been v.
func (s Span) Has(v float64) bool { return v >= s.Low && v <= s.High }

// Wider is the span with room on both sides.
func (s Span) Wider(by float64) Span { return Span{s.Low - by, s.High + by} }
