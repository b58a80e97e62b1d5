package scenario

import (
	"math"
	"slices"
	"time"
)

// Topic is the topic of that name, nil if there is none.
func (s *Scenario) Topic(name string) *Topic {
	for i := range s.Topics {
		if s.Topics[i].Name == name {
			return &s.Topics[i]
		}
	}
	return nil
}

// Service is the service of that name, nil if there is none.
func (s *Scenario) Service(name string) *Service {
	for i := range s.Services {
		if s.Services[i].Name == name {
			return &s.Services[i]
		}
	}
	return nil
}

// Candidate is the candidate of that name, nil if there is none.
func (s *Scenario) Candidate(name string) *Candidate {
	for i := range s.Candidates {
		if s.Candidates[i].Name == name {
			return &s.Candidates[i]
		}
	}
	return nil
}

// DefaultCandidate is what the other candidates are compared with, nil if the scenario has no candidates.
func (s *Scenario) DefaultCandidate() *Candidate {
	for i := range s.Candidates {
		if s.Default == "" || s.Candidates[i].Name == s.Default {
			return &s.Candidates[i]
		}
	}
	return nil
}

// DemoCandidate is what the demo starts with, nil if the scenario has no candidates.
func (s *Scenario) DemoCandidate() *Candidate {
	if s.Demo.Start != "" {
		return s.Candidate(s.Demo.Start)
	}
	return s.DefaultCandidate()
}

// Choices are the positions of the demo's switch: those of the scenario, or every candidate under its own name.
func (s *Scenario) Choices() []Choice {
	if s.Demo.Switch != nil {
		return s.Demo.Switch
	}
	var out []Choice
	for i := range s.Candidates {
		out = append(out, Choice{Candidate: s.Candidates[i].Name, Label: s.Candidates[i].Name})
	}
	return out
}

// Watched is the service that the demo's first steps are about.
func (s *Scenario) Watched() *Service {
	if s.Demo.Watch != "" {
		return s.Service(s.Demo.Watch)
	}
	return &s.Services[0]
}

// Shares are the partitions' shares of a topic's messages; they add up to 1.
func (t *Topic) Shares() []float64 {
	out := make([]float64, t.Partitions)
	switch {
	case t.Weights != nil:
		sum := 0.0
		for _, w := range t.Weights {
			sum += w
		}
		for i, w := range t.Weights {
			out[i] = w / sum
		}
	case t.Hot != nil:
		HotShares(out, t.Hot.Partition, t.Hot.Share)
	default:
		for i := range out {
			out[i] = 1 / float64(t.Partitions)
		}
	}
	return out
}

// HotShares gives one partition a share and spreads the rest evenly over the others.
func HotShares(out []float64, hot int, share float64) {
	if len(out) == 1 {
		out[0] = 1
		return
	}
	for i := range out {
		out[i] = (1 - share) / float64(len(out)-1)
	}
	out[hot] = share
}

// IsShare reports a share group (KIP-932): its members take records, not partitions.
func (s *Service) IsShare() bool { return s.GroupType == "share" }

// IsStreams reports a streams group (KIP-1071): its members, which are threads, have tasks.
func (s *Service) IsStreams() bool { return s.GroupType == "streams" }

// MembersPerPod is how many members one pod brings into the group.
func (s *Service) MembersPerPod() int { return max(1, s.Threads) }

// SubtopologyOf numbers the sub-topology that reads a topic of a streams group.
func (s *Service) SubtopologyOf(topic string) int {
	for i, topics := range s.Subtopologies {
		if slices.Contains(topics, topic) {
			return i
		}
	}
	return slices.Index(s.Topics, topic)
}

// Ceiling is the greatest number of members that can have work: with the range assignor the largest topic's partitions, of
// a streams group the tasks, else all partitions. 0: there is none, as for a share group.
func (s *Scenario) Ceiling(svc *Service) int {
	if svc.IsShare() {
		return 0
	}
	largest, sum := 0, 0
	tasks := make([]int, max(len(svc.Topics), len(svc.Subtopologies)))
	for _, name := range svc.Topics {
		n := s.Topic(name).Partitions
		largest, sum = max(largest, n), sum+n
		sub := svc.SubtopologyOf(name)
		tasks[sub] = max(tasks[sub], n)
	}
	switch {
	case svc.IsStreams():
		sum = 0
		for _, n := range tasks {
			sum += n
		}
		return sum
	case svc.Assignor == "range":
		return largest
	}
	return sum
}

// UsefulReplicas is how many replicas of the service can have work. A share group's can all: it is their upper limit.
func (s *Scenario) UsefulReplicas(svc *Service) int {
	if svc.IsShare() {
		return svc.Replicas.Max
	}
	each := svc.MembersPerPod()
	return (s.Ceiling(svc) + each - 1) / each
}

// EventTimes are the handling times of the service's events, aligned with Capacity.Events: their mean over the mix is
// messageTime, or the time in which one pod handles one message.
func (c *Capacity) EventTimes() []time.Duration {
	mean, share := 0.0, 0.0
	for _, e := range c.Events {
		mean += e.Share * e.Cost
		share += e.Share
	}
	base := c.messageTime()
	out := make([]time.Duration, len(c.Events))
	for i, e := range c.Events {
		out[i] = time.Duration(float64(base) * e.Cost * share / mean)
	}
	return out
}

func (c *Capacity) messageTime() time.Duration {
	if c.MessageTime > 0 {
		return c.MessageTime
	}
	return time.Duration(float64(time.Second) / c.PerPod)
}

// Concurrency is how many messages a pod handles at once to reach its capacity.
func (c *Capacity) Concurrency() float64 {
	return math.Max(1, c.PerPod*c.messageTime().Seconds())
}
