package main

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"strconv"
	"sync"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// countingProxy stands between an exporter and the broker and counts Kafka requests by API. The broker has to advertise
// the proxy's address, or clients go round it.
type countingProxy struct {
	listener net.Listener
	target   string

	mu     sync.Mutex
	counts map[string]int
	conns  map[net.Conn]struct{}
}

func newCountingProxy(listener net.Listener, target string) *countingProxy {
	p := &countingProxy{listener: listener, target: target, counts: map[string]int{}, conns: map[net.Conn]struct{}{}}
	go p.serve()
	return p
}

func (p *countingProxy) serve() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		go p.relay(client)
	}
}

func (p *countingProxy) relay(client net.Conn) {
	defer client.Close()
	broker, err := net.Dial("tcp", p.target)
	if err != nil {
		return
	}
	defer broker.Close()
	p.track(client, broker)
	defer p.untrack(client, broker)
	go func() {
		_, _ = io.Copy(client, broker)
		client.Close()
	}()
	_ = p.copyRequests(broker, client)
}

// copyRequests forwards length-prefixed Kafka requests and counts each by the API key in its header.
func (p *countingProxy) copyRequests(dst io.Writer, src io.Reader) error {
	head := make([]byte, 6)
	for {
		if _, err := io.ReadFull(src, head); err != nil {
			return err
		}
		size := int64(binary.BigEndian.Uint32(head))
		if size < 2 {
			return errors.New("request without an API key")
		}
		p.count(int16(binary.BigEndian.Uint16(head[4:])))
		if _, err := dst.Write(head); err != nil {
			return err
		}
		if _, err := io.CopyN(dst, src, size-2); err != nil {
			return err
		}
	}
}

func (p *countingProxy) count(key int16) {
	name := kmsg.NameForKey(key)
	if name == "" {
		name = "key" + strconv.Itoa(int(key))
	}
	p.mu.Lock()
	p.counts[name]++
	p.mu.Unlock()
}

// take returns the counts since the last call.
func (p *countingProxy) take() map[string]int {
	p.mu.Lock()
	defer p.mu.Unlock()
	counts := p.counts
	p.counts = map[string]int{}
	return counts
}

func (p *countingProxy) track(conns ...net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range conns {
		p.conns[c] = struct{}{}
	}
}

func (p *countingProxy) untrack(conns ...net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range conns {
		delete(p.conns, c)
	}
}

func (p *countingProxy) Close() error {
	err := p.listener.Close()
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.conns {
		c.Close()
	}
	return err
}
