package recording

import (
	"fmt"
	"time"

	"kafka_burndown_exporter/internal/human"
	"kafka_burndown_exporter/lab/scenario"
)

// Coverage says how much of a producer's rate was recorded. What was asked for before the first and after the last
// sample is not replayed; a gap between is replayed as a straight line, so that a run has something to go on.
type Coverage struct {
	Producer      string
	Before, After time.Duration
	// Length is from the first to the last sample, Missing the gaps within.
	Length, Missing time.Duration
	Gaps            []scenario.Gap
}

// CoverageOf says it of each of a scenario's producers that replays a recording.
func CoverageOf(sc *scenario.Scenario) []Coverage {
	var out []Coverage
	for i := range sc.Producers {
		s := sc.Producers[i].Profile.Series()
		if s == nil {
			continue
		}
		r := Coverage{Producer: sc.Producers[i].Name, Before: s.Before, After: s.After, Length: min(s.End(), sc.Duration)}
		for _, g := range s.Gaps() {
			if g.From >= sc.Duration {
				break
			}
			g.To = min(g.To, sc.Duration)
			r.Gaps = append(r.Gaps, g)
			r.Missing += g.To - g.From
		}
		out = append(out, r)
	}
	return out
}

// Known is how much was recorded.
func (r *Coverage) Known() time.Duration { return r.Length - r.Missing }

// shownGaps bounds the list.
const shownGaps = 5

// notes says what is missing, in plain words; nothing where everything is there.
func (r *Coverage) notes() []string {
	var out []string
	asked := r.Before + r.Length + r.After
	if r.Before > 0 || r.After > 0 {
		out = append(out, fmt.Sprintf("recorded: %s of %s (%s); nothing before (%s) and after it (%s) is replayed",
			human.Rough(r.Length), human.Rough(asked), human.Share(r.Length, asked), human.Rough(r.Before), human.Rough(r.After)))
	}
	if 10*r.Known() < asked {
		out = append(out, fmt.Sprintf("less than a tenth of what was asked for is recorded (%s of %s): read the figures as those of a sample",
			human.Rough(r.Known()), human.Rough(asked)))
	}
	for i, g := range r.Gaps {
		if i == shownGaps && len(r.Gaps) > shownGaps+1 {
			out = append(out, fmt.Sprintf("and %d more gaps", len(r.Gaps)-shownGaps))
			break
		}
		out = append(out, fmt.Sprintf("gap in the recording from %s to %s (%s): the rate between is a straight line, not 0",
			human.Clock(g.From.Seconds()), human.Clock(g.To.Seconds()), human.Rough(g.To-g.From)))
	}
	if r.Missing > 0 {
		out = append(out, fmt.Sprintf("gaps take %s of %s (%s)", human.Rough(r.Missing), human.Rough(r.Length), human.Share(r.Missing, r.Length)))
	}
	return out
}

// Notes are those of all producers, named where there are several.
func Notes(all []Coverage) []string {
	var out []string
	for i := range all {
		for _, text := range all[i].notes() {
			if len(all) > 1 {
				text = all[i].Producer + ": " + text
			}
			out = append(out, text)
		}
	}
	return out
}
