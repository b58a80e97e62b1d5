// Package proxy stands between Kafka clients and a broker: it counts requests by client, and can cut the connection.
package proxy

import (
	"bufio"
	"encoding/binary"
	"io"
	"maps"
	"net"
	"sync"
)

// Proxy forwards connections to one broker.
type Proxy struct {
	listener net.Listener
	target   string

	mu       sync.Mutex
	cut      bool
	open     map[net.Conn]bool
	requests map[string]int
}

// New listens on a free port of 127.0.0.1.
func New(target string) (*Proxy, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &Proxy{listener: l, target: target, open: map[net.Conn]bool{}, requests: map[string]int{}}
	go p.accept()
	return p, nil
}

// Addr is where clients connect.
func (p *Proxy) Addr() string { return p.listener.Addr().String() }

// Close stops listening and closes every connection.
func (p *Proxy) Close() {
	p.listener.Close()
	p.Cut(true)
}

// Cut closes every connection and lets none through until it is called with false.
func (p *Proxy) Cut(cut bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cut = cut
	if cut {
		for conn := range p.open {
			conn.Close()
		}
	}
}

// Requests is how many requests each client has sent, by client id.
func (p *Proxy) Requests() map[string]int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return maps.Clone(p.requests)
}

func (p *Proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		go p.serve(client)
	}
}

func (p *Proxy) serve(client net.Conn) {
	defer client.Close()
	if !p.track(client, true) {
		return
	}
	defer p.track(client, false)
	broker, err := net.Dial("tcp", p.target)
	if err != nil {
		return
	}
	defer broker.Close()
	go func() {
		defer client.Close()
		_, _ = io.Copy(client, broker)
	}()
	p.forward(broker, bufio.NewReader(client))
}

// track remembers or forgets a connection; it reports false where the line is cut.
func (p *Proxy) track(conn net.Conn, open bool) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !open {
		delete(p.open, conn)
		return true
	}
	if p.cut {
		return false
	}
	p.open[conn] = true
	return true
}

// forward passes requests on one by one. A request is its length in four bytes, then key and version (two bytes each),
// correlation id (four), and the client id behind its length (two).
func (p *Proxy) forward(broker io.Writer, client *bufio.Reader) {
	const fixed = 14
	for {
		head := make([]byte, fixed)
		if _, err := io.ReadFull(client, head); err != nil {
			return
		}
		rest := int64(binary.BigEndian.Uint32(head)) - (fixed - 4)
		id := make([]byte, max(0, int64(int16(binary.BigEndian.Uint16(head[12:])))))
		if rest < int64(len(id)) {
			return
		}
		if _, err := io.ReadFull(client, id); err != nil {
			return
		}
		p.mu.Lock()
		p.requests[string(id)]++
		p.mu.Unlock()
		if _, err := broker.Write(append(head, id...)); err != nil {
			return
		}
		if _, err := io.CopyN(broker, client, rest-int64(len(id))); err != nil {
			return
		}
	}
}
