// Package pilot says how many replicas a consumer group needs. It is the control law: from what the exporter read of a
// group in one wave (Observation), and what it remembers of the waves before, it makes a Decision. It is pure: the clock
// is in the observation, there is no I/O and no randomness, and the same observations give the same decisions. Reading
// offsets and members belongs to internal/kafka and internal/lag, naming of series to collector, and the arithmetic of
// the HPA to internal/scale.
//
// The law in short; docs/concepts.md has it at length. A user gives one number, the objective: the age that messages may
// reach.
//
//   - rate: how much is produced, over two minutes or since it last changed by more than noise; a trend is carried on.
//   - backlog: by how many seconds the partition furthest behind is behind, without what is read and not committed yet.
//   - capacity: what a member does in a second, measured only on members that have a backlog.
//   - spread: the share of the work that falls on the fullest of k members.
//   - ask: the smallest count whose fullest member carries the rate and works off the backlog in time.
//   - patience: fewer are asked for only when they clearly suffice, and not again soon after they did not.
//
// What is not known is not guessed: Decision.Known is false then.
package pilot
