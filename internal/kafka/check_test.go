package kafka

import (
	"bytes"
	"context"
	"errors"
	"net"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
)

func checkContains(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, p := range parts {
		if !strings.Contains(text, p) {
			t.Errorf("%q is missing in:\n%s", p, text)
		}
	}
}

func TestCheck(t *testing.T) {
	f := newFixture(t, kfake.NumBrokers(2))
	f.topic("orders", 3)
	f.groups(4, "orders")
	var out bytes.Buffer
	if err := f.sampler().Check(t.Context(), &out); err != nil {
		t.Errorf("Check: %v\n%s", err, out.String())
	}
	checkContains(t, out.String(), "Brokers: 2", "Kafka 4.2 or newer", "Topics: 1 with 3 partitions, the ends of 3",
		"Groups: 4, the committed offsets of 4", "classic: 4", "Everything the exporter needs is there.")
}

func TestCheckNamesMissingRights(t *testing.T) {
	f := newFixture(t)
	f.topic("orders", 1)
	f.topic("secret", 1)
	f.groups(4, "orders")
	fetch, ends := []kmsg.Key{kmsg.OffsetFetch}, []kmsg.Key{kmsg.ListOffsets}
	f.cluster.Fault(
		kfake.Fault{Keys: fetch, Group: "group-00003", Err: kerr.GroupAuthorizationFailed, Count: -1},
		kfake.Fault{Keys: ends, Topic: "secret", Err: kerr.TopicAuthorizationFailed, Count: -1})
	var out bytes.Buffer
	if err := f.sampler().Check(t.Context(), &out); !errors.Is(err, ErrCheck) {
		t.Errorf("Check: %v", err)
	}
	checkContains(t, out.String(), "GROUP_AUTHORIZATION_FAILED", "e.g. group-00003", "--operation Describe --group '*'",
		"e.g. secret", "--operation Describe --topic '*'")
}

func TestCheckWithoutCluster(t *testing.T) {
	f := newFixture(t)
	f.network.cut(f.address(0))
	var out bytes.Buffer
	if err := f.sampler().Check(t.Context(), &out); err == nil {
		t.Error("no error")
	}
	checkContains(t, out.String(), "No broker of "+f.address(0)+" answered", "connection refused", "--kafka.server")
}

// Metadata just leaves out what one may not see.
func TestCheckWithoutRightsOnTopics(t *testing.T) {
	f := newFixture(t)
	f.topic("orders", 1)
	f.groups(4, "orders")
	host, port, err := net.SplitHostPort(f.address(0))
	if err != nil {
		t.Fatal(err)
	}
	broker := kmsg.NewMetadataResponseBroker()
	number, _ := strconv.Atoi(port)
	broker.Host, broker.Port = host, int32(number)
	f.cluster.ControlKey(int16(kmsg.Metadata), func(r kmsg.Request) (kmsg.Response, error, bool) {
		f.cluster.KeepControl()
		out := r.ResponseKind().(*kmsg.MetadataResponse)
		out.Brokers = append(out.Brokers, broker)
		return out, nil, true
	})
	var out bytes.Buffer
	if err := f.sampler().Check(t.Context(), &out); err != nil {
		t.Errorf("a warning is an error: %v", err)
	}
	checkContains(t, out.String(), "Topics: 0", "Warning: ", "no topic is visible", "--operation Describe --topic '*'")
	if strings.Contains(out.String(), "Everything") {
		t.Errorf("all seems to be well:\n%s", out.String())
	}
}

func TestCheckOfAddressesThatDoNotResolve(t *testing.T) {
	for brokers := range 2 {
		f := newFixture(t, kfake.NumBrokers(1+brokers))
		real, dial := f.address(0), f.network.dial
		dials := atomic.Int32{}
		f.network.dial = func(ctx context.Context, network, address string) (net.Conn, error) {
			if address == real && dials.Add(1) > 1 { // as if another name were advertised
				return nil, &net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host", Name: "kafka-0.internal"}}
			}
			return dial(ctx, network, address)
		}
		var out bytes.Buffer
		if err := f.sampler().Check(t.Context(), &out); err == nil {
			t.Error("no error")
		}
		checkContains(t, out.String(), "0 at "+real, "name_resolution", "kafka-0.internal", "advertised.listeners")
		if brokers == 0 {
			checkContains(t, out.String(), "A broker of "+real+" answered")
		}
		if strings.Contains(out.String(), "Check --kafka.server") {
			t.Errorf("--kafka.server is blamed:\n%s", out.String())
		}
	}
}
