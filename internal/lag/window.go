package lag

import (
	"math"
	"time"
)

// window is the slot clock of a group: the times between its newest samples, shared by the rings of all its partitions.
// Slots are counted back from the newest, which is 0.
type window struct {
	dt      []int64 // ring
	head    int     // index of the newest slot
	filled  int
	at      int64 // time of the newest sample
	started bool

	// broken tells that there was a slot longer than the rate window, and that what follows it does not cover one yet.
	broken bool
	inside int       // newest slots that lie within the rate window
	covers []float64 // covers[k]: seconds covered by the newest k+1 slots
}

func newWindow(slots int) window {
	return window{dt: make([]int64, slots), covers: make([]float64, slots)}
}

// push closes a slot with a sample taken at that time; the very first sample closes none.
func (w *window) push(at int64, size, interval time.Duration) (slot bool) {
	if !w.started {
		w.started, w.at = true, at
		return false
	}
	w.head = (w.head + 1) % len(w.dt)
	w.dt[w.head] = max(0, at-w.at)
	w.at = at
	w.filled = min(w.filled+1, len(w.dt))
	if w.dt[w.head] > int64(max(size, interval))+int64(interval)/2 {
		w.filled, w.broken = 0, true
	}
	w.inside = 0
	sum := int64(0)
	for k := range w.filled {
		sum += w.dt[w.index(k)]
		if k > 0 && sum > int64(size)+int64(interval)/2 {
			break
		}
		w.covers[k] = float64(sum) / 1e9
		w.inside = k + 1
	}
	w.broken = w.broken && sum < int64(size)-int64(interval)/2
	return true
}

func (w *window) index(back int) int {
	i := w.head - back
	if i < 0 {
		i += len(w.dt)
	}
	return i
}

// lay spreads progress evenly over the last nanos, as far as the window's slots reach back, and returns how many slots it
// wrote.
func (w *window) lay(ring []uint32, progress, nanos int64) int {
	n, laid, covered := 0, int64(0), int64(0)
	for k := range min(max(w.filled, 1), len(ring)) {
		if covered >= nanos && k > 0 {
			break
		}
		i := w.index(k)
		covered += w.dt[i]
		upTo := progress
		if covered < nanos {
			upTo = int64(float64(progress) * (float64(covered) / float64(nanos)))
		}
		ring[i] = uint32(min(upTo-laid, math.MaxUint32))
		laid, n = upTo, n+1
	}
	return n
}

// rateBefore is as rate, without the slots of the last nanos.
func (w *window) rateBefore(ring []uint32, lived int, nanos int64) float64 {
	n, skip, skipped := min(lived, w.inside), 0, int64(0)
	for skip < n && skipped < nanos {
		skipped += w.dt[w.index(skip)]
		skip++
	}
	if skip >= n || w.broken {
		return -1
	}
	sum, covered := uint64(0), w.covers[n-1]
	if skip > 0 {
		covered -= w.covers[skip-1]
	}
	for k := skip; k < n; k++ {
		sum += uint64(ring[w.index(k)])
	}
	if covered <= 0 {
		return -1
	}
	return float64(sum) / covered
}

// rate is the sum of the newest slots of a ring per second, over as many of them as the partition has lived through
// and the rate window holds; negative where that is none, and after a gap longer than the window until it is covered.
func (w *window) rate(ring []uint32, lived int) float64 {
	n := min(lived, w.inside)
	if n == 0 || w.broken || w.covers[n-1] <= 0 {
		return -1
	}
	sum, i := uint64(0), w.head
	for range n {
		sum += uint64(ring[i])
		if i--; i < 0 {
			i = len(ring) - 1
		}
	}
	return float64(sum) / w.covers[n-1]
}
