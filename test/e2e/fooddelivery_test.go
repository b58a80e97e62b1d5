package e2e

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os/exec"
	"strings"
	"testing"
	"time"

	"kafka_burndown_exporter/test/e2e/load"
	"kafka_burndown_exporter/test/e2e/proc"
	"kafka_burndown_exporter/test/e2e/stack"
)

// Three ScaledObjects on a chain of consumers that produce for each other, and a status consumer that writes to a real
// Redis: every order ends closed, every fleet grows and comes back.
func TestFoodDelivery(t *testing.T) {
	t.Parallel()
	w := theWorld(t)
	const ns = "food-delivery"
	w.namespace(t, ns)
	redis := w.redis(t)
	for _, topic := range []string{"orders", "restaurant", "courier", "status"} {
		must(t, w.kafka.CreateTopic(topic, 6))
	}
	p, err := load.Start(w.kafka.Addrs("PLAINTEXT"), "orders", "created")
	must(t, err)
	t.Cleanup(p.Stop)
	m := w.monitor(t, []string{"order", "restaurant", "courier"})
	w.deploy(t, ns, "status-consumer", 1, "-group=status", "-topics=status", "-redis="+redis)
	costs := map[string]time.Duration{"order": 45 * time.Millisecond, "restaurant": 100 * time.Millisecond, "courier": 100 * time.Millisecond}
	fleets := map[string]*fleet{
		"order": w.deploy(t, ns, "order-consumer", 1, "-group=order", "-topics=orders", "-cost=45ms", "-start-delay=2s",
			"-route=created=restaurant:accepted", "-route=created=status:accepted", "-route=delivered=status:closed"),
		"restaurant": w.deploy(t, ns, "restaurant-consumer", 1, "-group=restaurant", "-topics=restaurant", "-cost=100ms", "-start-delay=2s",
			"-route=accepted=courier:prepared"),
		"courier": w.deploy(t, ns, "courier-consumer", 1, "-group=courier", "-topics=courier", "-cost=100ms", "-start-delay=2s",
			"-route=prepared=orders:delivered"),
	}
	p.Rate(2)
	for name := range fleets {
		m.waitFor(t, 90*time.Second, desiredOf(name), known)
	}
	recordings := map[string]*recording{}
	for name, f := range fleets {
		f.waitReady(30*time.Second, 1)
		e := &evening{w: w, m: m, f: f, s: service{namespace: ns, group: name, prometheus: m.url, counts: 1}}
		recordings[name] = e.record(t, w.shipped(t, "food-delivery/prometheus/"+name+".yaml", e.s))
	}
	p.Rate(25)
	for name, f := range fleets {
		eventually(t, 120*time.Second, name+" grows", func() error {
			if wanted, _ := f.replicas(); wanted < 3 {
				return fmt.Errorf("%d replicas", wanted)
			}
			return nil
		})
	}
	p.Rate(0)
	orders := p.Acknowledged
	eventually(t, 180*time.Second, "every order is closed", func() error {
		if closed := closedOrders(t, redis); int64(closed) != orders() {
			return fmt.Errorf("%d of %d", closed, orders())
		}
		return nil
	})
	for name, f := range fleets {
		f.waitReady(180*time.Second, 1)
		measured := recordings[name].finish("kafka_group_lag")
		stage := setup{partitions: 6, capacity: perSecond(costs[name]), start: 2*time.Second + podDelay, mark: 50}
		compare(t, "food delivery, "+name, measured, recordings[name].predict(t, stage, measured.length), stage.mark, quiet)
	}
	t.Logf("%d orders, all closed", orders())
}

// redis starts a Redis of the test's own and returns its address.
func (w *world) redis(t *testing.T) string {
	t.Helper()
	bin, err := exec.LookPath("redis-server")
	if err != nil {
		missing(t, "Redis (package redis-server)")
	}
	port, err := stack.FreePort()
	must(t, err)
	p, err := w.stack.Procs.Start(proc.Spec{Name: "redis", Bin: bin, Args: []string{"--port", fmt.Sprint(port), "--bind", "127.0.0.1", "--save", ""}})
	must(t, err)
	t.Cleanup(func() { p.Stop(3 * time.Second) })
	addr := fmt.Sprintf("127.0.0.1:%d", port)
	must(t, p.Wait(context.Background(), 20*time.Second, func(context.Context) error {
		conn, err := net.Dial("tcp", addr)
		if err == nil {
			conn.Close()
		}
		return err
	}))
	return addr
}

// closedOrders counts the orders whose state is closed, as the front end would see them.
func closedOrders(t *testing.T, redis string) int {
	t.Helper()
	conn, err := net.Dial("tcp", redis)
	must(t, err)
	defer conn.Close()
	must(t, conn.SetDeadline(time.Now().Add(10*time.Second)))
	const script = `local n=0 for _,k in ipairs(redis.call('KEYS','*')) do if redis.call('GET',k)=='closed' then n=n+1 end end return n`
	fmt.Fprintf(conn, "*3\r\n$4\r\nEVAL\r\n$%d\r\n%s\r\n$1\r\n0\r\n", len(script), script)
	answer, err := bufio.NewReader(conn).ReadString('\n')
	must(t, err)
	var n int
	if _, err := fmt.Sscanf(strings.TrimSpace(answer), ":%d", &n); err != nil {
		t.Fatalf("Redis says %q", answer)
	}
	return n
}
