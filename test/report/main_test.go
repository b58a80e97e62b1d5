package main

import (
	"strings"
	"testing"
	"time"
)

func TestReport(t *testing.T) {
	const events = `{"Action":"start","Package":"p"}
{"Action":"run","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Test":"TestA","Output":"=== RUN   TestA\n"}
{"Action":"output","Package":"p","Test":"TestA","Output":"    a_test.go:7: prometheus is not installed\n"}
{"Action":"output","Package":"p","Test":"TestA","Output":"--- SKIP: TestA (0.00s)\n"}
{"Action":"skip","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Test":"TestB","Output":"    b_test.go:7: it is wrong\n"}
{"Action":"fail","Package":"p","Test":"TestB"}
{"Action":"output","Package":"p","Test":"TestC","Output":"not worth a line\n"}
{"Action":"pass","Package":"p","Test":"TestC"}
{"Action":"output","Package":"p","Output":"PASS\n"}
{"Action":"output","Package":"p","Output":"ok  \tp\t0.1s\n"}
{"Action":"output","Package":"q","Output":"?   \tq\t[no test files]\n"}
{"Action":"build-output","ImportPath":"r","Output":"r.go:1: undefined: x\n"}
no JSON
`
	var out strings.Builder
	r := newReport(&out)
	r.now = func() time.Time { return r.began.Add(61 * time.Second) }
	r.took = []string{". 1m1s"}
	r.read(strings.NewReader(events))
	r.summary()
	want := `    b_test.go:7: it is wrong
ok  	p	0.1s
r.go:1: undefined: x
no JSON
skipped: prometheus is not installed: TestA
took 1m1s: . 1m1s
1 passed, 1 failed, 1 skipped
`
	if out.String() != want || !r.bad {
		t.Errorf("bad %v, got:\n%s\nwant:\n%s", r.bad, out.String(), want)
	}
}

func TestManySkipsAreShort(t *testing.T) {
	var out strings.Builder
	r := newReport(&out)
	r.skipped["no Kafka"] = []string{"A", "B", "C", "D", "E"}
	r.summary()
	if !strings.HasPrefix(out.String(), "skipped: no Kafka: A, B, C and 2 more\n") || !strings.HasSuffix(out.String(), "0 passed, 0 failed, 5 skipped\n") {
		t.Error(out.String())
	}
}
