package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"
)

// A process of a streams group (KIP-1071). It is not Kafka Streams: its threads speak the same protocol, and do what their
// tasks would. Tasks of sub-topology 0 pass what they read on to the repartition topic, those of 1 read it.

// repartition is the topic between the sub-topologies.
func repartition(group string) string { return group + "-by-key-repartition" }

// streams runs the threads of one process.
func streams(ctx context.Context, o options) error {
	ready := &readiness{file: os.Getenv("READY_FILE"), outage: o.outage}
	go ready.run(ctx)
	process := uuid(0)
	var threads sync.WaitGroup
	failed := make(chan error, o.threads)
	for i := range o.threads {
		threads.Go(func() {
			if err := newThread(o, i).run(ctx, process, ready); err != nil {
				failed <- err
			}
		})
	}
	threads.Wait()
	close(failed)
	return <-failed
}

// uuid is one that no other thread of any process has.
func uuid(n int) string { return fmt.Sprintf("%x-%x-%x", os.Getpid(), time.Now().UnixNano(), n) }

// thread is a member of the group.
type thread struct {
	o      options
	id     string
	client *kgo.Client
	slot   chan struct{} // holds the one message that it handles at a time

	mu    sync.Mutex
	epoch int32
	done  map[taskTopic]int64 // offsets to commit
	tasks map[taskTopic]*task
}

// taskTopic is the partition that a task reads.
type taskTopic struct {
	topic     string
	partition int32
}

type task struct {
	stop context.CancelFunc
	done chan struct{}
}

func newThread(o options, n int) *thread {
	return &thread{o: o, id: uuid(n + 1), slot: make(chan struct{}, 1), done: map[taskTopic]int64{}, tasks: map[taskTopic]*task{}}
}

func (t *thread) newClient(options ...kgo.Opt) (*kgo.Client, error) {
	versions := kversion.Tip()
	versions.SetMaxKeyVersion(8, 9)  // OffsetCommit, by the topics' names
	versions.SetMaxKeyVersion(9, 7)  // OffsetFetch of one group
	versions.SetMaxKeyVersion(88, 1) // StreamsGroupHeartbeat
	all := []kgo.Opt{kgo.SeedBrokers(strings.Split(t.o.brokers, ",")...), kgo.MaxVersions(versions), kgo.FetchMaxWait(100 * time.Millisecond),
		kgo.ClientID(fmt.Sprintf("%s-%s", os.Getenv("POD_NAME"), t.id))}
	return kgo.NewClient(append(all, options...)...)
}

// run heartbeats, takes up and gives up tasks as it is told, and commits what they have done.
func (t *thread) run(ctx context.Context, process string, ready *readiness) (err error) {
	if t.client, err = t.newClient(); err != nil {
		return err
	}
	defer t.client.Close()
	if _, err := t.committed(ctx, taskTopic{t.o.topics, 0}); err != nil { // asking for the coordinator makes the offsets topic
		return err
	}
	r := kmsg.NewPtrStreamsGroupHeartbeatRequest()
	r.Group, r.MemberID, r.ProcessID, r.RebalanceTimeoutMillis = t.o.group, t.id, &process, 10_000
	r.Topology = t.topology()
	r.ActiveTasks, r.StandbyTasks, r.WarmupTasks = []kmsg.TaskIDs{}, []kmsg.TaskIDs{}, []kmsg.TaskIDs{}
	for ctx.Err() == nil {
		answer, err := t.heartbeat(ctx, r)
		if err != nil && ctx.Err() == nil {
			log.Printf("heartbeat: %v", err)
		}
		if err == nil {
			t.mu.Lock()
			t.epoch, r.MemberEpoch = answer.MemberEpoch, answer.MemberEpoch
			t.mu.Unlock()
			r.Topology, r.ProcessID, r.RebalanceTimeoutMillis = nil, nil, -1
			r.ActiveTasks, r.StandbyTasks, r.WarmupTasks = nil, nil, nil
			if answer.ActiveTasks != nil {
				t.take(answer.ActiveTasks)
				r.ActiveTasks, r.StandbyTasks, r.WarmupTasks = answer.ActiveTasks, []kmsg.TaskIDs{}, []kmsg.TaskIDs{}
			}
			ready.member.Store(true)
		}
		t.commit()
		select {
		case <-ctx.Done():
		case <-time.After(200 * time.Millisecond):
		}
	}
	t.take(nil)
	last := kmsg.NewPtrStreamsGroupHeartbeatRequest()
	last.Group, last.MemberID, last.MemberEpoch = t.o.group, t.id, -1
	_, err = t.heartbeat(context.Background(), last)
	return err
}

// heartbeat asks the only broker: the client does not know who is to be asked.
func (t *thread) heartbeat(ctx context.Context, r *kmsg.StreamsGroupHeartbeatRequest) (*kmsg.StreamsGroupHeartbeatResponse, error) {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	answer, err := t.client.Broker(1).Request(ctx, r)
	if err != nil {
		return nil, err
	}
	a := answer.(*kmsg.StreamsGroupHeartbeatResponse)
	return a, kerr.ErrorForCode(a.ErrorCode)
}

func (t *thread) topology() *kmsg.StreamsGroupHeartbeatRequestTopology {
	topology := kmsg.NewStreamsGroupHeartbeatRequestTopology()
	first, second := kmsg.NewStreamsGroupHeartbeatRequestTopologySubtopology(), kmsg.NewStreamsGroupHeartbeatRequestTopologySubtopology()
	first.SubtopologyID, first.SourceTopics, first.RepartitionSinkTopics = "0", []string{t.o.topics}, []string{repartition(t.o.group)}
	second.SubtopologyID, second.RepartitionSourceTopics = "1", []kmsg.TopicInfo{{Topic: repartition(t.o.group), NumPartitions: int32(t.o.tasks)}}
	topology.Subtopologies = append(topology.Subtopologies, first, second)
	return &topology
}

// take gives up the tasks that are not the thread's any more, and takes up those that are new.
func (t *thread) take(assigned []kmsg.TaskIDs) {
	mine := map[taskTopic]bool{}
	for _, a := range assigned {
		topic := t.o.topics
		if a.SubtopologyID == "1" {
			topic = repartition(t.o.group)
		}
		for _, p := range a.Partitions {
			mine[taskTopic{topic, p}] = true
		}
	}
	for of, running := range t.tasks {
		if !mine[of] {
			running.stop()
			<-running.done
			delete(t.tasks, of)
		}
	}
	t.commit()
	t.mu.Lock()
	for of := range t.done {
		if !mine[of] {
			delete(t.done, of)
		}
	}
	t.mu.Unlock()
	for of := range mine {
		if t.tasks[of] == nil {
			ctx, cancel := context.WithCancel(context.Background())
			running := &task{cancel, make(chan struct{})}
			t.tasks[of] = running
			go func() {
				defer close(running.done)
				if err := t.work(ctx, of); err != nil && ctx.Err() == nil {
					log.Fatalf("task on %v: %v", of, err)
				}
			}()
		}
	}
}

// work reads a task's partition from where it was committed.
func (t *thread) work(ctx context.Context, of taskTopic) error {
	from, err := t.committed(ctx, of)
	if err != nil {
		return err
	}
	c, err := t.newClient(kgo.RecordPartitioner(kgo.RoundRobinPartitioner()),
		kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{of.topic: {of.partition: kgo.NewOffset().At(from)}}))
	if err != nil {
		return err
	}
	defer c.Close()
	for ctx.Err() == nil {
		for _, r := range c.PollRecords(ctx, 100).Records() {
			if !t.handle(ctx) {
				return nil
			}
			if of.topic == t.o.topics {
				if err := c.ProduceSync(ctx, &kgo.Record{Topic: repartition(t.o.group), Value: r.Value}).FirstErr(); err != nil {
					return err
				}
			}
			t.mu.Lock()
			t.done[of] = r.Offset + 1
			t.mu.Unlock()
		}
	}
	return nil
}

// handle spends the cost of a message, one of the thread's at a time.
func (t *thread) handle(ctx context.Context) bool {
	select {
	case <-ctx.Done():
		return false
	case t.slot <- struct{}{}:
	}
	defer func() { <-t.slot }()
	select {
	case <-ctx.Done():
		return false
	case <-time.After(t.o.cost):
		return true
	}
}

// committed is where the group is on a partition, 0 where it never was.
func (t *thread) committed(ctx context.Context, of taskTopic) (int64, error) {
	r := kmsg.NewPtrOffsetFetchRequest()
	r.Group = t.o.group
	r.Topics = []kmsg.OffsetFetchRequestTopic{{Topic: of.topic, Partitions: []int32{of.partition}}}
	answer, err := r.RequestWith(ctx, t.client)
	if err == nil {
		err = kerr.ErrorForCode(answer.ErrorCode)
	}
	if err != nil || len(answer.Topics) == 0 {
		return 0, err
	}
	p := answer.Topics[0].Partitions[0]
	return max(0, p.Offset), kerr.ErrorForCode(p.ErrorCode)
}

// commit commits what is done. What the broker refuses, since the epoch is another one by now, is committed with the next.
func (t *thread) commit() {
	t.mu.Lock()
	r := kmsg.NewPtrOffsetCommitRequest()
	r.Group, r.MemberID, r.Generation = t.o.group, t.id, t.epoch
	for of, offset := range t.done {
		p := kmsg.NewOffsetCommitRequestTopicPartition()
		p.Partition, p.Offset = of.partition, offset
		topic := kmsg.NewOffsetCommitRequestTopic()
		topic.Topic, topic.Partitions = of.topic, []kmsg.OffsetCommitRequestTopicPartition{p}
		r.Topics = append(r.Topics, topic)
	}
	t.mu.Unlock()
	if len(r.Topics) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	if _, err := r.RequestWith(ctx, t.client); err != nil {
		log.Printf("commit: %v", err)
	}
}
