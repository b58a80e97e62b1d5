package scenario

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"kafka_burndown_exporter/lab/strictyaml"
)

// Series is a recorded quantity. Times count from its first sample. Where two samples lie further apart than MaxGap
// there is a gap: the value is not known, and never 0.
type Series struct {
	Start  time.Time // wall clock of the first sample, zero if the recording has none
	Times  []time.Duration
	Values []float64
	MaxGap time.Duration
	// Before and After are how much of what was asked for lies before the first and after the last sample: nothing is
	// known there, and nothing is replayed.
	Before, After time.Duration
}

// At is the value at t: a straight line between neighbours, and the nearest end outside. known is false in a gap, where
// the line is drawn all the same so that a replay has something to go on.
func (s *Series) At(t time.Duration) (v float64, known bool) {
	n := len(s.Times)
	if n == 0 {
		return 0, false
	}
	i := sort.Search(n, func(i int) bool { return s.Times[i] > t })
	switch {
	case i == 0:
		return s.Values[0], t >= s.Times[0]-s.MaxGap
	case i == n:
		return s.Values[n-1], t <= s.Times[n-1]+s.MaxGap
	}
	a, b := s.Times[i-1], s.Times[i]
	f := float64(t-a) / float64(b-a)
	return s.Values[i-1] + f*(s.Values[i]-s.Values[i-1]), b-a <= s.MaxGap || t == a
}

// Gap is a stretch without samples.
type Gap struct{ From, To time.Duration }

// Gaps lists the gaps in order.
func (s *Series) Gaps() []Gap {
	var out []Gap
	for i := 1; i < len(s.Times); i++ {
		if s.Times[i]-s.Times[i-1] > s.MaxGap {
			out = append(out, Gap{s.Times[i-1], s.Times[i]})
		}
	}
	return out
}

// End is the time of the last sample.
func (s *Series) End() time.Duration {
	if len(s.Times) == 0 {
		return 0
	}
	return s.Times[len(s.Times)-1]
}

// Bounds on what is recorded. They are far beyond any Kafka; what lies outside is a wrong column or a wrong unit.
const (
	MaxRate   = 1e12 // messages/s
	MaxLength = 366 * 24 * time.Hour
)

// ReadCSV reads a recorded rate with a header line. Empty cells are gaps. Errors name the line and the column.
func ReadCSV(r io.Reader, timeColumn, valueColumn string) (*Series, error) {
	text := bufio.NewReader(r)
	if mark, err := text.Peek(len(byteOrderMark)); err == nil && string(mark) == byteOrderMark {
		_, _ = text.Discard(len(byteOrderMark))
	}
	in := csv.NewReader(text)
	in.TrimLeadingSpace = true
	in.ReuseRecord = true
	header, err := in.Read()
	if err == nil && slices.ContainsFunc(header, func(s string) bool { return strings.ContainsRune(s, 0) || !utf8.ValidString(s) }) {
		return nil, errors.New("line 1: is not UTF-8 text: save the file as CSV in UTF-8")
	}
	if err != nil {
		return nil, errors.New("line 1: no header: name the columns " + timeColumn + " and " + valueColumn)
	}
	ti, vi := slices.Index(header, timeColumn), slices.Index(header, valueColumn)
	for name, i := range map[string]int{timeColumn: ti, valueColumn: vi} {
		if i < 0 {
			return nil, fmt.Errorf("line 1: no column %q: there are %s", name, strings.Join(each(header, short), ", "))
		}
	}
	s := &Series{}
	var begin, first, last time.Time
	for {
		row, err := in.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, errors.New(strictyaml.OneLine(err))
		}
		line, _ := in.FieldPos(0)
		at, wall, err := parseTime(row[ti])
		if err != nil {
			return nil, fmt.Errorf("line %d: column %s: %w", line, timeColumn, err)
		}
		if begin.IsZero() {
			begin = at
		} else if !at.After(last) {
			return nil, fmt.Errorf("line %d: column %s: %q is not later than the row before", line, timeColumn, short(row[ti]))
		}
		if last = at; last.Sub(begin) > MaxLength {
			return nil, fmt.Errorf("line %d: column %s: %q is more than %d days after the first row: is the column in seconds?",
				line, timeColumn, short(row[ti]), int(MaxLength.Hours()/24))
		}
		if row[vi] == "" {
			continue
		}
		v, err := strconv.ParseFloat(row[vi], 64)
		if err != nil || !(v >= 0 && v <= MaxRate) {
			return nil, fmt.Errorf("line %d: column %s: %q is not a number from 0 to %.0g: leave the cell empty for a gap",
				line, valueColumn, short(row[vi]), MaxRate)
		}
		if len(s.Times) == 0 {
			first = at
			if wall {
				s.Start = at
			}
		}
		s.Times, s.Values = append(s.Times, at.Sub(first)), append(s.Values, v)
	}
	if len(s.Times) < 2 {
		return nil, errors.New("fewer than two values")
	}
	s.MaxGap = s.usualGap()
	s.Before, s.After = first.Sub(begin), last.Sub(first)-s.End()
	return s, nil
}

// byteOrderMark begins the CSV files of Windows programs.
const byteOrderMark = "\ufeff"

// short bounds what an error repeats of a file.
func short(s string) string {
	const most = 40
	if runes := []rune(s); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return s
}

func each(in []string, change func(string) string) []string {
	out := make([]string, 0, len(in))
	for _, s := range in {
		out = append(out, change(s))
	}
	return out
}

// MaxPartitions is the most partitions that are simulated.
const MaxPartitions = 1000

// usualGap is two and a half times the median distance of samples.
func (s *Series) usualGap() time.Duration {
	d := make([]time.Duration, 0, len(s.Times))
	for i := 1; i < len(s.Times); i++ {
		d = append(d, s.Times[i]-s.Times[i-1])
	}
	slices.Sort(d)
	return d[len(d)/2] * 5 / 2
}

// parseTime reads RFC 3339 or seconds; seconds from 2001 on are a wall clock.
func parseTime(s string) (t time.Time, wall bool, err error) {
	if sec, err := strconv.ParseFloat(s, 64); err == nil && math.Abs(sec) < 1e11 {
		return time.UnixMilli(int64(sec * 1000)).UTC(), sec >= 1e9, nil
	}
	t, err = time.Parse(time.RFC3339, s)
	if err != nil {
		return t, false, fmt.Errorf("%q is not a time: use Unix seconds or RFC 3339", short(s))
	}
	return t.UTC(), true, nil
}

// Recorded is a profile that replays a series.
func Recorded(s *Series) Profile { return Profile{CSV: &CSV{series: s}, Scale: 1} }

// Series is the recorded rate, nil without one.
func (p *Profile) Series() *Series {
	if p.CSV == nil {
		return nil
	}
	return p.CSV.series
}
