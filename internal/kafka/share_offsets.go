package kafka

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/IBM/sarama"
	"github.com/twmb/franz-go/pkg/kmsg"

	"kafka_burndown_exporter/internal/lag"
)

const (
	// shareRate bounds what a broker is asked for of share groups: partitions per second of the interval. One costs it
	// tens of µs, since it asks its state coordinators and the leaders for each, so this is some percent of a core. Where a
	// broker has more, each of its groups is read in every second wave, every third, and so on.
	shareRate = 2000
	// assumedSharePartitions are those of a group that was never read.
	assumedSharePartitions = 50
	// maxShareWaves is in how many waves, at most, a broker that is too slow for one has to get through its share groups.
	maxShareWaves = 30
)

// shareTurn is a share group whose turn it is, and what its coordinator answers.
type shareTurn struct {
	group    *group
	raw      string
	topics   []shareTopic // those known before, then those of the answer
	code     sarama.KError
	at       time.Time // of the answer, zero: none came
	wasAsked bool
}

// shareWork is what is asked of share groups' coordinators beside the commits of other groups, one group in a request, on
// connections of its own: requests for several groups take longer than one for each, and those of other groups would wait.
type shareWork struct {
	nodes []*node
	turns [][]*shareTurn // by node, in their order
	done  chan struct{}
}

// startShares begins to read the share groups whose turn it is.
func (s *Sampler) startShares(ctx context.Context, nodes []*node) *shareWork {
	w := &shareWork{nodes: nodes, turns: make([][]*shareTurn, len(nodes)), done: make(chan struct{})}
	groups := map[int32][]*group{}
	for _, g := range s.groups {
		if g.askable() && s.tellsShares(g.entry) {
			groups[g.entry.coordinator] = append(groups[g.entry.coordinator], g)
		}
	}
	for i, n := range nodes {
		w.turns[i] = s.turnsOf(groups[n.id], n.shareWaves)
	}
	go func() {
		defer close(w.done)
		s.readShares(ctx, w)
	}()
	return w
}

// askable reports a share group whose coordinator can be asked in this wave.
func (g *group) askable() bool {
	return g.entry != nil && g.entry.typ == lag.GroupShare && g.entry.fresh && !g.entry.contested
}

// tellsShares reports whether a group's coordinator tells the lag of share groups.
func (s *Sampler) tellsShares(e *entry) bool {
	v, ok := s.newest(s.nodes[e.coordinator], keyShareOffsets)
	return ok && v >= shareLagVersion
}

// turnsOf are the groups of one coordinator that are read in this wave: those that wait longest, up to the budget. slow is
// in how many waves its broker gets through all of them, as seen last.
func (s *Sampler) turnsOf(groups []*group, slow int) (turns []*shareTurn) {
	budget, partitions := max(1, int(shareRate*s.cfg.Interval.Seconds())), 0
	for _, g := range groups {
		if g.share == nil {
			g.share = &shareGroup{}
		}
		partitions += g.share.partitions()
	}
	every := time.Duration(0)
	if waves := max((partitions+budget-1)/budget, slow); waves > 1 {
		every = time.Duration(waves) * s.cfg.Interval
	}
	slices.SortFunc(groups, func(a, b *group) int {
		if c := a.share.turn.Compare(b.share.turn); c != 0 {
			return c
		}
		return strings.Compare(a.id, b.id)
	})
	for i, g := range groups {
		g.share.every = every
		if budget -= g.share.partitions(); i == 0 || budget >= 0 {
			turns = append(turns, &shareTurn{group: g, raw: g.raw, topics: g.share.topics})
		}
	}
	return turns
}

// readShares asks for the offsets.
func (s *Sampler) readShares(ctx context.Context, w *shareWork) {
	var floors sync.Mutex
	s.readFloors(ctx, w.turns...)
	s.each(w.nodes, func(i int, n *node) { s.readTurns(ctx, n, w.turns[i], &floors) })
}

// readTurns asks one coordinator about one group after the other, as long as another answer is likely to come in time. The
// floor of a partition that is seen for the first time was not read before, so its group is asked about once more.
func (s *Sampler) readTurns(ctx context.Context, n *node, turns []*shareTurn, floors *sync.Mutex) {
	deadline, _ := ctx.Deadline()
	longest := time.Duration(0)
	for _, t := range turns {
		began := time.Now()
		if ctx.Err() != nil || !deadline.IsZero() && deadline.Sub(began) < 2*longest {
			return
		}
		t.wasAsked = true
		answer, err := s.askShare(ctx, n, t.raw)
		if err == nil && answer.code == sarama.ErrNoError && s.lacksFloor(answer.topics, floors) {
			floors.Lock()
			s.readFloors(ctx, []*shareTurn{{topics: answer.topics}})
			floors.Unlock()
			answer, err = s.askShare(ctx, n, t.raw)
		}
		longest = max(longest, time.Since(began))
		switch {
		case err == nil:
			t.topics, t.code, t.at = answer.topics, answer.code, time.Now()
		case !isTooLarge(err): // left out by itself
			return
		}
	}
}

// shareAnswer is what a coordinator answers about one share group.
type shareAnswer struct {
	topics []shareTopic
	code   sarama.KError
}

func (s *Sampler) askShare(ctx context.Context, n *node, raw string) (shareAnswer, error) {
	r := kmsg.NewPtrDescribeShareGroupOffsetsRequest()
	one := kmsg.NewDescribeShareGroupOffsetsRequestGroup()
	one.GroupID = raw
	r.Groups = append(r.Groups, one)
	return askSession(ctx, s, n, n.share, apiShareOffsets, func(ses *session) func(*sarama.Broker) (shareAnswer, error) {
		request, err := ses.encode(s.cfg.ClientID, r)
		return func(*sarama.Broker) (out shareAnswer, _ error) {
			if err != nil {
				return out, err
			}
			answer, err := ses.exchange(request)
			if err != nil {
				return out, err
			}
			out.topics, out.code, err = readShareOffsets(answer, raw, s.topicNames)
			return out, err
		}
	})
}

// readFloors reads the ends of the partitions of share groups before they are asked about, each once in a wave.
func (s *Sampler) readFloors(ctx context.Context, turns ...[]*shareTurn) {
	p := plan{}
	s.eachShare(turns, func(t *topic, partition int32) {
		if q := &t.parts[partition]; q.floorWave != s.seen {
			q.floor, q.floorWave = lag.NoOffset, s.seen
			if n := s.nodes[q.leader]; n != nil && !n.gone {
				p.add(q.leader, t, partition)
			}
		}
	})
	for leader, shares := range p {
		p[leader] = joined(shares)
	}
	s.each(s.nodesOf(p), func(_ int, n *node) {
		s.readLeader(ctx, n, p[n.id], latest, sarama.ReadUncommitted, takeFloor)
	})
}

// joined are the shares with each topic once, as a request needs them.
func joined(shares []share) (out []share) {
	slices.SortStableFunc(shares, func(a, b share) int { return strings.Compare(a.topic.name, b.topic.name) })
	for _, sh := range shares {
		if n := len(out); n > 0 && out[n-1].topic == sh.topic {
			out[n-1].partitions = append(out[n-1].partitions, sh.partitions...)
			continue
		}
		out = append(out, sh)
	}
	return out
}

func takeFloor(t *topic, partition int32, found foundOffset, _ time.Time) {
	if found.code == sarama.ErrNoError && found.offset >= 0 && int(partition) < len(t.parts) {
		t.parts[partition].floor = found.offset
	}
}

// eachShare calls fn for every partition of the turns that metadata knows and whose lag was told.
func (s *Sampler) eachShare(turns [][]*shareTurn, fn func(t *topic, partition int32)) {
	for _, of := range turns {
		for _, turn := range of {
			for _, st := range turn.topics {
				t := s.topics.byName[st.text]
				if t == nil {
					continue
				}
				for _, o := range st.offsets {
					if o.lag >= 0 && int(o.partition) < len(t.parts) {
						fn(t, o.partition)
					}
				}
			}
		}
	}
}

func (s *Sampler) lacksFloor(topics []shareTopic, floors *sync.Mutex) (lacks bool) {
	floors.Lock()
	defer floors.Unlock()
	s.eachShare([][]*shareTurn{{{topics: topics}}}, func(t *topic, partition int32) {
		lacks = lacks || t.parts[partition].floorWave != s.seen
	})
	return lacks
}

// takeShares hands what was answered to the groups.
func (s *Sampler) takeShares(w *shareWork) {
	<-w.done
	f := folder{names: s.topicNames}
	for i, n := range w.nodes {
		failed := newFetchOutcome()
		n.shareWaves = wavesFor(w.turns[i])
		for _, t := range w.turns[i] {
			if !t.wasAsked {
				continue // it comes first in the next wave
			}
			t.group.share.turn = time.Now()
			if t.at.IsZero() {
				t.group.fail(lag.ReasonCoordinator)
				continue
			}
			s.foldGroup(n, t.group, t.code, t.at, failed)
			if t.code == sarama.ErrNoError {
				t.group.takeShare(&f, t.topics)
			}
		}
		s.reportFailed(apiShareOffsets, n, failed)
	}
	for _, g := range s.groups {
		switch {
		case g.entry == nil || g.entry.typ != lag.GroupShare || !g.commitsAt.IsZero() || g.err != lag.ReasonNone:
		case !g.askable():
			g.err = lag.ReasonCoordinator
		case !s.tellsShares(g.entry): // members and state are all that is known
			g.untold = true
		default:
			g.waits = true // for its turn
		}
	}
}

// wavesFor is how many waves a broker needs for the groups whose turn it was, by how many it got through.
func wavesFor(turns []*shareTurn) int {
	answered := 0
	for _, t := range turns {
		if !t.at.IsZero() {
			answered++
		}
	}
	if len(turns) == 0 || answered == len(turns) {
		return 1
	}
	return min((len(turns)+max(answered, 1)-1)/max(answered, 1)+1, maxShareWaves)
}
