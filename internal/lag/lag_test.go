package lag

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestLagIsEndMinusCommitted(t *testing.T) {
	s := newStory(t)
	s.topic("t", 100, 200, 300)
	s.group("g", 90, 200, 0)
	s.observe()
	g, gt := s.in("g"), s.on("g", "t")
	s.want("lag", g.Lag, 310)
	s.want("lag_max", g.LagMax, 300)
	s.want("backlog", g.Backlog, 310)
	s.want("partitions with lag", g.PartitionsWithLag, 2)
	s.want("current offset sum", gt.CurrentOffsetSum, 290)
	s.want("lag sum", gt.LagSum, 310)
	if d := cmp.Diff([]int64{10, 0, 300}, gt.Lag); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]int32{0, 1, 2}, gt.Partition); d != "" {
		t.Error(d)
	}
	if !g.Complete || !g.SampleAt.Equal(t0) {
		t.Errorf("complete %v, sampled at %v", g.Complete, g.SampleAt)
	}
}
