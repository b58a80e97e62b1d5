package main

import (
	"fmt"
	"log"
	"net"
	"os"
	"strings"
	"time"

	"github.com/IBM/sarama"
)

// worker handles the messages of all of a member's partitions, one at a time.
type worker struct {
	o         options
	slot      chan int // holds the number of messages handled so far
	readiness *readiness
	producer  sarama.SyncProducer
	redis     net.Conn
}

func newWorker(o options, brokers []string) (*worker, error) {
	w := &worker{o: o, slot: make(chan int, 1), readiness: &readiness{file: os.Getenv("READY_FILE"), outage: o.outage}}
	w.slot <- 0
	var err error
	if len(o.routes) > 0 {
		if w.producer, err = sarama.NewSyncProducer(brokers, config()); err != nil {
			return nil, fmt.Errorf("producer: %w", err)
		}
	}
	if o.redis != "" {
		if w.redis, err = net.DialTimeout("tcp", o.redis, 3*time.Second); err != nil {
			return nil, fmt.Errorf("redis: %w", err)
		}
	}
	return w, nil
}

func (w *worker) close() {
	if w.producer != nil {
		w.producer.Close()
	}
	if w.redis != nil {
		w.redis.Close()
	}
}

// Setup is called once this member has its partitions, which may be none.
func (w *worker) Setup(session sarama.ConsumerGroupSession) error {
	log.Printf("generation %d", session.GenerationID()) // the test of the rebalance storm counts them
	w.readiness.member.Store(true)
	return nil
}

// Cleanup is called when the partitions are taken away again.
func (w *worker) Cleanup(sarama.ConsumerGroupSession) error { return nil }

// ConsumeClaim is called in a goroutine per partition.
func (w *worker) ConsumeClaim(session sarama.ConsumerGroupSession, claim sarama.ConsumerGroupClaim) error {
	for {
		select {
		case <-session.Context().Done():
			return nil
		case message, open := <-claim.Messages():
			if !open {
				return nil
			}
			if message.Partition == 0 && !w.unstuck(session) {
				return nil
			}
			if done, err := w.handle(session, message); !done {
				return err
			}
		}
	}
}

// handle takes the slot, spends the message's cost and marks it. It reports false if the session ended meanwhile.
func (w *worker) handle(session sarama.ConsumerGroupSession, message *sarama.ConsumerMessage) (bool, error) {
	var handled int
	select {
	case <-session.Context().Done():
		return false, nil
	case handled = <-w.slot:
	}
	defer func() { w.slot <- handled }()
	w.readiness.wait(session.Context().Done())
	select {
	case <-session.Context().Done():
		return false, nil
	case <-time.After(w.o.cost):
	}
	if err := w.pass(string(message.Value)); err != nil {
		return false, err
	}
	w.mark(session, message)
	if handled++; handled == w.o.crashAfter {
		log.Printf("crash after %d messages, as asked", handled)
		os.Exit(3)
	}
	return true, nil
}

// mark tells the group that a message is handled, at once or when it is old enough. A session that has ended meanwhile
// takes no marks: the partition's next owner finds the message older, and so the lag is that of an age, no more.
func (w *worker) mark(session sarama.ConsumerGroupSession, message *sarama.ConsumerMessage) {
	if early := w.o.age - time.Since(message.Timestamp); w.o.age > 0 && early > 0 {
		time.AfterFunc(early, func() { session.MarkMessage(message, "") })
		return
	}
	session.MarkMessage(message, "")
}

// unstuck waits until the file that holds partition 0 is gone. It reports false if the session ended meanwhile.
func (w *worker) unstuck(session sarama.ConsumerGroupSession) bool {
	for exists(w.o.stuck) {
		select {
		case <-session.Context().Done():
			return false
		case <-time.After(readinessPeriod):
		}
	}
	return true
}

// pass stores a message's state and produces what follows from it. Messages are "ID STATE".
func (w *worker) pass(value string) error {
	id, state, _ := strings.Cut(value, " ")
	if w.redis != nil {
		if err := w.store(id, state); err != nil {
			return fmt.Errorf("store the state of %s: %w", id, err)
		}
	}
	for _, out := range w.o.routes[state] {
		_, _, err := w.producer.SendMessage(&sarama.ProducerMessage{
			Topic: out.topic, Key: sarama.StringEncoder(id), Value: sarama.StringEncoder(id + " " + out.state),
		})
		if err != nil {
			return fmt.Errorf("produce to %s: %w", out.topic, err)
		}
	}
	return nil
}

// store sends SET id state in Redis' protocol and waits for +OK.
func (w *worker) store(id, state string) error {
	_, err := fmt.Fprintf(w.redis, "*3\r\n$3\r\nSET\r\n$%d\r\n%s\r\n$%d\r\n%s\r\n", len(id), id, len(state), state)
	if err != nil {
		return err
	}
	answer := make([]byte, 64)
	n, err := w.redis.Read(answer)
	if err == nil && !strings.HasPrefix(string(answer[:n]), "+OK") {
		err = fmt.Errorf("%q", answer[:n])
	}
	return err
}
