package e2e

import (
	"fmt"
	"testing"
	"time"

	"kafka_burndown_exporter/test/e2e/load"
)

// The matching service of the ride hailing (scenarios/ride-hailing.yaml): 210 messages/s a pod, 20 partitions.
const (
	tripCost       = 45 * time.Millisecond // 21 messages/s a pod, compressed, and some overhead
	tripPartitions = 20
	tripStart      = 3 * time.Second // 30 s, compressed
)

// evening is a trip-analytics service of a test's own.
type evening struct {
	w *world
	m *monitoring
	f *fleet
	p *load.Producer
	s service
}

// startEvening deploys the service with n pods under a steady load (in the original's messages/s) and waits until they
// keep up with it.
func startEvening(t *testing.T, w *world, name string, n int, base float64, flags ...string) *evening {
	t.Helper()
	w.namespace(t, name)
	if err := w.kafka.CreateTopic(name, tripPartitions); err != nil {
		t.Fatal(err)
	}
	p, err := load.Start(w.kafka.Addrs("PLAINTEXT"), name, "new")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Stop)
	m := w.monitor(t, []string{name}, flags...)
	e := &evening{w: w, m: m, p: p, s: service{namespace: name, group: name, topic: name, prometheus: m.url, exporter: m.exporter}}
	p.Rate(compressRate(base))
	e.f = w.deploy(t, name, "trip-analytics-consumer", n,
		"-group="+name, "-topics="+name, "-cost="+tripCost.String(), "-start-delay="+tripStart.String())
	e.f.waitReady(60*time.Second, n)
	m.waitFor(t, 60*time.Second, desiredOf(name), known)
	m.waitFor(t, 60*time.Second, lagOf(name), func(lag float64) bool { return lag < 2*compressRate(base) })
	return e
}

// Of 7 pods the fullest would have 3 of 20 partitions: 210 messages/s, all that
// it can do.
const tripPeak = 10

// friday is the evening: a ramp to 1 400 messages/s until the fleet has drained, a lull of seven minutes, and back.
// throughLull is told the replicas of the peak.
func (e *evening) friday(t *testing.T, base float64, throughLull func(peak int)) {
	for _, rate := range []float64{800, 1000, 1200, 1400} {
		e.p.Rate(compressRate(max(rate, base)))
		time.Sleep(compressTime(20 * time.Second))
	}
	eventually(t, 120*time.Second, "the fleet grows", func() error {
		if wanted, _ := e.f.replicas(); wanted < tripPeak {
			return fmt.Errorf("%d replicas", wanted)
		}
		return nil
	})
	const low = 2 * 1400 / speed // two seconds of production
	e.m.waitFor(t, 120*time.Second, fmt.Sprintf("max_over_time(kafka_group_lag{consumergroup=%q}[6s])", e.s.group),
		func(lag float64) bool { return lag < low })
	e.p.Rate(compressRate(600))
	peak, _ := e.f.replicas()
	throughLull(peak)
	e.p.Rate(compressRate(base))
}

// settle waits until the service rests at n replicas with little lag, and the exporter asks for no more.
func (e *evening) settle(t *testing.T, n int, base float64) {
	t.Helper()
	e.m.waitFor(t, 120*time.Second, fmt.Sprintf("max_over_time(kafka_group_lag{consumergroup=%q}[6s])", e.s.group),
		func(lag float64) bool { return lag < 2*compressRate(base) })
	e.m.waitFor(t, 120*time.Second, fmt.Sprintf("max_over_time(%s[6s:1s])", e.desired()), func(d float64) bool { return d <= float64(n) })
	e.f.waitReady(60*time.Second, n)
}

// desired is what the shipped trigger's metric says.
func (e *evening) desired() string {
	return desiredOf(e.s.group)
}

// The desired replicas carry a burst, stay through a lull (the window of its owner), and come back without a reversal.
func TestRideHailing(t *testing.T) {
	t.Parallel()
	const pods, base = 3, 400
	e := startEvening(t, theWorld(t), "trip-analytics", pods, base)
	e.settle(t, pods, base)
	r := e.record(t, e.w.shipped(t, "ride-hailing/prometheus/trip-analytics.yaml", e.s))
	time.Sleep(3 * syncPeriod)
	if wanted, _ := e.f.replicas(); wanted > pods+1 { // it rests where it is, give or take one
		t.Fatalf("%d replicas at rest", wanted)
	}
	begin, rested := time.Now(), r.now()
	e.friday(t, base, func(peak int) {
		e.f.waitReady(30*time.Second, peak)
		for range 7 * 6 { // seven minutes, compressed
			time.Sleep(compressTime(10 * time.Second))
			if wanted, _ := e.f.replicas(); wanted != peak {
				t.Fatalf("%d replicas in the lull, %d before", wanted, peak)
			}
		}
	})
	eventually(t, 180*time.Second, "the fleet comes back", func() error {
		if wanted, _ := e.f.replicas(); wanted > pods+1 {
			return fmt.Errorf("%d replicas", wanted)
		}
		return nil
	})
	if all := e.f.since(begin); reversals(all) != 1 {
		t.Errorf("replicas did not go up once and come back once: %v", all)
	}
	measured := r.finish("kafka_group_lag")
	measured.rested = rested
	compare(t, "ride hailing", measured, r.predict(t, tripSetup(), measured.length), tripSetup().mark, quiet)
}

// The policy of five pods lands on 19 when it starts at 4. HPA's dead band would rest there at an ask of 20.
func TestNineteenOfTwentyIsNotEnough(t *testing.T) {
	t.Parallel()
	e := startEvening(t, theWorld(t), "trip-nineteen", 4, 400)
	e.p.Rate(compressRate(3000)) // the fullest of ten members would have 300 messages/s
	e.m.waitFor(t, 60*time.Second, e.desired(), func(d float64) bool { return d == tripPartitions })
	e.w.scale(t, e.w.shipped(t, "ride-hailing/prometheus/trip-analytics.yaml", e.s))
	e.f.waitReady(60*time.Second, tripPartitions)
	if got, want := fmt.Sprint(e.f.since(time.Time{})), "[4 9 14 19 20]"; got != want {
		t.Errorf("replicas went %s, wanted %s", got, want)
	}
}

// KEDA asks the exporter itself, without Prometheus in the loop: the burst is carried as with a query. While the exporter
// does not know what the group needs, it says so, and the replicas are held.
func TestMetricsAPI(t *testing.T) {
	t.Parallel()
	const pods, base = 3, 400
	e := startEvening(t, theWorld(t), "trip-api", pods, base)
	e.settle(t, pods, base)
	r := e.record(t, e.w.shipped(t, "examples/metrics-api/scaledobject.yaml", e.s))
	time.Sleep(3 * syncPeriod)
	begin := r.now()
	e.p.Rate(compressRate(1400))
	eventually(t, 120*time.Second, "the fleet grows", func() error {
		if wanted, _ := e.f.replicas(); wanted < tripPeak {
			return fmt.Errorf("%d replicas", wanted)
		}
		return nil
	})
	e.m.waitFor(t, 120*time.Second, fmt.Sprintf("max_over_time(kafka_group_lag{consumergroup=%q}[6s])", e.s.group),
		func(lag float64) bool { return lag < 2*1400/speed })
	measured := r.finish("kafka_group_lag")
	measured.rested = begin
	compare(t, "ride hailing, metrics API", measured, r.predict(t, tripSetup(), measured.length), tripSetup().mark, quiet)

	held, _ := e.f.replicas()
	e.m.exporterP.Kill()
	stays(t, e.f, held, 10*syncPeriod)
	e.m.startExporter()
	e.p.Rate(compressRate(base))
	eventually(t, 180*time.Second, "the fleet comes back", func() error {
		if wanted, _ := e.f.replicas(); wanted > pods+1 {
			return fmt.Errorf("%d replicas", wanted)
		}
		return nil
	})
}
