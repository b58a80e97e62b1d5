package collector

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Granularity is the finest level of series that is published.
type Granularity string

// The granularities of --metrics.granularity. Topic leaves out every series with a partition label, group also those
// with a topic label.
const (
	PerPartition Granularity = "partition"
	PerTopic     Granularity = "topic"
	PerGroup     Granularity = "group"
)

// Label is a constant label of all series about the cluster.
type Label struct{ Name, Value string }

// EncoderOptions say which of the families are published and how.
type EncoderOptions struct {
	// Labels are added to every series, sorted by name. Their names must be valid and none of the table's.
	Labels []Label
	// Disable names the families that are left out.
	Disable     []string
	Granularity Granularity // empty: per partition
	// ConnectedOnly leaves groups without members out of the drop-in offset and lag series, and those without backlog
	// out of all series but the drop-in number of members, unless they are expected (--no-offset.show-all).
	ConnectedOnly bool
	// OmitBrokers leaves the series of the cluster and its brokers to another shard.
	OmitBrokers bool
}

// admits reports whether the family is published at all.
func (o EncoderOptions) admits(f Family) bool {
	if o.OmitBrokers && (f.Level == LevelCluster || f.Level == LevelClusterID || f.Level == LevelBroker) {
		return false
	}
	return !slices.Contains(o.Disable, f.Name) && o.Granularity.admits(f)
}

// check reports what cannot be; the error names the flag and the remedy.
func (o EncoderOptions) check(table []Family) error {
	if err := checkLabels(o.Labels, table); err != nil {
		return err
	}
	for _, name := range o.Disable {
		if !slices.ContainsFunc(table, func(f Family) bool { return f.Name == name }) {
			return fmt.Errorf("--metrics.disable: no metric is named %q; docs/metrics.md lists them", name)
		}
	}
	if !slices.Contains([]Granularity{"", PerPartition, PerTopic, PerGroup}, o.Granularity) {
		return fmt.Errorf("--metrics.granularity: %q is none of partition, topic and group", o.Granularity)
	}
	return nil
}

func (g Granularity) admits(f Family) bool {
	switch g {
	case PerTopic:
		return !slices.Contains(f.Labels, labelPartition)
	case PerGroup:
		return !slices.Contains(f.Labels, labelTopic)
	default:
		return true
	}
}

func checkLabels(labels []Label, table []Family) error {
	seen := map[string]bool{}
	for _, l := range labels {
		switch {
		case !validLabelName(l.Name):
			return fmt.Errorf("--kafka.labels: %q is not a label name; use letters, digits and _", l.Name)
		case !utf8.ValidString(l.Value):
			return fmt.Errorf("--kafka.labels: the value of %q is not valid UTF-8; write it in UTF-8", l.Name)
		case seen[l.Name]:
			return fmt.Errorf("--kafka.labels: label %q is given twice", l.Name)
		}
		seen[l.Name] = true
		for _, f := range table {
			if slices.Contains(f.Labels, l.Name) {
				return fmt.Errorf("--kafka.labels: %q is a label of %s; choose another name", l.Name, f.Name)
			}
		}
		for _, name := range []string{"broker", "api", "le"} {
			if l.Name == name {
				return fmt.Errorf("--kafka.labels: %q is a label of the exporter's own metrics; choose another name", name)
			}
		}
	}
	return nil
}

func validLabelName(s string) bool {
	if s == "" || strings.HasPrefix(s, "__") {
		return false
	}
	for i, c := range []byte(s) {
		letter := c == '_' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
		if !letter && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return true
}
