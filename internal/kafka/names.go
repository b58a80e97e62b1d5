package kafka

import (
	"hash/fnv"
	"regexp"
	"strings"
	"sync"
)

// has reports whether a name belongs to the shard: FNV-1a (64 bits) of the name, modulo the number of shards.
func (s Shard) has(name string) bool {
	if s.Count <= 1 {
		return true
	}
	h := fnv.New64a()
	_, _ = h.Write([]byte(name))
	return h.Sum64()%uint64(s.Count) == uint64(s.Index)
}

// name is what became of a raw name from a broker.
type name struct {
	raw      string
	text     string // valid UTF-8
	admitted bool
	own      bool // belongs to this shard
}

// namer makes names valid, filters them and keeps one copy of each. It is safe for concurrent use.
type namer struct {
	filter, exclude *regexp.Regexp
	shard           Shard

	mu    sync.RWMutex
	known map[string]name
}

func newNamer(filter, exclude *regexp.Regexp, shard Shard) *namer {
	return &namer{filter: filter, exclude: exclude, shard: shard, known: map[string]name{}}
}

func (n *namer) of(raw string) name {
	n.mu.RLock()
	v, ok := n.known[raw]
	n.mu.RUnlock()
	if ok {
		return v
	}
	raw = strings.Clone(raw) // it is a part of a whole answer
	text := strings.ToValidUTF8(raw, "\uFFFD")
	v = name{
		raw:      raw,
		text:     text,
		admitted: (n.filter == nil || n.filter.MatchString(text)) && (n.exclude == nil || !n.exclude.MatchString(text)),
		own:      n.shard.has(text),
	}
	n.mu.Lock()
	n.known[raw] = v
	n.mu.Unlock()
	return v
}

// ofBytes is of for a name that is part of an answer.
func (n *namer) ofBytes(raw []byte) name {
	n.mu.RLock()
	v, ok := n.known[string(raw)]
	n.mu.RUnlock()
	if ok {
		return v
	}
	return n.of(string(raw))
}

// forget bounds what is kept: names that come and go would else add up.
func (n *namer) forget(limit int) {
	n.mu.Lock()
	if len(n.known) > limit {
		clear(n.known)
	}
	n.mu.Unlock()
}
