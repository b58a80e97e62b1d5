package demo

import (
	"slices"
	"testing"
	"time"

	"kafka_burndown_exporter/lab/scenario"
)

// points make a profile of rates (messages/s of the scenario as shipped) at minutes.
func points(p *scenario.Profile, minuteRate ...float64) {
	p.Points, p.Bursts, p.Batches, p.Curve = nil, nil, nil, nil
	for i := 0; i < len(minuteRate); i += 2 {
		p.Points = append(p.Points, scenario.Point{At: time.Duration(minuteRate[i] * float64(time.Minute)), Rate: minuteRate[i+1]})
	}
}

// TestFoodDelivery: the evening rush passes the whole chain, every stage that is scaled grows, a pod crashes, and the
// fleet goes down again without a step back up.
func TestFoodDelivery(t *testing.T) {
	t.Parallel()
	s := shipped(t, "food-delivery", 5)
	points(&s.Producers[0].Profile, 0, 12, 1, 12, 2, 60, 7, 60, 8, 0)
	s.Faults = []scenario.Fault{{Kind: scenario.FaultCrash, At: 6 * time.Minute, Service: "restaurant-consumer", Count: 1}}
	p := start(t, s, "lag", 20)
	id, ok := p.demo.Place(t.Context())
	if !ok {
		t.Fatal("an order could not be placed")
	}
	p.await("the order closed or refused", func() bool {
		o, known := p.demo.Order(id)
		return known && (o.Closed || o.Refused)
	})
	for _, service := range []string{"restaurant-consumer", "courier-consumer"} {
		p.await(service+" scaled up", func() bool { return p.status(service).Desired >= 4 })
	}
	scaled := []string{"order-consumer", "restaurant-consumer", "courier-consumer"}
	p.await("the rush over and drained", func() bool {
		return p.demo.clock.Elapsed(time.Now()) > 9*time.Minute && p.lag("restaurant-consumer") == 0 && p.lag("courier-consumer") == 0
	})
	quiet := map[string]int{}
	for _, service := range scaled {
		quiet[service] = len(p.decisions(service))
	}
	p.await("scaled down", func() bool {
		return p.status("restaurant-consumer").Desired <= 2 && p.status("courier-consumer").Desired <= 2
	})
	for _, service := range scaled {
		p.checkPrompt(service)
		p.checkCeiling(service)
		p.checkDescent(service, quiet[service])
		t.Logf("%s: %v", service, p.course(service))
	}
	p.drain()
	p.stop()
	p.checkAtLeastOnce()
	if closed, _ := p.demo.Closed(); closed == 0 {
		t.Error("no order was closed")
	}
}

// TestRideHailing: the published timeline on three services, one of which sleeps at zero, wakes for a batch, and sleeps
// again.
func TestRideHailing(t *testing.T) {
	t.Parallel()
	s := shipped(t, "ride-hailing", 20)
	points(&s.Producers[0].Profile, 0, 400, 1, 400, 2, 1400, 6, 1400, 7, 0)
	points(&s.Producers[1].Profile, 0, 40, 2, 40, 3, 200, 6, 200, 7, 0)
	points(&s.Producers[2].Profile)
	s.Producers[2].Profile.Batches = []scenario.Batch{{At: 2 * time.Minute, For: 2 * time.Minute, Messages: 40000}}
	p := start(t, s, "published", 20)
	const trips, fares, drivers = "trip-analytics-consumer", "fare-reconciliation", "driver-matching"
	if n := p.status(fares).Desired; n != 0 {
		t.Errorf("%s begins with %d replicas", fares, n)
	}
	p.await("woken from zero", func() bool { return p.status(fares).Ready >= 1 })
	p.await("the batch on many pods", func() bool { return p.status(fares).Desired >= 5 })
	p.await("trips scaled up", func() bool { return p.status(trips).Desired >= 8 })
	p.await("drivers scaled up", func() bool { return p.status(drivers).Desired >= 6 })
	p.await("the peak over and drained", func() bool {
		return p.demo.clock.Elapsed(time.Now()) > 8*time.Minute && p.lag(trips) == 0
	})
	quiet := len(p.decisions(trips))
	p.await("asleep again", func() bool { return p.status(fares).Desired == 0 && p.lag(fares) == 0 })
	p.await("trips scaled down", func() bool { return p.status(trips).Desired <= 6 })
	p.checkDescent(trips, quiet)
	for _, service := range []string{trips, fares, drivers} {
		p.checkPrompt(service)
		p.checkCeiling(service)
		t.Logf("%s: %v", service, p.course(service))
	}
	p.drain()
	p.stop()
	p.checkAtLeastOnce()
}

// TestFashion: 4 to 80 replicas on the logarithm of lag and on CPU; steps up are bounded, steps down come one by one.
func TestFashion(t *testing.T) {
	t.Parallel()
	s := shipped(t, "fashion", 100)
	s.Services[0].Replicas.Initial = 10
	points(&s.Producers[0].Profile, 0, 1500, 1, 1500, 2, 5000, 4, 5000, 5, 0)
	s.Faults = []scenario.Fault{{Kind: scenario.FaultCrash, At: 3 * time.Minute, Count: 2}}
	p := start(t, s, "", 15)
	const service = "stream-processor"
	p.await("scaled up", func() bool { return p.status(service).Desired >= 20 })
	p.await("the sale over and drained", func() bool {
		return p.demo.clock.Elapsed(time.Now()) > 6*time.Minute && p.lag(service) == 0
	})
	quiet := len(p.decisions(service))
	top := p.status(service).Desired
	p.await("two steps down", func() bool {
		course := p.course(service)
		below := slices.DeleteFunc(slices.Clone(course), func(n int32) bool { return n >= int32(top) })
		return p.status(service).Desired < top && len(below) >= 2
	})
	p.checkPrompt(service)
	p.checkCeiling(service)
	p.checkDescent(service, quiet)
	for i, d := range p.decisions(service) {
		if d.Desired < 4 || d.Desired > 80 {
			t.Errorf("sync %d: %d replicas", i, d.Desired)
		}
		if d.Desired > d.Current+max(d.Current/2+1, 4) {
			t.Errorf("sync %d: from %d to %d, more than 50 %% and more than 4", i, d.Current, d.Desired)
		}
		if len(d.Proposals) > 0 && len(d.Proposals) != 2 {
			t.Errorf("sync %d: %d metrics, want the logarithm and CPU", i, len(d.Proposals))
		}
	}
	t.Logf("%v", p.course(service))
	p.drain()
	p.stop()
	p.checkAtLeastOnce()
}

// TestPayments shows the mistake that the scenario is about: a maximum of 10 on 6 partitions gives pods that do nothing.
func TestPayments(t *testing.T) {
	t.Parallel()
	s := shipped(t, "payments", 5)
	points(&s.Producers[0].Profile, 0, 30, 1, 30, 2, 150)
	p := start(t, s, "", 15)
	const service = "payment-service"
	p.await("more replicas than partitions", func() bool { return p.status(service).Ready > 6 })
	p.await("pods without a partition", func() bool {
		st, idle := p.status(service), 0
		for _, pod := range st.Pods {
			if pod.Phase == PodReady && pod.Handled == 0 {
				idle++
			}
		}
		return idle >= 1 && st.Ready > 6 && st.Ready-idle <= 6
	})
	for i, d := range p.decisions(service) {
		if d.Desired > 10 {
			t.Errorf("sync %d: %d replicas, above the maximum", i, d.Desired)
		}
	}
	p.checkPrompt(service)
	t.Logf("%v", p.course(service))
	p.drain()
	p.stop()
	p.checkAtLeastOnce()
}

// TestPaymentsWithinItsPartitions is the same with the maximum where it belongs.
func TestPaymentsWithinItsPartitions(t *testing.T) {
	t.Parallel()
	s := shipped(t, "payments", 5)
	points(&s.Producers[0].Profile, 0, 30, 1, 30, 2, 150)
	p := start(t, s, "max-6", 15)
	p.await("all partitions in use", func() bool { return p.status("payment-service").Ready == 6 })
	p.checkCeiling("payment-service")
	p.drain()
	p.stop()
	p.checkAtLeastOnce()
}
