package lag

// observeGroupTopic takes the wave in for one topic of a group, fills what is published of it, and returns its sums.
func (w *worker) observeGroupTopic(st *step, gt *groupTopic, s *GroupSample, out *GroupTopic) sums {
	var sum sums
	t, commits := w.t, w.commitsOf(gt, s)
	moved := false
	st.period, st.best = gt.period, gt.best
	gt.period = 0
	for i := range gt.parts {
		p, tp := &gt.parts[i], &gt.topic.parts[i]
		held := false
		p.shown = false
		switch {
		case st.isFresh(tp) && !st.contradicts(p, tp, commits[i]):
			c := st.renew(p, gt.slotsOf(t, i, commits[i]), tp, commits[i])
			sum.change.add(c)
			moved = moved || c.moved
		case p.class != classNone && t.within(p.at, st.maxAge):
			held = true
			p.skip(st)
		default:
			p.skip(st)
			sum.unknown[st.unknownReason(tp)]++
			continue
		}
		gt.period, gt.best = max(gt.period, p.waits.median()), max(gt.best, p.best)
		st.count(&sum, gt, i, held)
	}
	if moved {
		gt.abandoned, gt.missing = false, 0
	}
	w.publishPartitions(gt, sum.counted, out)
	known := sum.unknowns() == 0
	gt.level.update(&sum, t.now, known)
	out.Topic, out.Abandoned, out.TopicCreated = gt.name, gt.abandoned, gt.created
	out.Signals = gt.level.signals(&sum, st, known)
	out.LagSum, out.CurrentOffsetSum = out.Signals.Lag, Absent
	if Known(out.LagSum) {
		out.CurrentOffsetSum = sum.committedSum
	}
	return sum
}

// commitsOf lays the wave's commits of a topic out by partition, NoOffset where there is none.
func (w *worker) commitsOf(gt *groupTopic, s *GroupSample) []int64 {
	n := len(gt.parts)
	if cap(w.commits) < n {
		w.commits = make([]int64, n)
	}
	commits := w.commits[:n]
	for i := range commits {
		commits[i] = NoOffset
	}
	if gt.commits == 0 {
		return commits
	}
	c := &s.Commits[gt.commits-1]
	for i, p := range c.Partitions[:min(len(c.Partitions), len(c.Offsets))] {
		if p >= 0 && int(p) < n && c.Offsets[i] >= 0 {
			commits[p] = c.Offsets[i]
		}
	}
	return commits
}

// slotsOf is the ring of one partition, which exists from the first commit on.
func (gt *groupTopic) slotsOf(t *Tracker, i int, committed int64) []uint32 {
	if gt.ring == nil {
		if committed < 0 {
			return nil
		}
		gt.ring = make([]uint32, len(gt.parts)*t.slots)
	}
	return gt.ring[i*t.slots : (i+1)*t.slots]
}

// skip lets a wave pass that brought no pair.
func (p *partition) skip(st *step) {
	if st.slot && p.gap < maxSlots {
		p.gap++
	}
}

func (st *step) unknownReason(tp *topicPartition) Reason {
	switch {
	case !st.read:
		return st.reason
	case tp.err == ReasonNone || tp.err >= numReasons:
		return ReasonLeader
	}
	return tp.err
}

// count adds a partition that has a pair to the sums.
func (st *step) count(sum *sums, gt *groupTopic, i int, held bool) {
	p, tp, opt := &gt.parts[i], &gt.topic.parts[i], &st.t.opt
	if held {
		sum.held++
	}
	sum.pairAt(p.at)
	sum.producerRate += tp.rate
	if p.class == classUncommitted {
		sum.uncommittedN++
		sum.uncommitted += float64(max(0, p.end-p.start))
		return
	}
	p.shown = true
	sum.counted++
	sum.committedSum += float64(p.committed)
	rate := float64(p.rate)
	if rate >= 0 {
		sum.consumerRate += rate
		sum.consumerRateKnown = true
	} else {
		sum.begun += float64(p.last)
	}
	n := p.lag()
	if n == 0 {
		return
	}
	lag := float64(n)
	sum.lag += lag
	sum.lagMax = max(sum.lagMax, lag)
	sum.withLag++
	if p.residue {
		if st.stableE {
			sum.unreadable += lag
		}
		return
	}
	now, read := st.t.now, tp.endAt
	if held {
		now, read = p.at, p.at
	}
	behind, patience := p.behindFor(now), st.patience(p)
	stalled := st.isStalled(behind, patience, now)
	sum.unread += lag
	sum.patience = max(sum.patience, patience)
	if stalled {
		sum.stalled++
	}
	waiting := st.waiting(p, lag, stalled, now)
	sum.waiting += waiting
	if !stalled && st.isUnsure(p, behind) {
		sum.unsure = true
		sum.burndown.add(Absent)
	} else {
		sum.burndown.add(burndown(waiting, rate, float64(p.last), behind, stalled, opt))
	}
	sum.ages.add(st.w.age(gt.topic, i, p.effective(), read, n))
}

// waiting is the part of a lag that is likely not read yet: where commits are rare, what was read since the last one at
// the known rate is not.
func (st *step) waiting(p *partition, lag float64, stalled bool, now int64) float64 {
	period := p.waits.median()
	if stalled || period < st.t.rareFrom {
		return lag
	}
	reading := min(float64(p.since(now, int64(st.t.opt.Interval))), late*float64(decodeWait(period))) / 1e9
	return max(0, lag-float64(p.last)*reading)
}

// publishPartitions fills the arrays of the counted partitions. Their numbers are shared with earlier snapshots while
// they stay the same.
func (w *worker) publishPartitions(gt *groupTopic, counted int, out *GroupTopic) {
	same := len(gt.ids) == counted
	out.Committed, out.Lag = w.offsets.cut(counted, block), w.offsets.cut(counted, block)
	k := 0
	for i := range gt.parts {
		p := &gt.parts[i]
		if !p.shown {
			continue
		}
		same = same && gt.ids[k] == int32(i)
		out.Committed[k], out.Lag[k] = p.committed, p.lag()
		k++
	}
	if !same {
		gt.ids = make([]int32, 0, counted)
		for i := range gt.parts {
			if gt.parts[i].shown {
				gt.ids = append(gt.ids, int32(i))
			}
		}
	}
	out.Partition = gt.ids
}
