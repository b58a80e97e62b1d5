package faults

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"kafka_burndown_exporter/test/kafka"
	"kafka_burndown_exporter/test/pki"
)

const password = "correct-horse"

// world is a cluster with its proxies, its driver, the exporter that watches it, and the oracle.
type world struct {
	*driver
	t        *testing.T
	cluster  *kafka.Cluster
	listener kafka.Listener
	proxies  []*proxy // of the brokers, in their order
	peers    []peer   // between them
	exporter *exporter
	scraper  *scraper
	oracle   *oracle
	settings settings
	crew     *crew
	groups   []string // that are to be there, complete, whenever nothing is wrong
	without  time.Duration
	keys     string          // folder of the exporter's certificates
	live     context.Context // of the world
	stop     context.CancelFunc
	scraping sync.WaitGroup
}

var scale = settings{
	interval: time.Second, maxAge: 3 * time.Second, rateWindow: 12 * time.Second, stallWindow: 30 * time.Second,
	startsRefresh: 2 * time.Second, log2x7Max: 140, burndownCap: 86400,
}

// newWorld starts everything. The exporter reaches the brokers through the proxies only, and logs in.
func newWorld(t *testing.T, brokers int, listener kafka.Listener) *world {
	t.Helper()
	w := &world{t: t, listener: listener, settings: scale, keys: t.TempDir()}
	w.settings.brokers = brokers
	byBroker := map[int32]*proxy{}
	var mu sync.Mutex
	advertise := func(b *kafka.Broker, l kafka.Listener) (string, error) {
		if l != w.listener {
			return b.Addr(l), nil
		}
		mu.Lock()
		defer mu.Unlock()
		if byBroker[b.ID] == nil {
			p, err := newProxy("127.0.0.1:0", b.Addr(l))
			if err != nil {
				return "", err
			}
			byBroker[b.ID] = p
		}
		return byBroker[b.ID].addr, nil
	}
	var between func(from, to *kafka.Broker, listen, upstream string) error
	if brokers > 1 {
		between = func(from, to *kafka.Broker, listen, upstream string) error {
			p, err := newProxy(listen, upstream)
			w.peers = append(w.peers, peer{from.ID, to.ID, p})
			return err
		}
	}
	w.cluster = kafka.Start(t, kafka.Options{
		Brokers: brokers, Listeners: []kafka.Listener{w.listener}, Mechanisms: []string{"SCRAM-SHA-256"},
		Users: map[string]string{user: password}, ACLs: listener == kafka.SASLPlaintext, Advertise: advertise, Between: between,
		Properties: map[string]string{
			"min.insync.replicas": "1", "broker.session.timeout.ms": "3000", "broker.heartbeat.interval.ms": "500",
			"log.retention.check.interval.ms": "1000000", "offsets.retention.check.interval.ms": "600000000",
			"replica.lag.time.max.ms": "3000", "controlled.shutdown.retry.backoff.ms": "200",
		},
	})
	for _, b := range w.cluster.Brokers() {
		w.proxies = append(w.proxies, byBroker[b.ID])
	}
	var err error
	if w.driver, err = newDriver(w.cluster.Addrs(kafka.Plaintext), func(err error) { t.Errorf("the truth is not known any more: %v", err) }); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	w.live, w.stop = ctx, stop
	if err := w.populate(ctx); err != nil {
		t.Fatal(err)
	}
	w.startExporter(ctx)
	t.Cleanup(func() {
		w.stop()
		w.scraping.Wait()
		w.driver.close()
		w.exporter.kill()
		if t.Failed() {
			t.Logf("the exporter's log:\n%s", lastLines(w.exporter.out.String(), 60))
		}
	})
	return w
}

func lastLines(s string, n int) string {
	lines := strings.Split(s, "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}

// populate creates topics and groups and lets them live.
func (w *world) populate(ctx context.Context) error {
	replicas := min(3, w.settings.brokers)
	for name, n := range map[string]int{"orders": 6, "events": 3, "audit": 2, "work": 6} {
		if err := w.create(ctx, name, n, replicas); err != nil {
			return err
		}
	}
	if w.listener == kafka.SASLPlaintext {
		if err := w.grant(ctx, rights...); err != nil {
			return err
		}
	}
	for p := range 2 {
		if err := w.produce(ctx, "audit", w.topic("audit").present(), p, 1000*(p+1)); err != nil {
			return err
		}
	}
	w.flow(ctx, "orders", func(p int) int { return 4 + 2*p })
	w.flow(ctx, "events", func(p int) int { return 3 + p })
	w.flow(ctx, "work", func(int) int { return 2 }) // 120/s
	far := func(n int64) func(string, int) int64 { return func(_ string, p int) int64 { return n * int64(p) } }
	w.behind(ctx, w.addGroup(newGroup("near", 300*time.Millisecond, "orders")), far(0))
	w.behind(ctx, w.addGroup(newGroup("far", 700*time.Millisecond, "orders", "events")), far(120))
	w.behind(ctx, w.addGroup(newGroup("rare", 5*time.Second, "events")), far(0))
	partial := newGroup("partial", 500*time.Millisecond, "orders")
	partial.partial = 4
	w.behind(ctx, w.addGroup(partial), far(50))
	idle := w.addGroup(newGroup("idle", 0, "audit"))
	if err := w.commit(ctx, idle, map[string][]int64{"audit": {400, 2000}}); err != nil {
		return err
	}
	workers := newGroup("workers", 250*time.Millisecond, "work")
	workers.members = &history{}
	// One member can do 80 a second; 120 come.
	workers.floor = 2
	w.crew = &crew{d: w.driver, g: w.addGroup(workers), topic: "work", rate: 80}
	for range 3 {
		if err := w.crew.join(ctx); err != nil {
			return err
		}
	}
	w.groups = []string{"near", "far", "rare", "partial", "idle", "workers"}
	return nil
}

func (w *world) startExporter(ctx context.Context) {
	if err := w.certify(w.cluster.Authority, w.cluster.Authority); err != nil {
		w.t.Fatal(err)
	}
	var servers []string
	for _, p := range w.proxies {
		servers = append(servers, p.addr)
	}
	args := append(w.args(), "--kafka.server="+strings.Join(servers, ","))
	var err error
	if w.exporter, err = newExporter(build(w.t), args...); err != nil {
		w.t.Fatal(err)
	}
	if err := w.exporter.start("SASL_USER_PASSWORD=" + password); err != nil {
		w.t.Fatal(err)
	}
	w.oracle = newOracle(w.known, w.settings)
	w.scraper = newScraper(w.exporter.url(), 50*time.Millisecond)
	w.scraping.Go(func() { w.scraper.run(ctx) })
}

func (w *world) args() []string {
	s := w.settings
	args := []string{
		"--sample.interval=" + s.interval.String(), "--sample.max-age=" + s.maxAge.String(),
		"--rate.window=" + s.rateWindow.String(), "--stall.window=" + s.stallWindow.String(),
		"--refresh.starts=" + s.startsRefresh.String(), "--refresh.metadata=" + metadataRefresh.String(),
		"--log.level=debug",
	}
	if w.listener == kafka.MutualTLS {
		key := filepath.Join(w.keys, "client.pem")
		return append(args, "--tls.enabled", "--tls.ca-file="+filepath.Join(w.keys, "ca.pem"), "--tls.cert-file="+key, "--tls.key-file="+key)
	}
	return append(args, "--sasl.enabled", "--sasl.mechanism=scram-sha256", "--sasl.username="+user)
}

// certify gives the exporter a certificate by one authority, and lets it trust another.
func (w *world) certify(by, trusted *pki.Authority) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	cert, err := by.Sign(pki.Subject{CommonName: user}, key.Public())
	if err != nil {
		return err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	both := append(cert, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})...)
	if err := os.WriteFile(filepath.Join(w.keys, "client.pem"), both, 0o600); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(w.keys, "ca.pem"), trusted.PEM, 0o600)
}

// everywhere spoils the connections to all brokers.
func (w *world) everywhere(t ...toxic) error {
	for _, p := range w.proxies {
		for _, one := range t {
			if err := p.spoil(one); err != nil {
				return err
			}
		}
	}
	return nil
}

// healAll ends what was done to connections.
func (w *world) healAll() error {
	for _, p := range w.proxies {
		if err := p.heal(); err != nil {
			return err
		}
	}
	return nil
}

// well reports whether a scrape shows all groups, complete and read after a time; missing says which it does not.
func (w *world) well(s *scrape, after instant) (missing string) {
	if s == nil {
		return "no answer"
	}
	v := newView(s)
	for _, name := range w.groups {
		g := v.groups[name]
		if g == nil {
			return name
		}
		lag, ok := g.values["lag"]
		switch {
		case !ok:
			return fmt.Sprint(name, " has no lag: ", g.values, g.states)
		case g.values["complete"] != 1:
			return fmt.Sprint(name, " is not complete: ", g.values, g.states)
		case g.values["sample_timestamp_seconds"] <= after.Seconds():
			return fmt.Sprint(name, " was not read since")
		}
		_ = lag
	}
	return ""
}

// recovered waits until everything is shown again, and returns how long that took.
func (w *world) recovered(ctx context.Context, since instant, limit time.Duration) (time.Duration, error) {
	missing := "nothing"
	for end := since.Add(limit); now() < end; wait(ctx, 50*time.Millisecond) {
		if ctx.Err() != nil {
			return 0, ctx.Err()
		}
		if missing = w.well(w.scraper.newest(), since); missing == "" {
			return time.Duration(now() - since), nil
		}
	}
	return limit, fmt.Errorf("not everything is shown %s after the fault: %s", limit, missing)
}

// isolate cuts the brokers off from each other for which it is told so; clients still reach them.
func (w *world) isolate(apart func(from, to int32) bool) {
	for _, p := range w.peers {
		if apart(p.from, p.to) {
			p.cut()
		}
	}
}

// rejoin lets all brokers reach each other again.
func (w *world) rejoin() error {
	var errs []error
	for _, p := range w.peers {
		errs = append(errs, p.restore())
	}
	return errors.Join(errs...)
}
