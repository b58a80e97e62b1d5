package promql

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"

	"kafka_burndown_exporter/rules"
)

// world is a run of half an hour: two groups, two topics of twelve partitions, published under the names of several
// exporters. It holds what goes wrong in practice: failed scrapes, a Prometheus that was away, partitions and groups that
// come and go, a topic that starts again at zero.
type world struct {
	server *Server
	end    int64
}

const (
	worldStart   = int64(1_700_000_000_137)
	worldScrape  = int64(15_000)
	worldScrapes = 120
	partitions   = 12
)

// worldTimes are query times that no sample, window or step of a subquery falls on: there the versions of Prometheus
// differ.
func worldTimes() []int64 {
	var out []int64
	for _, s := range []int64{11, 130, 453, 461, 467, 482, 640, 755, 905, 1065, 1207, 1231, 1262, 1298, 1507, 1622, 1795, 1990} {
		out = append(out, worldStart/1000*1000+s*1000+789)
	}
	return out
}

// publish is what the targets expose at a scrape, as names, label pairs and values.
type publish func(name string, v float64, pairs ...string)

// newWorld runs the world into a server with one of the shipped bases.
func newWorld(t testing.TB, s *Server, base string) *world {
	t.Helper()
	for _, name := range []string{base, rules.Recording} {
		data, err := rules.Files.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.LoadRules(name, data); err != nil {
			t.Fatal(err)
		}
	}
	for i, g := range s.Groups() {
		g.Phase = time.Duration(2_311+i*1_100) * time.Millisecond
	}
	if err := s.Start(worldStart); err != nil {
		t.Fatal(err)
	}
	return &world{server: s, end: s.play(worldScrapes, newKafka(1))}
}

// play scrapes a kafka and lets the rules follow; it returns the time of the last scrape.
func (s *Server) play(scrapes int, k *kafka) int64 {
	main, other := s.Target(LabelsOf("job", "kafka", "instance", "e:9308")), s.Target(LabelsOf("job", "x", "instance", "app:8080"))
	at := worldStart
	for i := range scrapes {
		at = worldStart + int64(i)*worldScrape
		k.step(i)
		switch {
		case i >= 80 && i < 84:
			continue // Prometheus was away
		case i == 30 || i == 31 || i == 96:
			main.Fail(at)
		default:
			main.Begin(at)
			k.expose(i, func(name string, v float64, pairs ...string) { main.Set(main.Series(name, pairs...), v) })
			main.End()
		}
		other.Begin(at)
		k.exposeApp(i, func(name string, v float64, pairs ...string) { other.Set(other.Series(name, pairs...), v) })
		other.End()
		s.Advance(at + worldScrape - 1)
	}
	return at
}

// kafka is what the exporters see.
type kafka struct {
	rnd    *rand.Rand
	topics [2]struct{ end, oldest [partitions]float64 }
	groups [2][2][partitions]float64 // committed, by group and topic
	hits   [4]float64
}

var (
	topicNames = [2]string{"t", "u"}
	groupNames = [2]string{"g", "h"}
)

func newKafka(seed uint64) *kafka {
	k := &kafka{rnd: rand.New(rand.NewPCG(seed, 7))}
	for i := range k.topics {
		for p := range partitions {
			k.topics[i].end[p] = float64(1000 * (p + 1))
		}
		for g := range k.groups {
			k.groups[g][i] = k.topics[i].end
		}
	}
	return k
}

func (k *kafka) step(i int) {
	for t := range k.topics {
		x := &k.topics[t]
		for p := range partitions {
			x.end[p] += float64(k.rnd.IntN(40 * (p + 1)))
			if t == 1 && i == 70 {
				x.end[p], x.oldest[p] = float64(k.rnd.IntN(5)), 0 // made anew
			}
			if i%20 == 19 {
				x.oldest[p] = max(x.oldest[p], x.end[p]-3000)
			}
			for g := range k.groups {
				c := &k.groups[g][t][p]
				*c = min(*c+float64(k.rnd.IntN(38*(p+1)+g*20)), x.end[p])
				if i%10 == 3+g {
					*c = x.end[p]
				}
			}
		}
	}
	for j := range k.hits {
		k.hits[j] += float64(k.rnd.IntN(9))
	}
}

// expose publishes under the names of kafka_exporter, this exporter, kminion, klag-exporter, Burrow and some clouds.
func (k *kafka) expose(i int, out publish) {
	for t, topic := range topicNames {
		x := &k.topics[t]
		out("kafka_topic_partitions", partitions, "topic", topic)
		sum := 0.0
		for p := range partitions {
			part := strconv.Itoa(p)
			if t == 0 && p == 7 && i >= 40 && i < 48 {
				continue // its leader is away
			}
			out("kafka_topic_partition_current_offset", x.end[p], "topic", topic, "partition", part)
			out("kafka_topic_partition_oldest_offset", x.oldest[p], "topic", topic, "partition", part)
			out("redpanda_kafka_max_offset", x.end[p], "redpanda_topic", topic, "redpanda_partition", part)
			sum += x.end[p]
		}
		out("kminion_kafka_topic_high_water_mark_sum", sum, "topic_name", topic)
		out("kafka_topic_produced_messages_total", sum, "topic", topic)
		out("kafka_topic_producer_rate", sum/1000, "topic", topic)
	}
	for g, group := range groupNames {
		if g == 1 && i >= 100 && i < 112 {
			continue
		}
		k.exposeGroup(i, g, group, out)
	}
}

func (k *kafka) exposeGroup(i, g int, group string, out publish) {
	members := float64(3 + i/100 - g)
	out("kafka_consumergroup_members", members, "consumergroup", group)
	out("kafka_group_members", members, "consumergroup", group)
	out("kafka_group_useful_members", partitions, "consumergroup", group)
	out("kafka_group_partitions", 2*partitions, "consumergroup", group)
	out("kafka_burrow_status", float64(1+i%3), "group", group)
	total, largest, ends, commits, stalled := 0.0, 0.0, 0.0, 0.0, 0.0
	for t, topic := range topicNames {
		sum, most := 0.0, 0.0
		for p := range partitions {
			if t == 0 && p == 7 && i >= 40 && i < 48 {
				continue
			}
			part := strconv.Itoa(p)
			committed := k.groups[g][t][p]
			if g == 1 && p == 11 { // no commit yet
				out("kafka_consumergroup_current_offset", -1, "consumergroup", group, "topic", topic, "partition", part)
				continue
			}
			lag := k.topics[t].end[p] - committed
			out("kafka_consumergroup_lag", lag, "consumergroup", group, "topic", topic, "partition", part)
			out("kafka_consumergroup_current_offset", committed, "consumergroup", group, "topic", topic, "partition", part)
			out("kminion_kafka_consumer_group_topic_partition_lag", lag, "group_id", group, "topic_name", topic, "partition_id", part)
			out("kafka_consumergroup_group_lag", lag, "group", group, "topic", topic, "partition", part, "client_id", "c-"+part)
			out("kafka_consumergroup_group_lag_seconds", lag/37, "group", group, "topic", topic, "partition", part)
			out("kafka_burrow_partition_lag", lag, "group", group, "topic", topic, "partition", part, "cluster", "eu")
			out("confluent_kafka_server_consumer_lag_offsets", lag, "consumer_group_id", group, "topic", topic, "partition", part)
			out("kafka_consumer_group_lag", lag, "group", group, "topic", topic, "partition", part)
			out("kafka_consumer_lag_by_partition", lag, "group", group, "topic", topic, "partition", part)
			out("redpanda_kafka_consumer_group_committed_offset", committed, "redpanda_group", group, "redpanda_topic", topic, "redpanda_partition", part)
			sum, most, ends, commits = sum+lag, max(most, lag), ends+k.topics[t].end[p], commits+committed
			if lag > 900 {
				stalled++
			}
		}
		out("kafka_consumergroup_lag_sum", sum, "consumergroup", group, "topic", topic)
		out("kminion_kafka_consumer_group_topic_lag", sum, "group_id", group, "topic_name", topic)
		out("kminion_kafka_consumer_group_topic_offset_sum", ends-sum, "group_id", group, "topic_name", topic)
		out("kafka_consumergroup_group_topic_sum_lag", sum, "group", group, "topic", topic)
		out("aws_kafka_sum_offset_lag_sum", sum, "consumer_group", group, "topic", topic)
		out("aws_kafka_max_offset_lag_maximum", most, "consumer_group", group, "topic", topic)
		out("kafka_group_topic_lag", sum, "consumergroup", group, "topic", topic)
		out("kafka_group_topic_partitions_stalled", stalled, "consumergroup", group, "topic", topic)
		total, largest = total+sum, max(largest, most)
	}
	out("kafka_burrow_total_lag", total, "group", group, "cluster", "eu")
	out("kafka_consumergroup_group_max_lag_seconds", largest/37, "group", group)
	complete := 1.0
	if i >= 40 && i < 48 {
		complete = 0
	} else {
		out("kafka_group_lag", total, "consumergroup", group)
		out("kafka_group_lag_max", largest, "consumergroup", group)
		out("kafka_group_backlog", total+5, "consumergroup", group)
		out("kafka_group_burndown_seconds", total/210, "consumergroup", group)
		out("kafka_group_lag_seconds", total/313, "consumergroup", group)
		out("kafka_group_desired_replicas", float64(2+i/17), "consumergroup", group)
		out("kafka_group_desired_reason", 1, "consumergroup", group, "reason", [...]string{"rate", "ceiling"}[i/30%2])
	}
	out("kafka_group_complete", complete, "consumergroup", group)
	if i > 12 {
		out("kafka_group_producer_rate", ends/977, "consumergroup", group)
	}
	if i%9 != 0 {
		out("kafka_group_consumer_rate", commits/977, "consumergroup", group)
	}
	out("kafka_group_produced_messages_total", ends, "consumergroup", group)
	out("kafka_group_consumed_messages_total", commits, "consumergroup", group)
}

// exposeApp is another target: a consumer with histograms and Micrometer's series, and kube-state-metrics.
func (k *kafka) exposeApp(i int, out publish) {
	out("kafka_consumer_fetch_manager_records_lag", k.topics[0].end[0]-k.groups[0][0][0], "client_id", "c-1", "topic", "t", "partition", "0")
	out("kafka_consumer_fetch_manager_records_lag_max", k.topics[0].end[1]-k.groups[0][0][1], "client_id", "c-1")
	sum := 0.0
	for j, le := range []string{"0.1", "0.5", "1", "+Inf"} {
		sum += k.hits[j]
		out("http_request_duration_seconds_bucket", sum, "handler", "/a", "le", le)
	}
	out("http_request_duration_seconds_sum", sum*0.3, "handler", "/a")
	out("http_request_duration_seconds_count", sum, "handler", "/a")
	for p := range 3 + i/50 {
		out("kube_pod_info", 1, "pod", "g-"+strconv.Itoa(p), "namespace", "shop")
	}
}

// dump lists every sample of the world's store in the order of time.
func (w *world) dump() []dumped {
	var out []dumped
	for _, x := range w.server.store.series {
		for _, p := range x.samples[x.head:] {
			out = append(out, dumped{x.labels, p.T, p.F})
		}
	}
	slices.SortStableFunc(out, func(a, b dumped) int { return int(a.t - b.t) })
	return out
}

type dumped struct {
	labels Labels
	t      int64
	v      float64
}
