package simulate

import (
	"fmt"
	"time"

	"kafka_burndown_exporter/lab/scenario"
)

// Recording says how much of a producer's rate was recorded. What was asked for before the first and after the last
// sample is not replayed; a gap between is replayed as a straight line, so that a run has something to go on.
type Recording struct {
	Producer      string
	Before, After time.Duration
	// Length is from the first to the last sample, Missing the gaps within.
	Length, Missing time.Duration
	Gaps            []scenario.Gap
}

// recordings are those of a scenario's producers that have one.
func recordings(sc *scenario.Scenario) []Recording {
	var out []Recording
	for i := range sc.Producers {
		s := sc.Producers[i].Profile.Series()
		if s == nil {
			continue
		}
		r := Recording{Producer: sc.Producers[i].Name, Before: s.Before, After: s.After, Length: min(s.End(), sc.Duration)}
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
func (r *Recording) Known() time.Duration { return r.Length - r.Missing }

// shownGaps bounds the list.
const shownGaps = 5

// notes says what is missing, in plain words; nothing where everything is there.
func (r *Recording) notes() []string {
	var out []string
	asked := r.Before + r.Length + r.After
	if r.Before > 0 || r.After > 0 {
		out = append(out, fmt.Sprintf("recorded: %s of %s (%s); nothing before (%s) and after it (%s) is replayed",
			rough(r.Length), rough(asked), portion(r.Length, asked), rough(r.Before), rough(r.After)))
	}
	if 10*r.Known() < asked {
		out = append(out, fmt.Sprintf("less than a tenth of what was asked for is recorded (%s of %s): read the figures as those of a sample",
			rough(r.Known()), rough(asked)))
	}
	for i, g := range r.Gaps {
		if i == shownGaps && len(r.Gaps) > shownGaps+1 {
			out = append(out, fmt.Sprintf("and %d more gaps", len(r.Gaps)-shownGaps))
			break
		}
		out = append(out, fmt.Sprintf("gap in the recording from %s to %s (%s): the rate between is a straight line, not 0",
			clockTime(g.From.Seconds()), clockTime(g.To.Seconds()), rough(g.To-g.From)))
	}
	if r.Missing > 0 {
		out = append(out, fmt.Sprintf("gaps take %s of %s (%s)", rough(r.Missing), rough(r.Length), portion(r.Missing, r.Length)))
	}
	return out
}

// recordingNotes are the notes of all producers, named where there are several.
func recordingNotes(all []Recording) []string {
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

// portion writes a share, never rounded to all or nothing.
func portion(part, whole time.Duration) string {
	p := 100 * part.Seconds() / whole.Seconds()
	switch {
	case p > 0 && p < 1:
		return "below 1 %"
	case p > 99 && p < 100:
		return "above 99 %"
	}
	return fmt.Sprintf("%.0f %%", p)
}

// rough writes a length with at most two parts, such as 6d2h, 2h31m or 45s.
func rough(d time.Duration) string {
	days := d / (24 * time.Hour)
	switch {
	case days > 0:
		text := fmt.Sprintf("%dd", days)
		if h := d.Round(time.Hour) % (24 * time.Hour) / time.Hour; h > 0 {
			text += fmt.Sprintf("%dh", h)
		}
		return text
	case d >= time.Hour:
		return short(d.Round(time.Minute))
	default:
		return short(d.Round(time.Second))
	}
}
