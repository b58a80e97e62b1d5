package prometheus

import (
	"fmt"
	"testing"
	"time"
)

func TestHistoryAndQueries(t *testing.T) {
	from := time.Now().Add(-time.Hour).Truncate(time.Minute)
	history := "# TYPE x gauge\n"
	for i := range 30 {
		history += fmt.Sprintf("x{a=\"b\"} %d %d\n", i, from.Add(time.Duration(i)*time.Minute).Unix())
	}
	s := Start(t, Options{History: history + "# EOF\n"})
	at := from.Add(10 * time.Minute)
	got, err := s.Query(t.Context(), "x", at)
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 1 || got[0].Last() != 10 || got[0].Labels["a"] != "b" {
		t.Errorf("x at minute 10 is %v", got)
	}
	series, err := s.QueryRange(t.Context(), "x", from, at, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	if len(series) != 1 || len(series[0].Points) != 11 {
		t.Errorf("eleven points expected: %v", series)
	}
	if _, err := s.Query(t.Context(), "x{", at); err == nil {
		t.Error("a malformed query is accepted")
	}
}
