package kafka

import (
	"unicode/utf16"
	"unicode/utf8"

	"github.com/IBM/sarama"
)

// coordinators says which broker coordinates a group: the leader of the partition of the offsets topic that the group's
// name belongs to. Other systems that speak Kafka's protocol spread their groups otherwise, so it is asked only where
// it held for most of the groups that one broker alone listed, over the last waves: in a single one it may be that only a
// broker answers which does not know that it has been replaced.
type coordinators struct {
	offsets topic
	score   float64 // the share of groups for which it held minus that for which it did not, summed up over waves
}

// maxScore is how many waves in a row may say the opposite before they are believed.
const maxScore = 10

func (c *coordinators) held() bool { return c.score > 0 }

// apply takes over what metadata says of the offsets topic, whatever the filters say of it.
func (c *coordinators) apply(answer *sarama.MetadataResponse) {
	for _, m := range answer.Topics {
		if m != nil && m.Name == offsetsTopic {
			c.offsets.update(m, hasEpochs(answer))
			return
		}
	}
	for i := range c.offsets.parts { // its epochs stay: they never go back
		c.offsets.parts[i].leader = -1
	}
}

// of returns the coordinator of a group, -1 where it is not known.
func (c *coordinators) of(raw string) int32 {
	if !c.held() {
		return -1
	}
	return c.leader(raw)
}

func (c *coordinators) leader(raw string) int32 {
	n := int32(len(c.offsets.parts))
	if n == 0 {
		return -1
	}
	return c.offsets.parts[groupPartition(raw, n)].leader
}

// learn compares with the groups that one broker alone listed in this wave.
func (c *coordinators) learn(d directory) {
	agree, disagree := 0, 0
	for raw, e := range d {
		if !e.fresh || e.contested || len(e.rivals) > 0 {
			continue
		}
		switch c.leader(raw) {
		case -1:
		case e.coordinator:
			agree++
		default:
			disagree++
		}
	}
	if agree+disagree > 0 {
		share := float64(agree-disagree) / float64(agree+disagree)
		c.score = min(max(c.score+share, -maxScore), maxScore)
	}
}

// groupPartition is the partition of the offsets topic for a group: the hash of Java's strings, which is over UTF-16.
func groupPartition(raw string, partitions int32) int32 {
	var hash int32
	for _, r := range raw {
		if high, low := utf16.EncodeRune(r); low != utf8.RuneError {
			hash, r = 31*hash+high, low
		}
		hash = 31*hash + r
	}
	if hash < 0 {
		hash = -hash
	}
	if hash < 0 { // the least number has no positive one
		hash = 0
	}
	return hash % partitions
}
