package kafka

import (
	"context"
	"io"
	"math/rand/v2"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/IBM/sarama"
	"github.com/go-kit/log"

	"kafka_burndown_exporter/internal/kafka/auth"
)

// foreignPort is a listener that answers whatever it is sent, and counts what it got after its first answer.
func foreignPort(t *testing.T, answer func() []byte) (address string, later *lockedBuffer) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	later = &lockedBuffer{}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				request := make([]byte, 4096)
				for n := 0; ; n++ {
					got, err := c.Read(request)
					if err != nil {
						return
					}
					if n > 0 {
						_, _ = later.Write(request[:got])
					}
					if _, err := c.Write(answer()); err != nil {
						return
					}
				}
			}()
		}
	}()
	return l.Addr().String(), later
}

// A port that is not Kafka is named as such. It gets no login, and no memory for what its bytes claim as a length.
func TestPortThatIsNotKafka(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, tt := range []struct {
		name   string
		answer func() []byte
		want   string
	}{
		{"SSH", func() []byte { return []byte("SSH-2.0-OpenSSH_9.6\r\n") }, `does not speak Kafka, it answered "SSH-2.0-"`},
		{"HTTP", func() []byte { return []byte("HTTP/1.1 400 Bad Request\r\n\r\n") },
			`does not speak Kafka, it answered "HTTP/1.1"`},
		{"TLS", func() []byte { return []byte("\x15\x03\x01\x00\x02\x02\x46\x00") }, "--tls.enabled"},
		{"zeros", func() []byte { return make([]byte, 64) }, "does not speak Kafka"},
		{"a length within sarama's limit", func() []byte { return []byte("\x05\x00\x00\x00\x00\x00\x00\x00") },
			"does not speak Kafka"},
		{"random", func() []byte {
			b := make([]byte, 64)
			for i := range b {
				b[i] = byte(random.Uint32())
			}
			return b
		}, "does not speak Kafka"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			address, later := foreignPort(t, tt.answer)
			login, err := auth.New(auth.Settings{SASL: auth.SASL{
				Enabled: true, Mechanism: "plain", Username: "alice", Password: "hunter2",
			}}, log.NewNopLogger())
			if err != nil {
				t.Fatal(err)
			}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			for range 4 {
				_, err := openSession(t.Context(), sarama.NewConfig(), login, &cluster{}, new(net.Dialer).DialContext, address,
					time.Now().Add(10*time.Second))
				if err == nil || !strings.Contains(err.Error(), tt.want) || reason(err) != "not_kafka" {
					t.Fatalf("error %v (%s), want %s", err, reason(err), tt.want)
				}
			}
			runtime.ReadMemStats(&after)
			if used := after.TotalAlloc - before.TotalAlloc; used > 8<<20 {
				t.Errorf("%d bytes were allocated", used)
			}
			if later.String() != "" {
				t.Errorf("it was sent more: %q", later.String())
			}
		})
	}
}

// A bad answer later on is a broken connection, not another protocol.
func TestBadAnswerLater(t *testing.T) {
	ours, theirs := net.Pipe()
	c := &conn{Conn: ours, raw: ours, release: func() bool { return true }}
	defer c.Close()
	go func() {
		for _, answer := range []string{
			"\x00\x00\x00\x06\x00\x00\x00\x01ab", "\x7f\x00\x00\x00\x00\x00\x00\x02",
		} {
			_, _ = io.ReadFull(theirs, make([]byte, 12))
			for _, b := range []byte(answer) { // in the smallest pieces there are
				_, _ = theirs.Write([]byte{b})
			}
		}
	}()
	request := func(correlation byte) []byte { return []byte{0, 0, 0, 8, 0, keyListGroups, 0, 0, 0, 0, 0, correlation} }
	if _, err := c.Write(request(1)); err != nil {
		t.Fatal(err)
	}
	answer := make([]byte, 10)
	if _, err := io.ReadFull(c, answer); err != nil || string(answer[8:]) != "ab" {
		t.Fatalf("answer %q, %v", answer, err)
	}
	if _, err := c.Write(request(2)); err != nil {
		t.Fatal(err)
	}
	_, err := c.Read(answer)
	if reason(err) != "decoding" || !breaksConnection(err) {
		t.Errorf("error %v (%s)", err, reason(err))
	}
	if _, err := c.Write(request(3)); reason(err) != "decoding" {
		t.Errorf("the connection is still used: %v", err)
	}
}

// The log says it once, for an address in --kafka.server and for one that the cluster advertises.
func TestLogOfAPortThatIsNotKafka(t *testing.T) {
	address, _ := foreignPort(t, func() []byte { return []byte("SSH-2.0-OpenSSH_9.6\r\n") })
	f := newFixture(t)
	f.config.Brokers, f.config.Interval = []string{address}, time.Second
	s := f.sampler()
	for range 3 {
		if _, err := s.Wave(t.Context()); err == nil {
			t.Fatal("no error")
		}
	}
	if n := f.logs.lines("does not speak Kafka", "reason=not_kafka", address); n != 1 {
		t.Errorf("%d lines:\n%s", n, f.logs)
	}

	f = newFixture(t)
	f.topic("orders", 1)
	real, dial := f.address(0), f.config.Dial
	seen := false
	f.config.Dial = func(ctx context.Context, network, to string) (net.Conn, error) {
		if to == real && seen {
			to = address
		}
		seen = true
		return dial(ctx, network, to)
	}
	s = f.sampler()
	for range 3 {
		_, _ = s.Wave(t.Context())
	}
	if n := f.logs.lines("does not speak Kafka", "broker=0"); n != 1 {
		t.Errorf("%d lines:\n%s", n, f.logs)
	}
}
