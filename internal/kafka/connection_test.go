package kafka

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/IBM/sarama"
	"github.com/go-kit/log"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"kafka_burndown_exporter/internal/kafka/auth"
	"kafka_burndown_exporter/internal/lag"
)

// A peer that takes connections and never answers does not keep a lane opening for ever.
func TestMutePeerEndsTheOpening(t *testing.T) {
	for name, security := range map[string]auth.Settings{
		"plaintext": {},
		"TLS":       {TLS: auth.TLS{Enabled: true, InsecureSkipVerify: true}},
		"SASL":      {SASL: auth.SASL{Enabled: true, Handshake: true, Username: "alice", Password: "secret"}},
	} {
		t.Run(name, func(t *testing.T) {
			login, err := auth.New(security, log.NewNopLogger())
			if err != nil {
				t.Fatal(err)
			}
			mute := func(context.Context, string, string) (net.Conn, error) {
				ours, theirs := net.Pipe()
				go func() { _, _ = io.Copy(io.Discard, theirs) }()
				return ours, nil
			}
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			defer cancel()
			_, err = openSession(ctx, sarama.NewConfig(), login, &cluster{}, mute, "mute:9093", time.Now().Add(50*time.Millisecond))
			if !isTimeout(err) || ctx.Err() != nil {
				t.Errorf("ended with %v", err)
			}
		})
	}
}

// A login that takes longer than a wave ends nevertheless, also that of a bootstrap address.
func TestLoginLongerThanAWave(t *testing.T) {
	bubble(t, 3, func(t *testing.T, f *fixture) {
		f.topic("orders", 3)
		f.groups(3, "orders")
		f.config.Interval = time.Second
		f.network.slow(2 * time.Second)
		s := f.sampler()
		for range 20 {
			w, err := s.Wave(t.Context())
			if err == nil && len(w.Groups) == 3 && unread(w) == 0 {
				return
			}
			time.Sleep(f.config.Interval)
		}
		t.Errorf("never connected: %v", f.stats)
	})
}

// A call whose time is over before its turn comes is not made: it would cost a healthy connection, and be taken for a
// failure of the broker.
func TestCallThatIsTooLateIsNotMade(t *testing.T) {
	late := func(t *testing.T, f *fixture, call func(*Sampler)) {
		t.Helper()
		f.topic("orders", 1)
		f.groups(1, "orders")
		s := f.sampler()
		checkAllRead(t, f.wave(s))
		dials := f.network.dialled()
		f.stats.reset()
		for range 20 {
			call(s)
		}
		if len(f.stats.requests) > 0 || len(f.stats.failures) > 0 {
			t.Errorf("%v", f.stats)
		}
		checkAllRead(t, f.next(s))
		if n := f.network.dialled() - dials; n != 0 {
			t.Errorf("%d connections were opened again", n)
		}
	}
	t.Run("ask", func(t *testing.T) {
		bubble(t, 1, func(t *testing.T, f *fixture) {
			late(t, f, func(s *Sampler) {
				ctx, cancel := context.WithDeadline(t.Context(), time.Now())
				defer cancel()
				if _, err := s.askMetadata(ctx, s.nodes[0]); !isTimeout(err) {
					t.Errorf("%v", err)
				}
			})
		})
	})
	t.Run("time queries", func(t *testing.T) {
		bubble(t, 1, func(t *testing.T, f *fixture) {
			late(t, f, func(s *Sampler) {
				s.answer(t.Context(), time.Now().Add(-s.deadline), []lag.TimeQuery{{Topic: "orders", At: time.Now()}})
			})
		})
	})
	t.Run("behind another", func(t *testing.T) {
		bubble(t, 1, func(t *testing.T, f *fixture) {
			f.topic("orders", 1)
			f.groups(1, "orders")
			s := f.sampler()
			checkAllRead(t, f.wave(s))
			f.stats.reset()
			f.hang(0, kmsg.ListGroups)
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			go s.listOne(ctx, s.nodes[0])
			synctest.Wait()
			s.listOne(ctx, s.nodes[0])
			synctest.Wait()
			if n := f.stats.failed("ListGroups timeout"); n != 1 || f.stats.requests[apiListGroups] != 1 {
				t.Errorf("%v", f.stats)
			}
		})
	})
}

// A broker refuses the first token: the next login has another, on every connection.
func TestRefusedTokenIsReplaced(t *testing.T) {
	issued := atomic.Int32{}
	endpoint := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"access_token":"token-%d","expires_in":3600}`, issued.Add(1))
	}))
	defer endpoint.Close()
	f := newFixture(t, kfake.NumBrokers(2))
	f.topic("orders", 1)
	f.cluster.ControlKey(int16(kmsg.SASLHandshake), func(r kmsg.Request) (kmsg.Response, error, bool) {
		f.cluster.KeepControl()
		return r.ResponseKind(), nil, true
	})
	refusals := atomic.Int32{}
	f.cluster.ControlKey(int16(kmsg.SASLAuthenticate), func(r kmsg.Request) (kmsg.Response, error, bool) {
		f.cluster.KeepControl()
		answer := r.ResponseKind().(*kmsg.SASLAuthenticateResponse)
		if bytes.Contains(r.(*kmsg.SASLAuthenticateRequest).SASLAuthBytes, []byte("token-1\x01")) {
			refusals.Add(1)
			answer.ErrorCode = kerr.SaslAuthenticationFailed.Code
		}
		return answer, nil, true
	})
	f.config.Security.SASL = auth.SASL{
		Enabled: true, Handshake: true, Mechanism: "oauthbearer", Username: "alice",
		OAuth: auth.OAuth{TokenURL: endpoint.URL},
	}
	s := f.sampler()
	if _, err := s.Wave(t.Context()); err == nil {
		t.Fatal("the first token was not refused")
	}
	for deadline := time.Now().Add(30 * time.Second); ; {
		w, err := s.Wave(t.Context())
		if err == nil && len(w.Brokers) == 2 && w.Brokers[0].Up && w.Brokers[1].Up {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("no login: %v\n%s", err, f.logs)
		}
	}
	if n := issued.Load(); n != 2 || refusals.Load() == 0 {
		t.Errorf("%d tokens and %d refusals", n, refusals.Load())
	}
}
