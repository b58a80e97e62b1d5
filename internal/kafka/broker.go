package kafka

import (
	"context"
	"errors"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/IBM/sarama"

	"kafka_burndown_exporter/internal/lag"
)

// node is one broker with its connections. Calls on one connection wait for each other, and a call that is given up costs
// its connection, so commits, ends, slow descriptions and share groups each have their own. The spare one is for what may be given up
// while the others are needed: the second half of many commits, and metadata, which several brokers are asked for.
type node struct {
	id      int32
	label   string
	address string
	gone    bool // not in the newest metadata

	coordinator, leader, describe, spare, share *lane
	standing                                    *standing

	versions map[int16]int16 // that the broker supports, as told last; guarded by the coordinator lane's mutex
	answered atomic.Bool     // in this wave
	// batch is how many groups a fetch may ask for; it shrinks when an answer is too large to be read.
	batch int
	// shareWaves is how many waves it takes to get through the broker's share groups, as seen last.
	shareWaves int
	// refused is the shape of requests for offsets that the broker left, refusedAt when it was refused last.
	refused   fetchShape
	refusedAt time.Time
	// describeSize and describeLimit are the same for descriptions: how many groups to ask about next, and the most that were
	// read after more had been too many.
	describeSize, describeLimit int
}

func (s *Sampler) newNode(id int32, address string) *node {
	label := strconv.Itoa(int(id))
	standing := new(standing)
	lane := func() *lane { return newLane(s.ctx, address, label, standing, s.lanes) }
	return &node{
		id: id, label: label, address: address, batch: maxBatchGroups,
		describeSize: maxDescribeGroups, describeLimit: maxDescribeGroups,
		standing: standing, coordinator: lane(), leader: lane(), describe: lane(), spare: lane(), share: lane(),
	}
}

func (n *node) shut() {
	for _, l := range []*lane{n.coordinator, n.leader, n.describe, n.spare, n.share} {
		l.shut()
	}
}

// ask makes one request to a node and accounts for it.
func ask[Q, T any](
	ctx context.Context, s *Sampler, n *node, l *lane, api string, send func(*sarama.Broker, Q) (T, error), request Q,
) (T, error) {
	return askSession(ctx, s, n, l, api, func(*session) func(*sarama.Broker) (T, error) {
		return func(b *sarama.Broker) (T, error) { return send(b, request) }
	})
}

// askSession is ask for a request that depends on the session.
func askSession[T any](
	ctx context.Context, s *Sampler, n *node, l *lane, api string, fn func(*session) func(*sarama.Broker) (T, error),
) (T, error) {
	v, err := call(ctx, l, api, fn)
	if err != nil && ctx.Err() == context.Canceled { // given up by us, who may have closed the connection, too
		err = context.Canceled
	}
	s.account(n, api, err)
	return v, err
}

func (s *Sampler) account(n *node, api string, err error) {
	var (
		connect connectError
		unsent  unsentError
	)
	switch {
	case err == nil:
		n.answered.Store(true)
		s.once.worked(api, n.label)
		s.once.worked(apiConnect, n.label)
	case errors.Is(err, context.Canceled), errors.As(err, &unsent):
	case errors.As(err, &connect):
		s.failure(apiConnect, n, reason(err), connect.err)
	default:
		s.failure(api, n, reason(err), err)
	}
}

// failure counts and logs one failed request, or one error code in an answer.
func (s *Sampler) failure(api string, n *node, reason string, err error, more ...any) {
	s.stats.Failure(api, n.label, reason)
	s.once.fail(api, n.label, reason, err, append([]any{"address", n.address}, more...)...)
}

// reasonOf is why an offset is unknown after an error code of a topic.
func reasonOf(code sarama.KError) lag.Reason {
	switch code {
	case sarama.ErrNoError:
		return lag.ReasonNone
	case sarama.ErrTopicAuthorizationFailed, sarama.ErrGroupAuthorizationFailed, sarama.ErrClusterAuthorizationFailed:
		return lag.ReasonAuthorization
	}
	return lag.ReasonLeader
}
