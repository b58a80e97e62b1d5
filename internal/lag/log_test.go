package lag

import (
	"math"
	"sort"
	"time"
)

// writtenLog is a partition of which it is known what was written when, before the story began too.
type writtenLog struct {
	// at is how many messages were written up to a time, in seconds since the story began; it never falls.
	at func(sec float64) float64
	// skew is by how many seconds the timestamps are ahead of the arrival.
	skew float64
}

// end is the end offset at a time.
func (l *writtenLog) end(at time.Time) int64 { return int64(math.Floor(l.at(at.Sub(t0).Seconds()))) }

// written is when the message at offset was written.
func (l *writtenLog) written(offset int64) time.Time {
	const past, future, steps = -40 * 86400.0, 86400.0, 1 << 42 // a millisecond and less
	i := sort.Search(steps, func(i int) bool {
		return l.at(past+(future-past)*float64(i)/steps) >= float64(offset+1)
	})
	return t0.Add(time.Duration((past + (future-past)*float64(i)/steps) * 1e9))
}

// find answers a time query as of now.
func (l *writtenLog) find(q TimeQuery, now time.Time) OffsetAtTime {
	skew := time.Duration(l.skew * 1e9)
	offset := l.end(q.At.Add(-skew))
	if offset >= l.end(now) {
		return OffsetAtTime{TimeQuery: q, Offset: l.end(now)} // as internal/kafka has it
	}
	return OffsetAtTime{TimeQuery: q, Offset: offset, Timestamp: l.written(offset).Add(skew)}
}

// write sets the end of a partition of topic "t" to what it is now.
func (l *writtenLog) write(s *story, partition int) {
	s.topics["t"].parts[partition].end = l.end(s.now.Add(500 * time.Millisecond))
}

// seed is the sampler's look one rate window back, at its first wave.
func (s *story) seed(l *writtenLog) {
	at := s.now.Add(500*time.Millisecond - s.tracker.opt.RateWindow)
	s.points = append(s.points, l.find(TimeQuery{"t", 0, at}, s.now.Add(500*time.Millisecond)))
}

// answer makes the time queries that follow from the newest wave, and returns how many there were.
func (s *story) answer(l *writtenLog) int {
	asked := s.tracker.Queries(10)
	for _, q := range asked {
		s.points = append(s.points, l.find(q, s.snap.Published))
	}
	return len(asked)
}
