package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"kafka_burndown_exporter/test/kafka"
)

const sharePrefix = "share-group-"

// fillShare creates share groups without members, each with positions on all partitions of one topic.
func (f *fixture) fillShare(ctx context.Context, cluster *kafka.Cluster, groups int) error {
	client, err := kgo.NewClient(kgo.SeedBrokers(cluster.Bootstrap()))
	if err != nil {
		return err
	}
	defer client.Close()
	for i := range groups {
		name, topic := fmt.Sprint(sharePrefix, i), f.topics[i%len(f.topics)]
		// A group exists once somebody joined; a member that stays would be asked for heartbeats.
		for _, epoch := range []int32{0, -1} {
			r := kmsg.NewPtrShareGroupHeartbeatRequest()
			r.GroupID, r.MemberID, r.MemberEpoch = name, "first", epoch
			if epoch == 0 {
				r.SubscribedTopicNames = []string{topic}
			}
			answer, err := r.RequestWith(ctx, client)
			if err == nil {
				err = kerr.ErrorForCode(answer.ErrorCode)
			}
			if err != nil {
				return fmt.Errorf("join %s: %w", name, err)
			}
		}
		if err := f.position(ctx, client, name, topic); err != nil {
			return err
		}
	}
	return nil
}

// position puts a share group on the half of each partition.
func (f *fixture) position(ctx context.Context, client *kgo.Client, group, topic string) error {
	r := kmsg.NewPtrAlterShareGroupOffsetsRequest()
	r.GroupID = group
	t := kmsg.NewAlterShareGroupOffsetsRequestTopic()
	t.Topic = topic
	for p := range f.size.partitionsPerTopic {
		one := kmsg.NewAlterShareGroupOffsetsRequestTopicPartition()
		one.Partition, one.StartOffset = int32(p), int64(f.size.messages/2)
		t.Partitions = append(t.Partitions, one)
	}
	r.Topics = append(r.Topics, t)
	var failed error
	for range 50 { // until the member that left is gone
		answer, err := r.RequestWith(ctx, client)
		if err == nil {
			err = kerr.ErrorForCode(answer.ErrorCode)
		}
		if err == nil {
			return nil
		}
		failed = err
		if err := sleep(ctx, 100*time.Millisecond); err != nil {
			return err
		}
	}
	return fmt.Errorf("set offsets of %s: %w", group, failed)
}

// shareAges says how many share groups have the lag that they have in truth, and how old the oldest sample of one is.
func (f *fixture) shareAges(ctx context.Context, s *scraper) (right int, oldest time.Duration, err error) {
	resp, err := s.get(ctx, openMetrics, false)
	if err != nil {
		return 0, 0, err
	}
	defer resp.Body.Close()
	now := time.Now()
	want := strconv.Itoa((f.size.messages - f.size.messages/2) * f.size.partitionsPerTopic)
	lines := bufio.NewScanner(resp.Body)
	for lines.Scan() {
		line := lines.Bytes()
		if !bytes.Contains(line, []byte(`{consumergroup="`+sharePrefix)) {
			continue
		}
		series, value, _ := strings.Cut(string(line), "} ")
		switch name, _, _ := strings.Cut(series, "{"); name {
		case "kafka_group_lag":
			if value == want {
				right++
			}
		case "kafka_group_sample_timestamp_seconds":
			at, err := strconv.ParseFloat(value, 64)
			if err != nil {
				return 0, 0, err
			}
			oldest = max(oldest, now.Sub(time.UnixMilli(int64(at*1000))))
		}
	}
	return right, oldest, lines.Err()
}
