package pilot

// Pilot decides for one group. It is not safe for concurrent use; different pilots are.
type Pilot struct {
	opt Options
}

// New returns a pilot that has seen nothing yet.
func New(opt Options) *Pilot { return &Pilot{opt: opt} }

// Observe takes one wave in and decides. Its cost is linear in the partitions, and it allocates nothing while topics and
// members stay as they are.
func (p *Pilot) Observe(o *Observation) Decision { return Decision{Reason: ReasonStarting} }

// Save returns what is worth keeping over a restart.
func (p *Pilot) Save() State { return State{} }

// Restore takes in what an earlier pilot of the same group saved. It is meant for a pilot that has seen nothing yet;
// values that cannot be (negative, not finite) are ignored.
func (p *Pilot) Restore(s State) {}
