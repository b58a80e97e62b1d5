package collector

import (
	"slices"
	"strconv"

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
	layout   layout   // without text
}

type feedFamily struct {
	Family
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
		ff := &feedFamily{Family: family}
		ff.take = func(row int, partition int32, variant int, v float64, _ int64) {
			f.take(ff, row, partition, variant, v)
		}
		f.families = append(f.families, ff)
	}
	return f
}

// Put hands the values of a snapshot over.
func (f *Feed) Put(s *lag.Snapshot) {
	f.layout.snapshot = s
	if !f.sameRows(s) {
		f.layout.groupTopics = f.layout.groupTopics[:0]
		for i := range s.Groups {
			for j := range s.Groups[i].Topics {
				f.layout.groupTopics = append(f.layout.groupTopics, groupTopic{group: int32(i), topic: int32(j)})
			}
		}
		for _, ff := range f.families {
			ff.names = ff.names[:0]
		}
	}
	for _, ff := range f.families {
		ff.each(&f.layout, span{0, f.layout.rows(ff.Level)}, false, ff.take)
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
	note(s.ClusterID)
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
	labels := make([]string, 0, 2*len(ff.Labels))
	for _, name := range ff.Labels {
		labels = append(labels, name, f.value(ff, name, row, partition, variant))
	}
	return f.opt.Series(ff.Name, labels)
}

// value is the value of a label of a series.
func (f *Feed) value(ff *feedFamily, name string, row int, partition int32, variant int) string {
	s := f.layout.snapshot
	switch {
	case name == labelPartition:
		return strconv.Itoa(int(partition))
	case name == ff.variant:
		return ff.variants[variant]
	}
	switch rowLabels[name] {
	case clusterIDLabel:
		return s.ClusterID
	case brokerIDLabel:
		return strconv.Itoa(int(s.Brokers[row].ID))
	case brokerAddressLabel:
		return s.Brokers[row].Address
	case topicLabel:
		if ff.Level == LevelTopic || ff.Level == LevelTopicPartition {
			return s.Topics[row].Name
		}
		_, t := f.layout.groupTopic(row)
		return t.Topic
	case groupLabel:
		return s.Groups[ff.groupOf(row, &f.layout)].ID
	}
	return ff.info(&s.Groups[row])[slices.Index(ff.infoLabels(), name)]
}
