package demo

import (
	"time"

	"github.com/IBM/sarama"
)

func (p *pod) config(cluster Cluster) (*sarama.Config, error) {
	cfg, err := cluster.config(p.name)
	if err != nil {
		return nil, err
	}
	cfg.Consumer.Offsets.Initial = sarama.OffsetOldest
	if p.service.OffsetReset == "latest" {
		cfg.Consumer.Offsets.Initial = sarama.OffsetNewest
	}
	cfg.Consumer.Offsets.AutoCommit.Interval = max(p.clock.Wall(p.service.CommitInterval), 100*time.Millisecond)
	cfg.Consumer.Group.Session.Timeout = p.sessionTimeout()
	cfg.Consumer.Group.Heartbeat.Interval = min(max(p.clock.Wall(3*time.Second), 200*time.Millisecond), 3*time.Second)
	cfg.Consumer.MaxWaitTime = 250 * time.Millisecond
	cfg.Consumer.Group.Rebalance.GroupStrategies = []sarama.BalanceStrategy{strategy(p.service.Assignor)}
	// A join is answered once every member has joined, at the latest after this; connections have to be more patient.
	cfg.Consumer.Group.Rebalance.Timeout = 15 * time.Second
	cfg.Consumer.MaxProcessingTime = time.Second
	cfg.ChannelBufferSize = 64
	cfg.Net.Proxy.Enable = true
	cfg.Net.Proxy.Dialer = p
	cfg.Net.ReadTimeout = 45 * time.Second
	return cfg, nil
}

// leastSession is the shortest session timeout: brokers refuse less than six seconds, and on a busy machine members would
// be thrown out for being slow.
const leastSession = 8 * time.Second

// sessionTimeout is the scenario's where that is not too short.
func (p *pod) sessionTimeout() time.Duration {
	return min(max(p.clock.Wall(p.service.SessionTimeout), leastSession), 45*time.Second)
}

// strategy is sarama's implementation of an assignor; it has none that is cooperative.
func strategy(assignor string) sarama.BalanceStrategy {
	switch assignor {
	case "roundrobin":
		return sarama.NewBalanceStrategyRoundRobin()
	case "sticky", "cooperative-sticky":
		return sarama.NewBalanceStrategySticky()
	default:
		return sarama.NewBalanceStrategyRange()
	}
}
