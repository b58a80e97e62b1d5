package collector

import (
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// generation is one published snapshot with its renditions and the answers that are being sent from it.
type generation struct {
	*layout
	renditions [numFormats][numEncodings]lazyRendition

	mu      sync.Mutex
	cut     bool
	readers map[*http.ResponseController]struct{}
}

// lazyRendition is rendered once; who comes second waits for the first.
type lazyRendition struct {
	mu   sync.Mutex
	done atomic.Pointer[rendition]
}

func (l *lazyRendition) get(render func() (*rendition, error)) (*rendition, error) {
	if r := l.done.Load(); r != nil {
		return r, nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if r := l.done.Load(); r != nil {
		return r, nil
	}
	r, err := render()
	if err == nil {
		l.done.Store(r)
	}
	return r, err
}

func newGeneration(l *layout) *generation {
	return &generation{layout: l, readers: map[*http.ResponseController]struct{}{}}
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
