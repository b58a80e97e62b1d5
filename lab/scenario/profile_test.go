package scenario

import (
	"math"
	"strings"
	"testing"
	"time"
)

func mean(t *testing.T, p Profile, start time.Time, at time.Duration) float64 {
	t.Helper()
	if p.Scale == 0 {
		p.Scale = 1
	}
	s := &Scenario{Start: start}
	v, _ := s.Rater(&Producer{Name: "p", Profile: p}).Mean(at)
	return v
}

func TestProfileParts(t *testing.T) {
	midnight := time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)
	points := []Point{{10 * time.Second, 100}, {20 * time.Second, 200}}
	day := &Curve{Period: 24 * time.Hour, Low: 10, High: 30, Peak: 15 * time.Hour}
	burst := []Burst{{At: 10 * time.Second, For: 10 * time.Second, Ramp: 2 * time.Second, Rate: 50, Every: time.Minute}}
	batch := []Batch{{At: 10 * time.Second, For: 10 * time.Second, Messages: 500}}
	cases := []struct {
		name  string
		p     Profile
		start time.Time
		at    time.Duration
		want  float64
	}{
		{"before the first point", Profile{Points: points}, midnight, 0, 100},
		{"between", Profile{Points: points}, midnight, 15 * time.Second, 150},
		{"step", Profile{Points: points, Step: true}, midnight, 15 * time.Second, 100},
		{"after the last", Profile{Points: points}, midnight, time.Hour, 200},
		{"peak of the day", Profile{Curve: day}, midnight, 15 * time.Hour, 30},
		{"trough of the day", Profile{Curve: day}, midnight, 3 * time.Hour, 10},
		{"time of day counts from the start", Profile{Curve: day}, midnight.Add(14 * time.Hour), time.Hour, 30},
		{"burst ramp", Profile{Bursts: burst}, midnight, 11 * time.Second, 25},
		{"burst", Profile{Bursts: burst}, midnight, 15 * time.Second, 50},
		{"burst over", Profile{Bursts: burst}, midnight, 20 * time.Second, 0},
		{"burst again", Profile{Bursts: burst}, midnight, 75 * time.Second, 50},
		{"batch", Profile{Batches: batch}, midnight, 10 * time.Second, 50},
		{"batch once", Profile{Batches: batch}, midnight, time.Hour, 0},
		{"scale", Profile{Points: points, Scale: 3}, midnight, 0, 300},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got := mean(t, c.p, c.start, c.at); math.Abs(got-c.want) > 1e-9 {
				t.Errorf("rate is %v, want %v", got, c.want)
			}
		})
	}
}

func TestNoiseIsReproducibleAndUnbiased(t *testing.T) {
	s := &Scenario{Seed: 3}
	p := &Producer{Name: "p", Profile: Profile{Points: []Point{{0, 100}}, Noise: 0.1, Scale: 1}}
	a, b := s.Rater(p), s.Rater(p)
	sum, square := 0.0, 0.0
	const n = 20_000
	for i := range n {
		at := time.Duration(i) * time.Second
		x, _ := a.At(at)
		if y, _ := b.At(at); x != y {
			t.Fatalf("second %d: %v and %v", i, x, y)
		}
		sum += x
		square += (x - 100) * (x - 100)
	}
	if m := sum / n; math.Abs(m-100) > 0.5 {
		t.Errorf("mean is %v", m)
	}
	if sd := math.Sqrt(square / n); math.Abs(sd-10) > 0.5 {
		t.Errorf("standard deviation is %v", sd)
	}
}

func TestCSVGapsAreNotZero(t *testing.T) {
	in := "time,rate\n0,100\n60,100\n120,\n180,\n240,\n300,200\n360,200\n"
	s, err := ReadCSV(strings.NewReader(in), "time", "rate")
	if err != nil {
		t.Fatal(err)
	}
	if v, known := s.At(3 * time.Minute); known || v != 150 {
		t.Errorf("in the gap: %v, known %v; want the line at 150, not known", v, known)
	}
	if v, known := s.At(330 * time.Second); !known || v != 200 {
		t.Errorf("after the gap: %v, known %v", v, known)
	}
	if s.Before != 0 || s.After != 0 {
		t.Errorf("before %v, after %v", s.Before, s.After)
	}
	if g := s.Gaps(); len(g) != 1 || g[0] != (Gap{time.Minute, 5 * time.Minute}) {
		t.Errorf("gaps: %v", g)
	}
}

// Empty cells before the first and after the last value are gaps too, and a byte-order mark is none of the header.
func TestCSVEndsAreGaps(t *testing.T) {
	in := byteOrderMark + "time,rate\n1767312000,\n1767312060,\n1767312120,100\n1767312180,200\n1767312240,\n1767312540,\n"
	s, err := ReadCSV(strings.NewReader(in), "time", "rate")
	if err != nil {
		t.Fatal(err)
	}
	if s.Before != 2*time.Minute || s.After != 6*time.Minute || s.Start.Unix() != 1767312120 || s.End() != time.Minute {
		t.Errorf("before %v, after %v, start %v, end %v", s.Before, s.After, s.Start, s.End())
	}
}

func TestCSVErrorsNameLineAndColumn(t *testing.T) {
	cases := map[string]string{
		"":                              "line 1: no header",
		"t,rate\n":                      `line 1: no column "time"`,
		"time,rate\n0,1\nx,2\n":         `line 3: column time: "x" is not a time`,
		"time,rate\n0,1\n60,-1\n":       `line 3: column rate: "-1" is not a number from 0`,
		"time,rate\n0,1\n60,NaN\n":      `line 3: column rate: "NaN" is not a number from 0`,
		"time,rate\n60,1\n0,1\n":        `line 3: column time: "0" is not later than the row before`,
		"time,rate\n0,1\n":              "fewer than two values",
		"time,rate\n0,1,2\n":            "record on line 2: wrong number of fields",
		"time,rate\n0,1\n60,2a":         `line 3: column rate: "2a"`,
		"time,rate\n0,1\n60,1e308":      `line 3: column rate: "1e308" is not a number from 0 to 1e+12`,
		"time,rate\n0,1\n99999999999,2": `line 3: column time: "99999999999" is more than 366 days after the first row: is the column in seconds?`,
		"time,rate\n0,1\n0,\n":          `line 3: column time: "0" is not later than the row before`,
		"\xff\xfet\x00i\x00m\x00e\x00":  `line 1: is not UTF-8 text`,
	}
	for in, want := range cases {
		_, err := ReadCSV(strings.NewReader(in), "time", "rate")
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: error is %v, want %s", in, err, want)
		}
	}
}

func TestFaultTimes(t *testing.T) {
	f := Fault{At: 10 * time.Second, For: 5 * time.Second, Every: time.Minute}
	for at, want := range map[time.Duration]bool{9: false, 10: true, 14: true, 15: false, 70: true, 75: false} {
		if got := f.ActiveAt(at * time.Second); got != want {
			t.Errorf("active at %ds: %v", at, got)
		}
	}
	for at, want := range map[time.Duration]bool{9: false, 10: true, 11: false, 70: true, 71: false} {
		if got := f.Begins(at*time.Second, (at+1)*time.Second); got != want {
			t.Errorf("begins at %ds: %v", at, got)
		}
	}
}
