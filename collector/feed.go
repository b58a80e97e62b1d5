package collector

import (
	"time"

	"kafka_burndown_exporter/internal/lag"
)

// FeedOptions say what a reader in the same process wants of a scrape, and where it goes.
type FeedOptions struct {
	// Wants says whether any series of a name is of interest.
	Wants func(name string) bool
	// Series gives the reader's name (from 0) of a series, by its labels' names and values by turns, or a negative number
	// where it is not of interest.
	Series func(name string, labelPairs []string) int
	// Set takes a value.
	Set func(series int, v float64)
}

// Feed hands what a scrape of a snapshot would have to a reader in the same process, from the same table as the
// exposition. The reader names each series once, so that feeding it takes neither labels nor text. A Feed is not safe
// for concurrent use.
type Feed struct {
	opt      FeedOptions
	families []*feedFamily
	rows     []string // of the newest snapshot: groups, their topics, topics, brokers
	builder  familyBuilder
	snapshot *lag.Snapshot
}

type feedFamily struct {
	encodedFamily
	names [][]int // by row, then by partition or variant: the reader's name plus 2; 1: not of interest, 0: not asked yet
	take  yield
}

// NewFeed feeds a reader.
func NewFeed(opt FeedOptions) *Feed {
	f := &Feed{opt: opt}
	for _, family := range Families() {
		if !opt.Wants(family.Name) {
			continue
		}
		ff := &feedFamily{encodedFamily: encodedFamily{Family: family}}
		ff.take = func(row int, partition int32, variant int, v float64, _ time.Time) {
			f.take(ff, row, partition, variant, v)
		}
		f.families = append(f.families, ff)
	}
	return f
}

// Put hands the values of a snapshot over.
func (f *Feed) Put(s *lag.Snapshot) {
	f.snapshot = s
	if !f.sameRows(s) {
		f.builder = familyBuilder{}
		f.builder.label(s)
		for _, ff := range f.families {
			ff.names = ff.names[:0]
		}
	}
	for _, ff := range f.families {
		ff.each(s, false, ff.take)
	}
}

// sameRows reports whether the rows are those of the snapshot before, and notes them.
func (f *Feed) sameRows(s *lag.Snapshot) bool {
	n, same := 0, true
	note := func(name string) {
		if n == len(f.rows) {
			f.rows, same = append(f.rows, name), false
		} else if f.rows[n] != name {
			f.rows[n], same = name, false
		}
		n++
	}
	for i := range s.Groups {
		note(s.Groups[i].ID)
		for j := range s.Groups[i].Topics {
			note(s.Groups[i].Topics[j].Topic)
		}
		note("") // no topic has that name
	}
	for i := range s.Topics {
		note(s.Topics[i].Name)
	}
	note("")
	for i := range s.Brokers {
		note(s.Brokers[i].Address)
	}
	if n != len(f.rows) {
		f.rows, same = f.rows[:n], false
	}
	return same
}

func (f *Feed) take(ff *feedFamily, row int, partition int32, variant int, v float64) {
	if ff.info != nil { // its labels are values
		if name := f.name(ff, row, partition, variant); name >= 0 {
			f.opt.Set(name, v)
		}
		return
	}
	for len(ff.names) <= row {
		ff.names = append(ff.names, nil)
	}
	at := max(int(partition), variant)
	for len(ff.names[row]) <= at {
		ff.names[row] = append(ff.names[row], 0)
	}
	name := &ff.names[row][at]
	if *name == 0 {
		*name = max(f.name(ff, row, partition, variant), -1) + 2
	}
	if *name > 1 {
		f.opt.Set(*name-2, v)
	}
}

// name asks the reader for its name of a series.
func (f *Feed) name(ff *feedFamily, row int, partition int32, variant int) int {
	var labels []string
	for _, p := range f.builder.labelsOf(&ff.encodedFamily, f.snapshot, row, partition, variant) {
		labels = append(labels, p.GetName(), p.GetValue())
	}
	return f.opt.Series(ff.Name, labels)
}
