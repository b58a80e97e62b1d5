package scenario

import (
	"fmt"
	"slices"
	"time"
)

// maxDuration bounds a run: a year at one step a second is more than anyone replays.
const maxDuration = 366 * 24 * time.Hour

// validate checks what spans several fields.
func (s *Scenario) validate() error {
	checks := []func() error{s.checkRun, s.checkTopics, s.checkProducers, s.checkServices, s.checkFaults,
		s.checkCandidates, s.checkDemo, s.checkPublished}
	for _, check := range checks {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

func (s *Scenario) checkRun() error {
	if s.Duration < time.Second || s.Duration > maxDuration {
		return s.errorAt("duration", "%v is not between 1s and 366d", s.Duration)
	}
	for name, d := range map[string]time.Duration{"sampleInterval": s.Pipeline.SampleInterval,
		"scrapeInterval": s.Pipeline.ScrapeInterval, "ruleInterval": s.Pipeline.RuleInterval} {
		if d < time.Second || d > 10*time.Minute {
			return s.errorAt("pipeline."+name, "%v is not between 1s and 10m", d)
		}
	}
	if s.Pipeline.RateWindow < 2*s.Pipeline.SampleInterval {
		return s.errorAt("pipeline.rateWindow", "%v holds fewer than two samples: at least %v",
			s.Pipeline.RateWindow, 2*s.Pipeline.SampleInterval)
	}
	return nil
}

func (s *Scenario) checkTopics() error {
	seen := map[string]bool{}
	for i, t := range s.Topics {
		path := fmt.Sprintf("topics[%d]", i)
		if seen[t.Name] {
			return s.errorAt(path+".name", "%q is given twice", t.Name)
		}
		seen[t.Name] = true
		if t.Hot != nil && t.Weights != nil {
			return s.errorAt(path+".hot", "cannot be combined with weights")
		}
		if t.Hot != nil && t.Hot.Partition >= t.Partitions {
			return s.errorAt(path+".hot.partition", "%d does not exist: partitions are 0 to %d", t.Hot.Partition, t.Partitions-1)
		}
		if t.Weights == nil {
			continue
		}
		sum := 0.0
		for j, w := range t.Weights {
			if w < 0 {
				return s.errorAt(fmt.Sprintf("%s.weights[%d]", path, j), "must not be negative")
			}
			sum += w
		}
		if len(t.Weights) != t.Partitions || sum <= 0 {
			return s.errorAt(path+".weights", "needs %d numbers, one for each partition, not all 0", t.Partitions)
		}
	}
	return nil
}

func (s *Scenario) checkProducers() error {
	for i, p := range s.Producers {
		path := fmt.Sprintf("producers[%d]", i)
		if s.Topic(p.Topic) == nil {
			return s.errorAt(path+".topic", "%q is not among topics", p.Topic)
		}
		prof := path + ".profile"
		for j, pt := range p.Profile.Points {
			if j > 0 && pt.At <= p.Profile.Points[j-1].At {
				return s.errorAt(fmt.Sprintf("%s.points[%d].at", prof, j), "must be later than the point before")
			}
		}
		for j, b := range p.Profile.Bursts {
			if b.For <= 0 || 2*b.Ramp > b.For {
				return s.errorAt(fmt.Sprintf("%s.bursts[%d].for", prof, j), "must be longer than 0 and than both ramps")
			}
		}
		for j, b := range p.Profile.Batches {
			if b.For < time.Second {
				return s.errorAt(fmt.Sprintf("%s.batches[%d].for", prof, j), "must be at least 1s")
			}
		}
		if c := p.Profile.Curve; c != nil && (c.Period < time.Minute || c.High < c.Low) {
			return s.errorAt(prof+".curve", "needs a period of at least 1m, and high not below low")
		}
	}
	return nil
}

func (s *Scenario) checkServices() error {
	names, groups := map[string]bool{}, map[string]bool{}
	for i, svc := range s.Services {
		path := fmt.Sprintf("services[%d]", i)
		if names[svc.Name] {
			return s.errorAt(path+".name", "%q is given twice", svc.Name)
		}
		if groups[svc.Group] {
			return s.errorAt(path+".group", "%q belongs to another service: one group, one Deployment", svc.Group)
		}
		names[svc.Name], groups[svc.Group] = true, true
		if err := s.checkService(path, &svc); err != nil {
			return err
		}
	}
	return nil
}

func (s *Scenario) checkService(path string, svc *Service) error {
	if len(svc.Topics) == 0 {
		return s.errorAt(path+".topics", "is empty: name the topics the group reads")
	}
	seen := map[string]bool{}
	for j, t := range svc.Topics {
		if s.Topic(t) == nil || seen[t] {
			return s.errorAt(fmt.Sprintf("%s.topics[%d]", path, j), "%q is not among topics, or given twice", t)
		}
		seen[t] = true
	}
	if svc.Capacity.PerPod <= 0 {
		return s.errorAt(path+".capacity.perPod", "must be above 0")
	}
	for j, e := range svc.Capacity.Events {
		if e.Share <= 0 || e.Cost <= 0 {
			return s.errorAt(fmt.Sprintf("%s.capacity.events[%d]", path, j), "share and cost must be above 0")
		}
	}
	for j, o := range svc.Produces {
		at := fmt.Sprintf("%s.produces[%d]", path, j)
		if s.Topic(o.Topic) == nil {
			return s.errorAt(at+".topic", "%q is not among topics", o.Topic)
		}
		if o.From != "" && !seen[o.From] {
			return s.errorAt(at+".from", "%q is not among the service's topics", o.From)
		}
		if seen[o.Topic] && (o.From == "" || o.From == o.Topic) {
			return s.errorAt(at+".topic", "%q is what it was read from: that never ends", o.Topic)
		}
	}
	if svc.CommitInterval < time.Second {
		return s.errorAt(path+".commitInterval", "%v is below 1s", svc.CommitInterval)
	}
	if svc.Replicas.Max > 0 && svc.Replicas.Max < svc.Replicas.Min {
		return s.errorAt(path+".replicas.max", "is below min")
	}
	if err := s.checkGroupType(path, svc); err != nil {
		return err
	}
	if svc.Replicas.Initial > 10_000 || svc.Replicas.Max > 10_000 {
		return s.errorAt(path+".replicas", "more than 10000 replicas cannot be simulated")
	}
	return nil
}

// checkGroupType checks what only share or streams groups have.
func (s *Scenario) checkGroupType(path string, svc *Service) error {
	if svc.IsShare() {
		if svc.Replicas.Max == 0 {
			return s.errorAt(path+".replicas.max", "missing: partitions do not limit a share group")
		}
		if svc.LockTimeout < time.Second {
			return s.errorAt(path+".lockTimeout", "%v is below 1s", svc.LockTimeout)
		}
		takes := time.Duration(float64(svc.Fetch*svc.MembersPerPod()) / svc.Capacity.PerPod * float64(time.Second))
		if takes > svc.LockTimeout {
			return s.errorAt(path+".fetch", "%d records take %v, and after %v (lockTimeout) they are handed out again: take fewer at a time",
				svc.Fetch, takes.Round(time.Second), svc.LockTimeout)
		}
	}
	if svc.Subtopologies == nil {
		return nil
	}
	if !svc.IsStreams() {
		return s.errorAt(path+".subtopologies", "only a streams group has them: set groupType to streams")
	}
	seen := map[string]bool{}
	for i, topics := range svc.Subtopologies {
		for j, t := range topics {
			if !slices.Contains(svc.Topics, t) || seen[t] {
				return s.errorAt(fmt.Sprintf("%s.subtopologies[%d][%d]", path, i, j), "%q is not among the service's topics, or given twice", t)
			}
			seen[t] = true
		}
	}
	for _, t := range svc.Topics {
		if !seen[t] {
			return s.errorAt(path+".subtopologies", "lacks the topic %q", t)
		}
	}
	return nil
}

func (s *Scenario) checkFaults() error {
	for i, f := range s.Faults {
		path := fmt.Sprintf("faults[%d]", i)
		if f.Service != "" && s.Service(f.Service) == nil {
			return s.errorAt(path+".service", "%q is not among services", f.Service)
		}
		if f.Topic != "" && s.Topic(f.Topic) == nil {
			return s.errorAt(path+".topic", "%q is not among topics", f.Topic)
		}
		if f.Kind != FaultCrash && f.Kind != FaultExpire && f.For <= 0 {
			return s.errorAt(path+".for", "missing: how long a %s lasts", f.Kind)
		}
		needsTopic := f.Kind == FaultSkew || f.Kind == FaultBurst || f.Kind == FaultExpire
		if needsTopic && f.Topic == "" {
			return s.errorAt(path+".topic", "missing: a %s concerns one topic", f.Kind)
		}
		if f.Kind == FaultSkew && f.Partition >= s.Topic(f.Topic).Partitions {
			return s.errorAt(path+".partition", "%d does not exist", f.Partition)
		}
		if f.Every > 0 && f.Every < f.For {
			return s.errorAt(path+".every", "is shorter than for")
		}
	}
	return nil
}

func (s *Scenario) checkCandidates() error {
	seen := map[string]bool{}
	for i, c := range s.Candidates {
		if seen[c.Name] {
			return s.errorAt(fmt.Sprintf("candidates[%d].name", i), "%q is given twice", c.Name)
		}
		seen[c.Name] = true
		for name, n := range c.Replicas {
			if s.Service(name) == nil || n < 0 || n > 10_000 {
				return s.errorAt(fmt.Sprintf("candidates[%d].replicas", i), "%s: %d: needs a service and 0 to 10000", name, n)
			}
		}
		for j, name := range c.Only {
			if s.Service(name) == nil {
				return s.errorAt(fmt.Sprintf("candidates[%d].only[%d]", i, j), "%q is not among services", name)
			}
		}
		if c.Base == "" {
			continue
		}
		if base := s.Candidate(c.Base); base == nil || base.Base != "" {
			return s.errorAt(fmt.Sprintf("candidates[%d].base", i), "%q must be a candidate that has no base itself", c.Base)
		}
	}
	if s.Default != "" && !seen[s.Default] {
		return s.errorAt("default", "%q is not among candidates", s.Default)
	}
	return nil
}

func (s *Scenario) checkDemo() error {
	seen := map[string]bool{}
	for i, c := range s.Demo.Switch {
		path := fmt.Sprintf("demo.switch[%d].candidate", i)
		if s.Candidate(c.Candidate) == nil {
			return s.errorAt(path, "%q is not among candidates", c.Candidate)
		}
		if seen[c.Candidate] {
			return s.errorAt(path, "%q is given twice", c.Candidate)
		}
		seen[c.Candidate] = true
	}
	if start := s.Demo.Start; start != "" && s.Candidate(start) == nil {
		return s.errorAt("demo.start", "%q is not among candidates", start)
	}
	if watch := s.Demo.Watch; watch != "" && s.Service(watch) == nil {
		return s.errorAt("demo.watch", "%q is not among services", watch)
	}
	if from := s.Demo.From; from >= s.Duration {
		return s.errorAt("demo.from", "%v is not within the duration of %v", from, s.Duration)
	}
	return nil
}

func (s *Scenario) checkPublished() error {
	if s.Published == nil {
		return nil
	}
	if s.Service(s.Published.Service) == nil {
		return s.errorAt("published.service", "%q is not among services", s.Published.Service)
	}
	return nil
}
