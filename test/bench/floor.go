package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"
)

const (
	// warmRounds warm a broker up, floorRounds measure it.
	warmRounds, floorRounds = 30, 5
	// floorBatch is how many groups a request asks for, floorLanes over how many connections commits are read: as the
	// exporter does it.
	floorBatch = 200
	floorLanes = 2
)

// wire is a bare connection to a broker, on which answers are counted and not decoded.
type wire struct {
	conn net.Conn
	r    *bufio.Reader
	form *kmsg.RequestFormatter
}

func dialWire(addr string) (*wire, error) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	return &wire{conn: conn, r: bufio.NewReaderSize(conn, 256<<10), form: kmsg.NewRequestFormatter()}, nil
}

// ask sends one request and reads past its answer; it returns the answer's bytes.
func (w *wire) ask(req kmsg.Request) (int64, error) {
	if _, err := w.conn.Write(w.form.AppendRequest(nil, req, 1)); err != nil {
		return 0, err
	}
	var size [4]byte
	if _, err := io.ReadFull(w.r, size[:]); err != nil {
		return 0, err
	}
	return io.CopyN(io.Discard, w.r, int64(binary.BigEndian.Uint32(size[:])))
}

// floor is how long the broker needs for the requests of one sample when nobody looks at the answers: groups, then all
// their commits, and after the last of those the ends. No exporter on this machine can be faster in that rhythm: what
// has idled between two rounds begins with cold caches.
func (f *fixture) floor(ctx context.Context, addr string, rounds int, pause time.Duration) (time.Duration, error) {
	lanes := make([]*wire, floorLanes)
	for i := range lanes {
		w, err := dialWire(addr)
		if err != nil {
			return 0, err
		}
		defer w.conn.Close()
		lanes[i] = w
	}
	var took []time.Duration
	for range rounds {
		start := time.Now()
		if err := f.floorOnce(lanes); err != nil {
			return 0, fmt.Errorf("measure the floor: %w", err)
		}
		took = append(took, time.Since(start))
		if err := sleep(ctx, pause); err != nil {
			return 0, err
		}
	}
	median, _ := quantile(took, 0.5)
	return median, nil
}

func (f *fixture) floorOnce(lanes []*wire) error {
	list := kmsg.NewPtrListGroupsRequest()
	list.Version = 4
	if _, err := lanes[0].ask(list); err != nil {
		return err
	}
	done := make(chan error, len(lanes))
	var bytes [floorLanes]int64
	share := (len(f.groups) + len(lanes) - 1) / len(lanes)
	lane := 0
	for part := range slices.Chunk(f.groups, share) {
		go func(w *wire, sum *int64) {
			for batch := range slices.Chunk(part, floorBatch) {
				n, err := w.ask(commitsRequest(batch))
				if *sum += n; err != nil {
					done <- err
					return
				}
			}
			done <- nil
		}(lanes[lane], &bytes[lane])
		lane++
	}
	for range lane {
		if err := <-done; err != nil {
			return err
		}
	}
	if n := bytes[0] + bytes[1]; n < int64(8*f.size.groupPartitions()) {
		return fmt.Errorf("%d bytes do not hold the offsets of %d group-partitions", n, f.size.groupPartitions())
	}
	_, err := lanes[0].ask(f.endsRequest())
	return err
}

func commitsRequest(groups []string) kmsg.Request {
	req := kmsg.NewPtrOffsetFetchRequest()
	req.Version = 8
	for _, g := range groups {
		one := kmsg.NewOffsetFetchRequestGroup()
		one.Group = g
		req.Groups = append(req.Groups, one)
	}
	return req
}

func (f *fixture) endsRequest() kmsg.Request {
	req := kmsg.NewPtrListOffsetsRequest()
	req.Version, req.ReplicaID = 5, -1
	for _, name := range f.topics {
		t := kmsg.NewListOffsetsRequestTopic()
		t.Topic = name
		for p := range int32(f.size.partitionsPerTopic) {
			one := kmsg.NewListOffsetsRequestTopicPartition()
			one.Partition, one.Timestamp = p, -1
			t.Partitions = append(t.Partitions, one)
		}
		req.Topics = append(req.Topics, t)
	}
	return req
}
