package scale

import "fmt"

// Limit names what kept a decision from being the metrics' own proposal.
type Limit uint8

const (
	// LimitNone: the proposal was taken as it is.
	LimitNone Limit = iota
	// LimitMax: maxReplicas was in the way, or the target stood above it.
	LimitMax
	// LimitMin: minReplicas was in the way, or the target stood below it.
	LimitMin
	// LimitUpPolicy: the scale-up policies (on the legacy path: twice the replicas, at least 4) allowed less.
	LimitUpPolicy
	// LimitDownPolicy: the scale-down policies allowed less.
	LimitDownPolicy
	// LimitUpWindow: a lower proposal is still inside the scale-up window.
	LimitUpWindow
	// LimitDownWindow: a higher proposal is still inside the scale-down window.
	LimitDownWindow
	// LimitMetricError: a failed metric forbids to scale down, or all metrics failed.
	LimitMetricError
	// LimitZero: the target stands at 0 replicas, which the HPA leaves alone.
	LimitZero
	// LimitUpdate: the API server refused the new scale.
	LimitUpdate
)

// String is a short phrase for event timelines.
func (l Limit) String() string {
	switch l {
	case LimitNone:
		return "as proposed"
	case LimitMax:
		return "limited by max replicas"
	case LimitMin:
		return "limited by min replicas"
	case LimitUpPolicy:
		return "limited by the scale-up policies"
	case LimitDownPolicy:
		return "limited by the scale-down policies"
	case LimitUpWindow:
		return "held by the scale-up window"
	case LimitDownWindow:
		return "held by the scale-down window"
	case LimitMetricError:
		return "held by a failed metric"
	case LimitZero:
		return "disabled at 0 replicas"
	case LimitUpdate:
		return "the scale update was refused"
	default:
		return fmt.Sprintf("Limit(%d)", uint8(l))
	}
}

// Proposal is what one metric asks for.
type Proposal struct {
	Metric   string
	Replicas int32
	// Ratio is usage ÷ target as the controller sees it.
	Ratio float64
	// Tolerated says that the ratio lies in the dead band, so the proposal is the present number.
	Tolerated bool
	Err       error
}

// Decision is the outcome of a reconcile, with its reasons.
type Decision struct {
	Current int32
	// Desired is what scale.spec.replicas becomes; equal to Current when nothing changes.
	Desired int32
	// Proposals has one entry per metric. It is valid until the next Reconcile.
	Proposals []Proposal
	// Winner is the index of the metric whose proposal was taken, or −1 when metrics were not asked or did not count.
	Winner int
	// Proposed is the highest proposal, Stabilized the same after the stabilisation windows; both −1 without a winner.
	Proposed, Stabilized int32
	Limit                Limit
	// Err is the first metric error, also where the decision could be made without that metric.
	Err error
}

// Scaled says that the number of replicas changes.
func (d *Decision) Scaled() bool { return d.Desired != d.Current }

// String explains the decision in one line for event timelines.
func (d *Decision) String() string {
	head := fmt.Sprintf("%d held", d.Current)
	if d.Scaled() {
		head = fmt.Sprintf("%d → %d", d.Current, d.Desired)
	}
	if d.Winner < 0 || d.Winner >= len(d.Proposals) {
		return head + ": " + d.Limit.String()
	}
	p := d.Proposals[d.Winner]
	if p.Tolerated {
		return fmt.Sprintf("%s: %s at %.3g of its target, within the tolerance, %s", head, p.Metric, p.Ratio, d.Limit)
	}
	return fmt.Sprintf("%s: %s at %.3g of its target asks for %d, %s", head, p.Metric, p.Ratio, d.Proposed, d.Limit)
}
