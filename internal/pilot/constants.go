package pilot

// Constants are the law's own. A user never sets them: they are a type so that the lab's study can show what each is
// worth, one after the other. Times are in seconds.
type Constants struct {
	// The objective's parts.

	// Free is the part of the objective that a backlog may reach and asks for nothing: what waits that long is in time,
	// and batches even out in it.
	Free float64
	// Urgent is the part of the objective from which on a backlog is urgent: the rest has to do for a pod's start.
	Urgent float64
	// Drain is the time in which to work off what is beyond Free: long enough not to chase every batch.
	Drain float64
	// DrainUrgent is the time in which to work off what is beyond Urgent: a pod's start and a few samples.
	DrainUrgent float64
	// Under is the greatest part of the producer rate that may go uncarried while the backlog is below Free: the
	// objective buys that much.
	Under float64

	// The producer rate.

	// Window is that of the rate while it stands still: a dozen samples average the noise out.
	Window float64
	// Short is the window in which a change is looked for: two samples.
	Short float64
	// Sigma is how many standard deviations a change has to have: chance alone makes one in some 400 samples, which costs
	// little.
	Sigma float64
	// Slope is the same for a slow trend: it costs less when it is wrong.
	Slope float64
	// Lead is how far a trend is carried: a pod's start, a sample and a scrape.
	Lead float64

	// The capacity.

	// Run is the shortest time for which a member has to have a backlog to show its capacity: two samples.
	Run float64
	// Doubt is how fast a measured capacity ages: the relative variance that ten minutes add.
	Doubt float64
	// Retry is when a capacity from before a fall is tried again, doubled each time: a brown-out is over by then.
	Retry float64
	// Grow is how long a capacity may not have been measured, with nobody saturated, before a quarter more is tried:
	// members that are never behind do not show that they have become faster. Only where the objective has room for a
	// failed try (Probe).
	Grow float64

	// Patience.

	// Settle is how long the rate has to have stood still before fewer are asked for.
	Settle float64
	// DrainDown replaces Drain when it is asked whether fewer suffice: they have to suffice with almost no slack.
	DrainDown float64
	// Failed is for how long a count that did not suffice is not tried again, doubled each time.
	Failed float64
	// Quiet is how long nobody was saturated before one step down is tried without a known capacity.
	Quiet float64
	// Probe is how long it takes to notice and undo such a step.
	Probe float64
	// Blind is the greatest part of the capacity kept in reserve where commits are too rare to see by.
	Blind float64

	// Memory.

	// Shares is the memory of how production spreads over partitions: counts that tell them apart, and skew that shifts
	// within minutes is found.
	Shares float64
	// Stuck is how long a partition has to have stood still, with a backlog, while its member commits others, to be left
	// out: longer than a consumer stays with one partition's messages.
	Stuck float64
}

// DefaultConstants are those of the law. What each is worth stands in docs/concepts.md.
func DefaultConstants() Constants {
	return Constants{
		Free: 1. / 3, Urgent: 2. / 3, Drain: 240, DrainUrgent: 60, Under: 0.3,
		Window: 120, Short: 20, Sigma: 3, Slope: 2.5, Lead: 45,
		Run: 20, Doubt: 0.0025, Retry: 300, Grow: 3600,
		Settle: 60, DrainDown: 900, Failed: 1800, Quiet: 300, Probe: 60, Blind: 0.25,
		Shares: 600, Stuck: 90,
	}
}
