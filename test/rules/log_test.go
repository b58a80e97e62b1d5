package rules_test

import (
	"sync"
	"time"
)

// moment is what the traffic knows: offsets that stand from one time to another. Between two moments they move.
type moment struct {
	from, until time.Time
	end         map[string][]int64            // topic → log end offset by partition
	committed   map[string]map[string][]int64 // group → topic → committed offset by partition
}

// trafficLog is the list of moments, in order.
type trafficLog struct {
	mu      sync.Mutex
	moments []moment
}

func (l *trafficLog) add(m moment) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.moments = append(l.moments, m)
}

// at returns the moment in which offsets stood still from the time given until a little later.
func (l *trafficLog) at(t time.Time, margin time.Duration) (moment, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, m := range l.moments {
		if !t.Before(m.from) && t.Add(margin).Before(m.until) {
			return m, true
		}
	}
	return moment{}, false
}

// before returns the last moment that began before the time given, and how far into or past it that is.
func (l *trafficLog) before(t time.Time) (moment, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := len(l.moments) - 1; i >= 0; i-- {
		if l.moments[i].from.Before(t) {
			return l.moments[i], true
		}
	}
	return moment{}, false
}

func total(offsets []int64) (sum int64) {
	for _, o := range offsets {
		sum += max(o, 0)
	}
	return sum
}

// lag is the sum over the partitions that have a commit.
func (m moment) lag(group, topic string) (sum int64) {
	for p, committed := range m.committed[group][topic] {
		if committed >= 0 {
			sum += m.end[topic][p] - committed
		}
	}
	return sum
}

// backlog is the lag and what lies in partitions without a commit.
func (m moment) backlog(group, topic string) int64 {
	sum := m.lag(group, topic)
	for p, committed := range m.committed[group][topic] {
		if committed < 0 {
			sum += m.end[topic][p]
		}
	}
	return sum
}
