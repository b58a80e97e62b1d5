package faults

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"sync/atomic"
	"time"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/Shopify/toxiproxy/v2/stream"
	"github.com/Shopify/toxiproxy/v2/toxics"
	"github.com/rs/zerolog"
)

// proxy stands before one listener of a broker.
type proxy struct {
	*toxiproxy.Proxy
	addr   string
	toxics []string
}

var proxies atomic.Int64

// peer is what lies on the way from one broker to another.
type peer struct {
	from, to int32
	*proxy
}

// newProxy starts a proxy for an address; port 0 is one that the kernel chooses and that it keeps.
func newProxy(listen, upstream string) (*proxy, error) {
	server := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.New(io.Discard))
	p := &proxy{Proxy: toxiproxy.NewProxy(server, fmt.Sprint("broker-", proxies.Add(1)), listen, upstream)}
	if err := p.Start(); err != nil {
		return nil, fmt.Errorf("start a proxy for %s: %w", upstream, err)
	}
	p.addr = p.Listen
	return p, nil
}

// toxic is one way to spoil a connection: a type of toxiproxy or of this file, with its attributes.
type toxic struct {
	kind       string
	stream     string // downstream (answers, where empty) or upstream (requests)
	attributes map[string]any
}

// spoil makes connections suffer from now on.
func (p *proxy) spoil(t toxic) error {
	name := fmt.Sprint(t.kind, len(p.toxics))
	if t.stream == "" {
		t.stream = "downstream"
	}
	text, err := json.Marshal(map[string]any{
		"name": name, "type": t.kind, "stream": t.stream, "toxicity": 1, "attributes": t.attributes,
	})
	if err != nil {
		return err
	}
	if _, err := p.Toxics.AddToxicJson(strings.NewReader(string(text))); err != nil {
		return fmt.Errorf("spoil connections by %s: %w", t.kind, err)
	}
	p.toxics = append(p.toxics, name)
	return nil
}

// heal ends all toxics. Connections that a toxic has hurt are closed, as those through a router that is replaced.
func (p *proxy) heal() error {
	names := p.toxics
	p.toxics = nil
	p.cut()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	for _, name := range names {
		if err := p.Toxics.RemoveToxic(ctx, name); err != nil {
			return fmt.Errorf("end %s: %w", name, err)
		}
	}
	return p.restore()
}

// cut closes all connections and accepts none.
func (p *proxy) cut() { p.Stop() }

// restore accepts connections again.
func (p *proxy) restore() error {
	var err error
	for range 50 {
		if err = p.Start(); err == nil || err == toxiproxy.ErrProxyAlreadyStarted {
			return nil
		}
		time.Sleep(20 * time.Millisecond)
	}
	return fmt.Errorf("accept connections at %s again: %w", p.addr, err)
}

// leadTo makes another address answer behind the same one.
func (p *proxy) leadTo(upstream string) error {
	p.cut()
	p.Upstream = upstream
	return p.restore()
}

func init() {
	zerolog.SetGlobalLevel(zerolog.Disabled) // toxics have a logger of their own
	toxics.Register("garbage", new(garbage))
	toxics.Register("truncate", new(truncate))
}

// garbage replaces one byte in Every by chance, and closes nothing.
type garbage struct {
	// Every is the mean distance of two bytes that are replaced.
	Every int `json:"every"`
}

func (g *garbage) Pipe(stub *toxics.ToxicStub) {
	pipe(stub, func(c *stream.StreamChunk) bool {
		for i := rand.IntN(2*g.Every + 1); i < len(c.Data); i += 1 + rand.IntN(2*g.Every+1) {
			c.Data[i] = byte(rand.Uint32())
		}
		return true
	})
}

// truncate closes a connection in the middle of what comes, once in a while.
type truncate struct {
	// OneIn is the share of chunks that are cut in two.
	OneIn int `json:"one_in"`
}

func (t *truncate) Pipe(stub *toxics.ToxicStub) {
	pipe(stub, func(c *stream.StreamChunk) bool {
		if rand.IntN(t.OneIn) > 0 || len(c.Data) < 2 {
			return true
		}
		c.Data = c.Data[:len(c.Data)/2]
		return false
	})
}

// pipe passes chunks on as each changes them, until one is the last.
func pipe(stub *toxics.ToxicStub, each func(*stream.StreamChunk) bool) {
	for {
		select {
		case <-stub.Interrupt:
			return
		case c := <-stub.Input:
			if c == nil {
				stub.Close()
				return
			}
			more := each(c)
			stub.Output <- c
			if !more {
				stub.Close()
				return
			}
		}
	}
}

// notKafka is a server that answers whatever comes with the same bytes.
func notKafka(banner string) (addr string, closer io.Closer, err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				_, _ = io.WriteString(conn, banner)
				_, _ = io.Copy(io.Discard, conn)
			}()
		}
	}()
	return l.Addr().String(), l, nil
}
