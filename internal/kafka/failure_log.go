package kafka

import (
	"fmt"
	"slices"
	"sync"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"
)

// onceLogger writes one line when a kind of failure begins and one when it has healed, however many waves it lasts.
type onceLogger struct {
	logger log.Logger

	mu      sync.Mutex
	active  map[failure]*lasting
	touched map[source]bool // what was tried and worked in this wave
}

// source is what can fail: one API on one broker.
type source struct{ api, broker string }

// failure is one distinct failure.
type failure struct {
	source
	reason string
}

// lasting is a failure that has not healed.
type lasting struct {
	again bool // it happened in this wave, too
	err   error
}

func newOnceLogger(logger log.Logger) *onceLogger {
	return &onceLogger{logger: logger, active: map[failure]*lasting{}, touched: map[source]bool{}}
}

// fail notes a failure, and logs it unless it is known already.
func (l *onceLogger) fail(api, broker, reason string, err error, more ...any) {
	f := failure{source{api, broker}, reason}
	l.mu.Lock()
	_, known := l.active[f]
	l.active[f] = &lasting{again: true, err: err}
	l.mu.Unlock()
	if known {
		return
	}
	fields := append([]any{"msg", "Kafka request failed", "api", api, "broker", broker, "reason", reason, "err", err},
		more...)
	_ = level.Warn(l.logger).Log(fields...)
}

// worked notes that a request was answered.
func (l *onceLogger) worked(api, broker string) {
	l.mu.Lock()
	l.touched[source{api, broker}] = true
	l.mu.Unlock()
}

// wave ends a wave: failures that did not return although the same API was tried with success are over.
func (l *onceLogger) wave() {
	l.mu.Lock()
	var healed []failure
	for f, state := range l.active {
		if !state.again && l.touched[f.source] {
			healed = append(healed, f)
			delete(l.active, f)
			continue
		}
		state.again = false
	}
	clear(l.touched)
	l.mu.Unlock()
	for _, f := range healed {
		_ = level.Info(l.logger).Log("msg", "Kafka request works again", "api", f.api, "broker", f.broker,
			"reason", f.reason)
	}
}

// failures describes what has not healed, in a stable order.
func (l *onceLogger) failures() (lines []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for f, state := range l.active {
		lines = append(lines, fmt.Sprintf("%s on broker %s: %s: %v", f.api, f.broker, f.reason, state.err))
	}
	slices.Sort(lines)
	return lines
}
