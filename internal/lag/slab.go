package lag

// block is how many elements a worker allocates for a snapshot at once: few allocations, and little that stays unused.
const block = 4096

// slab hands out parts of arrays that are allocated in blocks, each eight times as long as the one before, so that a
// small snapshot takes little. Nothing of them is used twice, so that a snapshot stays as it is for as long as somebody
// reads it.
type slab[T any] struct {
	free []T
	last int // length of the newest block
}

// cut returns n elements that nobody else has.
func (s *slab[T]) cut(n, block int) []T {
	if n == 0 {
		return nil
	}
	if len(s.free) < n {
		if n > block/8 {
			return make([]T, n)
		}
		s.last = min(block, max(8*s.last, 8*n))
		s.free = make([]T, s.last)
	}
	out := s.free[:n:n]
	s.free = s.free[n:]
	return out
}
