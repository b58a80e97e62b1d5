package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// share is a member of a share group: it takes so many records at a time, whoever else works on their partitions,
// and acknowledges them together. When it is told to end it hands back those that it has not handled.
func share(ctx context.Context, o options) error {
	client, err := kgo.NewClient(
		kgo.SeedBrokers(strings.Split(o.brokers, ",")...), kgo.ClientID(os.Getenv("POD_NAME")),
		kgo.ShareGroup(o.group), kgo.ConsumeTopics(strings.Split(o.topics, ",")...),
		kgo.ShareMaxRecords(int32(o.fetch)), kgo.ShareMaxRecordsStrict(), kgo.FetchMaxWait(100*time.Millisecond),
	)
	if err != nil {
		return fmt.Errorf("join %s: %w", o.group, err)
	}
	defer client.Close()
	ready := &readiness{file: os.Getenv("READY_FILE"), outage: o.outage}
	ready.member.Store(true)
	go ready.run(ctx)
	for ctx.Err() == nil {
		fetches := client.PollRecords(ctx, o.fetch)
		for _, e := range fetches.Errors() {
			if !errors.Is(e.Err, context.Canceled) {
				log.Printf("fetch: %v", e.Err)
			}
		}
		if n := shareOut(ctx, o, ready, fetches.Records()); n > 0 {
			if err := flush(client); err != nil {
				log.Printf("acknowledge %d records: %v", n, err)
			}
		}
	}
	return nil
}

// shareOut handles records one after the other, and acknowledges those that it came to.
func shareOut(ctx context.Context, o options, ready *readiness, records []*kgo.Record) (handled int) {
	for _, r := range records {
		ready.wait(ctx.Done())
		select {
		case <-ctx.Done():
		case <-time.After(o.cost):
			handled++
			continue
		}
		r.Ack(kgo.AckRelease)
	}
	for _, r := range records[:handled] {
		r.Ack(kgo.AckAccept)
	}
	return handled
}

// flush waits until the broker has taken the acknowledgements, also while the pod ends.
func flush(client *kgo.Client) error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return client.FlushAcks(ctx)
}
