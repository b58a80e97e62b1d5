package kafka

import (
	"context"
	"encoding/binary"

	"github.com/IBM/sarama"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// Requests that sarama lacks are written and their answers read by kmsg, and go over sarama's connection. All of them
// are of flexible versions.

// newest is the newest version of an API that a broker supports, by the last connection to it, where requests of our own
// may be made.
func (s *Sampler) newest(n *node, key int16) (int16, bool) {
	if n == nil || !s.versions.ownRequests {
		return 0, false
	}
	return n.newest(key)
}

// newest is the newest version of an API that the broker supports, by the last connection to it.
func (n *node) newest(key int16) (int16, bool) {
	n.coordinator.mu.Lock()
	defer n.coordinator.mu.Unlock()
	if open := n.coordinator.session; open != nil {
		n.versions = open.versions
	}
	v, ok := n.versions[key]
	return v, ok
}

// askOwn makes one request that sarama lacks, in the newest version that both sides know, and accounts for it. The answer
// is read into one of the request's kind.
func askOwn[T kmsg.Response](ctx context.Context, s *Sampler, n *node, l *lane, api string, r kmsg.Request) (T, error) {
	return askSession(ctx, s, n, l, api, func(ses *session) func(*sarama.Broker) (T, error) {
		request, err := ses.encode(s.cfg.ClientID, r)
		return func(*sarama.Broker) (T, error) {
			var none T
			if err != nil {
				return none, err
			}
			raw, err := ses.exchange(request)
			if err != nil {
				return none, err
			}
			return decodeOwn[T](raw, r)
		}
	})
}

// encode writes a request for this session.
func (s *session) encode(clientID string, r kmsg.Request) ([]byte, error) {
	newest, ok := s.versions[r.Key()]
	if !ok {
		return nil, sarama.ErrUnsupportedVersion
	}
	r.SetVersion(min(newest, r.MaxVersion()))
	s.sent++
	b := requestHeader(r.Key(), r.GetVersion(), s.sent, clientID)
	b = r.AppendTo(append(b, 0)) // tags
	binary.BigEndian.PutUint32(b, uint32(len(b)-4))
	return b, nil
}

// decodeOwn reads the answer to a request, as it follows the correlation ID.
func decodeOwn[T kmsg.Response](raw []byte, r kmsg.Request) (T, error) {
	var none T
	head := offsetReader{b: raw}
	head.tags()
	out, ok := r.ResponseKind().(T)
	if !ok || head.broken {
		return none, sarama.PacketDecodingError{Info: "the head of an answer to " + kmsg.NameForKey(r.Key())}
	}
	out.SetVersion(r.GetVersion())
	if err := out.ReadFrom(head.b); err != nil {
		return none, sarama.PacketDecodingError{Info: "an answer to " + kmsg.NameForKey(r.Key()) + ": " + err.Error()}
	}
	return out, nil
}
