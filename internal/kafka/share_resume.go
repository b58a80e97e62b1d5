package kafka

import (
	"context"
	"errors"
	"time"

	"github.com/IBM/sarama"

	"kafka_burndown_exporter/internal/lag"
)

const (
	// configGroup is the type of a group's configuration (KIP-848), which sarama has no name for.
	configGroup sarama.ConfigResourceType = 32
	// configResume says where a share group begins on a partition that is new to it.
	configResume = "share.auto.offset.reset"
	// maxResumes bounds how many groups one request names.
	maxResumes = 1000
)

// resume is where a share group begins on a partition that is not initialised.
type resume struct {
	from    lag.Resume
	at      time.Time // when it was asked for
	refused string    // the broker that did not tell
	code    sarama.KError
}

var errResume = errors.New("share.auto.offset.reset of a share group with partitions that it has not begun on cannot be " +
	"read, so its backlog is absent; grant DESCRIBE_CONFIGS on the group")

// readResumes finds out where those share groups begin that have partitions without a position: whether what these hold is
// backlog depends on it.
func (s *Sampler) readResumes(ctx context.Context) {
	now := time.Now()
	var ask []*group
	for _, g := range s.groups {
		if g.share == nil || !g.share.known { // before the first answer every partition would look so
			continue
		}
		if !s.beginsLater(g) {
			g.share.resume = resume{} // all have a position
			continue
		}
		if r := &g.share.resume; r.at.IsZero() || now.Sub(r.at) >= s.cfg.MetadataRefresh {
			ask = append(ask, g)
		}
	}
	for len(ask) > 0 {
		part := ask[:min(len(ask), maxResumes)]
		ask = ask[len(part):]
		for _, g := range part {
			g.share.resume = resume{from: lag.ResumeUnknown, at: now}
		}
		s.askResumes(ctx, part)
	}
	for _, g := range s.groups { // in every wave, for as long as it is so
		if g.share != nil && g.share.resume.refused != "" {
			r := &g.share.resume
			s.once.fail(apiDescribeConfigs, r.refused, codeName(r.code), errResume, "group", g.id, "code", r.code)
			return
		}
	}
}

// beginsLater reports whether the group uses a partition that it has no position on.
func (s *Sampler) beginsLater(g *group) bool {
	for i := range g.share.topics {
		for _, o := range g.share.topics[i].offsets {
			if o.start < 0 {
				return true
			}
		}
	}
	for _, names := range [3][]string{g.wants(), g.expected, g.had} {
		for _, name := range names {
			if t := s.topics.byName[name]; t != nil && len(t.parts) > g.share.count(name) {
				return true
			}
		}
	}
	return false
}

// count is the number of partitions of a topic that an answer named.
func (g *shareGroup) count(topic string) int {
	for i := range g.topics {
		if g.topics[i].text == topic {
			return len(g.topics[i].offsets)
		}
	}
	return 0
}

// askResumes asks any broker that answered.
func (s *Sampler) askResumes(ctx context.Context, groups []*group) {
	r := &sarama.DescribeConfigsRequest{Version: 1}
	byRaw := map[string]*group{}
	for _, g := range groups {
		byRaw[g.raw] = g
		r.Resources = append(r.Resources, &sarama.ConfigResource{Type: configGroup, Name: g.raw, ConfigNames: []string{configResume}})
	}
	for _, n := range s.liveNodes() {
		if !n.answered.Load() || ctx.Err() != nil {
			continue
		}
		answer, err := ask(ctx, s, n, n.describe, apiDescribeConfigs, (*sarama.Broker).DescribeConfigs, r)
		if err != nil {
			continue
		}
		for _, a := range answer.Resources {
			g := byRaw[a.Name]
			if g == nil {
				continue
			}
			if a.ErrorCode != 0 {
				g.share.resume.refused, g.share.resume.code = n.label, sarama.KError(a.ErrorCode)
				s.stats.Failure(apiDescribeConfigs, n.label, codeName(sarama.KError(a.ErrorCode)))
				continue
			}
			for _, c := range a.Configs {
				if c.Name == configResume {
					g.share.resume.from = resumeOf(c.Value)
				}
			}
		}
		return
	}
}

// resumeOf reads the setting. A duration before the group began says neither.
func resumeOf(value string) lag.Resume {
	switch value {
	case "earliest":
		return lag.ResumeEarliest
	case "latest":
		return lag.ResumeLatest
	}
	return lag.ResumeUnknown
}
