package main

import (
	"testing"
)

func TestFormat(t *testing.T) {
	for _, c := range []struct {
		value float64
		unit  string
		want  string
	}{
		{0, "s", "0 s"},
		{0.0042, "s", "4.2 ms"},
		{59.96, "s", "60 s"},
		{300, "s", "5 min"},
		{86400, "s", "24 h"},
		{172800, "s", "2 d"},
		{1234, "short", "1234"},
		{39600, "short", "39.6 k"},
		{2.5e6, "short", "2.5 M"},
		{100, "cps", "100/s"},
		{0.25, "percentunit", "25 %"},
		{1 << 20, "bytes", "1 MiB"},
		{1, "bool_yes_no", "Yes"},
		{0, "bool_yes_no", "No"},
	} {
		if got := format(c.value, c.unit); got != c.want {
			t.Errorf("%g in %s is %q, want %q", c.value, c.unit, got, c.want)
		}
	}
}

func TestLegend(t *testing.T) {
	labels := map[string]string{"consumergroup": `a "b"`, "cluster": ""}
	if got := legend("{{consumergroup}} {{cluster}}", labels); got != `a "b"` {
		t.Errorf("legend is %q", got)
	}
	if got := legend("lag {{ cluster }}", labels); got != "lag" {
		t.Errorf("legend is %q", got)
	}
}
