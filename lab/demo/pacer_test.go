package demo

import (
	"testing"
	"testing/synctest"
	"time"
)

// TestPacerKeepsCapacity: a pod whose timers fire late handles as many messages as its capacity says, and one that was
// idle may not make up for that.
func TestPacerKeepsCapacity(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const cost, late = 4 * time.Millisecond, time.Millisecond
		var p pacer
		time.Sleep(time.Hour)
		began := time.Now()
		for range 1000 {
			before := time.Now()
			if err := p.work(t.Context(), cost); err != nil {
				t.Fatal(err)
			}
			if time.Now().After(before) { // it waited
				time.Sleep(late)
			}
		}
		took, want := time.Since(began), 1000*cost
		if took < want-catchUp-minWait || took > want+late+minWait {
			t.Errorf("1000 messages of %s took %s", cost, took)
		}
	})
}
