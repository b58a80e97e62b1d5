package pilot

// commits is what is known of how often a group commits.
type commits struct {
	period float64 // seconds; what waves can see of it, so never below their distance
	n      float64 // commits seen, up to commitsMemory
	jumpAt float64 // when a commit last came that says nothing of a rate
}

const (
	// commitsMemory is the number of commits over which the period is averaged.
	commitsMemory = 50
	// longGap is how much longer than the period the time to the next commit is, when commits failed or their member was
	// gone. It bounds what one such gap teaches, too.
	longGap = 2.5
	// afterJump is for how long, in seconds, rates are not to be believed after a jump: they hold it for a minute.
	afterJump = 75
)

// moved takes in one commit, gap seconds after the one before. steady says that there was something to commit all the
// while.
func (c *commits) moved(p *Pilot, gap float64, steady bool) {
	if !steady {
		return
	}
	if c.period > 0 && gap > max(longGap*c.period, 3*p.dt)+0.5 {
		c.jumpAt = p.now // what it catches up is no capacity
	}
	if c.period == 0 {
		c.period = gap
	}
	c.n = min(c.n+1, commitsMemory)
	c.period += (min(gap, longGap*c.period) - c.period) / c.n
}

// overdue reports that a commit would have come by now if messages were read.
func (c *commits) overdue(since, dt float64) bool { return since > longGap*c.period+dt }

// slack is the uncertainty, in seconds, of when commits come and are seen.
func (c *commits) slack(dt float64) float64 { return dt/2 + 0.3*c.period }

// jumped reports whether rates hold a jump.
func (c *commits) jumped(now float64) bool { return c.jumpAt > 0 && now-c.jumpAt < afterJump }
