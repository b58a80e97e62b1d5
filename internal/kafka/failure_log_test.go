package kafka

import (
	"errors"
	"testing"

	"github.com/go-kit/log"
)

func TestOnceLogger(t *testing.T) {
	logs := &lockedBuffer{}
	l := newOnceLogger(log.NewLogfmtLogger(logs))
	fail := func(broker, reason string) { l.fail("ListOffsets", broker, reason, errors.New(reason)) }
	expect := func(step string, failed, healed int) {
		t.Helper()
		if f, h := logs.lines("request failed"), logs.lines("works again"); f != failed || h != healed {
			t.Errorf("%s: %d failures, %d recoveries logged, want %d and %d\n%s", step, f, h, failed, healed, logs)
		}
	}
	for range 3 {
		fail("1", "timeout")
		fail("1", "timeout")
		l.wave()
	}
	expect("one failure in three waves", 1, 0)
	fail("2", "timeout")
	fail("1", "decoding")
	l.worked("ListOffsets", "1")
	l.wave()
	expect("another broker, another reason; the first is over", 3, 1)
	l.wave()
	expect("nothing was tried", 3, 1)
	l.worked("ListOffsets", "2")
	l.worked("Metadata", "1")
	l.wave()
	expect("one heals", 3, 2)
	if n := len(l.failures()); n != 1 {
		t.Errorf("%d failures left: %v", n, l.failures())
	}
	l.worked("ListOffsets", "1")
	l.wave()
	fail("1", "timeout")
	expect("it comes back", 4, 3)
}
