package recording

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kafka_burndown_exporter/lab/scenario"
)

// The history begins with the first sample and ends with the last: what was asked for around it is a gap.
func TestHistoryIsNeverInvented(t *testing.T) {
	start := time.Unix(1_767_225_600, 0)
	s := &server{value: func(q string, at time.Time) string {
		minute := int(at.Sub(start).Minutes())
		switch {
		case strings.Contains(q, "useful"):
			return "6"
		case strings.Contains(q, "members"):
			return "2" // known throughout, also where production is not
		case minute < 600 || minute > 720 || minute > 630 && minute < 642:
			return ""
		}
		return "120"
	}}
	h, err := Fetch(context.Background(), request(t, s, 24*time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	if !h.From.Equal(start.Add(10*time.Hour)) || h.Produced.Times[0] != 0 || h.Produced.End() != 2*time.Hour {
		t.Errorf("from %v, first %v, last %v", h.From, h.Produced.Times[0], h.Produced.End())
	}
	if h.Members.Times[0] != -10*time.Hour {
		t.Errorf("the members begin at %v", h.Members.Times[0])
	}
	sc, err := Replay("r", h, Workload{Service: "s", Group: "g", Topic: "t"})
	if err != nil {
		t.Fatal(err)
	}
	if sc.Duration != 2*time.Hour || !sc.Start.Equal(h.From) {
		t.Errorf("the replay takes %v from %v", sc.Duration, sc.Start)
	}
	want := []string{
		"recorded: 2h of 1d (8 %); nothing before (10h) and after it (12h) is replayed",
		"less than a tenth of what was asked for is recorded (1h48m of 1d): read the figures as those of a sample",
		"gap in the recording from 30:00 to 42:00 (12m): the rate between is a straight line, not 0",
		"gaps take 12m of 2h (10 %)",
	}
	if d := cmp.Diff(want, Notes(CoverageOf(sc))); d != "" {
		t.Errorf("notes (-want +got):\n%s", d)
	}
}

func TestManyGapsAreCounted(t *testing.T) {
	s := &scenario.Series{MaxGap: 90 * time.Second}
	for m := range 600 {
		if m%10 < 6 {
			s.Times, s.Values = append(s.Times, time.Duration(m)*time.Minute), append(s.Values, 1)
		}
	}
	sc := &scenario.Scenario{Duration: s.End(), Producers: []scenario.Producer{{Name: "p", Profile: scenario.Recorded(s)}}}
	notes := Notes(CoverageOf(sc))
	gaps := len(s.Gaps())
	if gaps < 20 || len(notes) != shownGaps+2 || !strings.HasPrefix(notes[shownGaps], "and ") || !strings.HasPrefix(notes[shownGaps+1], "gaps take ") {
		t.Errorf("%d gaps: %q", gaps, notes)
	}
}
