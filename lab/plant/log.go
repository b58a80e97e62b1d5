package plant

import (
	"time"

	"kafka_burndown_exporter/lab/scenario"
)

// topicLog is the log of one topic. Offsets are fractions: the plant is a fluid, and rounds where it is looked at.
type topicLog struct {
	topic  *scenario.Topic
	shares []float64 // as the scenario has them
	now    []float64 // as they are now, shares unless a fault skews them
	end    []float64
	start  []float64
	keep   int // retention in steps, 0: none
	// trimmed says that messages have been deleted.
	trimmed bool
	past    past
}

func newTopicLog(t *scenario.Topic, step time.Duration) *topicLog {
	shares := t.Shares()
	l := &topicLog{
		topic: t, shares: shares, now: shares,
		end: make([]float64, t.Partitions), start: make([]float64, t.Partitions),
		keep: int(t.Retention / step),
	}
	l.past.init(t.Partitions)
	return l
}

func (l *topicLog) produce(messages float64) {
	if messages <= 0 {
		return
	}
	for p, share := range l.now {
		l.end[p] += messages * share
	}
}

// expire deletes what is older than the steps to keep.
func (l *topicLog) expire(step, keep int) {
	if step-keep <= 0 {
		return
	}
	l.trimmed = true
	for p := range l.start {
		l.start[p] = max(l.start[p], l.past.at(step-keep, p))
	}
}

// past remembers the end offsets: every step of the last fineSteps, and one in coarseStep before.
type past struct {
	width  int
	fine   []float64
	coarse []float64
	steps  int // recorded
}

const (
	fineSteps  = 4096
	coarseStep = 64
)

func (h *past) init(partitions int) { h.width = partitions }

// record takes the end offsets after a step.
func (h *past) record(end []float64) {
	at := h.steps % fineSteps
	if h.steps < fineSteps {
		h.fine = append(h.fine, end...)
	} else {
		copy(h.fine[at*h.width:], end)
	}
	if h.steps%coarseStep == 0 {
		h.coarse = append(h.coarse, end...)
	}
	h.steps++
}

// at is the end offset of a partition after a step.
func (h *past) at(step, partition int) float64 {
	if step < 0 {
		return 0
	}
	if step >= h.steps {
		step = h.steps - 1
	}
	if h.steps-step < fineSteps {
		return h.fine[step%fineSteps*h.width+partition]
	}
	return h.coarse[step/coarseStep*h.width+partition]
}

// stride is the distance of the steps that are still told apart at a step.
func (h *past) stride(step int) int {
	if h.steps-step < fineSteps-coarseStep {
		return 1
	}
	return coarseStep
}

// reached moves hint to the last step after which the partition's end was still at or before the offset: the message
// at the offset was produced in the step after it.
func (h *past) reached(hint, partition int, offset float64) int {
	for hint > 0 && h.at(hint, partition) > offset {
		hint -= h.stride(hint)
	}
	hint = max(hint, 0)
	for {
		next := hint + h.stride(hint)
		if next >= h.steps || h.at(next, partition) > offset {
			return hint
		}
		hint = next
	}
}
