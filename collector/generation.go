package collector

import (
	"net/http"
	"sync"
	"time"

	"kafka_burndown_exporter/internal/lag"
)

// generation is one published snapshot with its compressed bytes per format and the answers that are being sent from it.
type generation struct {
	snapshot *lag.Snapshot
	encoded  [numFormats]struct {
		once sync.Once
		seg  *segment
		err  error
	}

	mu      sync.Mutex
	cut     bool
	readers map[*http.ResponseController]struct{}
}

func newGeneration(s *lag.Snapshot) *generation {
	return &generation{snapshot: s, readers: map[*http.ResponseController]struct{}{}}
}

// enter registers an answer; false when the generation has been cut off already.
func (g *generation) enter(rc *http.ResponseController) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.cut {
		return false
	}
	g.readers[rc] = struct{}{}
	return true
}

// leave reports whether the answer may still be written to.
func (g *generation) leave(rc *http.ResponseController) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.readers, rc)
	return !g.cut
}

// retire closes a generation that nobody reads, so that its memory is free at once; false while answers are being sent.
func (g *generation) retire() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.cut = len(g.readers) == 0
	return g.cut
}

// cutOff ends the answers still being sent, so that the bytes can be freed. It returns how many there were.
func (g *generation) cutOff() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.cut = true
	for rc := range g.readers {
		_ = rc.SetWriteDeadline(time.Unix(1, 0)) // not supported: the reader's own deadline remains
	}
	return len(g.readers)
}
