package main

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// words make names that look like an organisation's: realistic entropy, so that compression is not flattered.
var words = strings.Fields(`orders payments shipments inventory catalog pricing ledger audit customer session search
	recommendation fulfilment courier restaurant dispatch telemetry clickstream enrichment settlement invoice refund fraud
	notification loyalty warehouse returns checkout basket profile events commands snapshots changelog retry deadletter
	eu-west us-east ap-south prod staging v1 v2 v3 internal public realtime batch stream`)

// name makes the i-th distinct name of a kind, 20–80 characters long.
func name(r *rand.Rand, kind string, i int) string {
	want := 20 + r.IntN(55)
	var b strings.Builder
	for b.Len() < want-8 {
		if b.Len() > 0 {
			b.WriteByte("-._"[r.IntN(3)])
		}
		b.WriteString(words[r.IntN(len(words))])
	}
	fmt.Fprintf(&b, ".%s%04x", kind, i)
	if b.Len() > 80 {
		return b.String()[b.Len()-80:]
	}
	return b.String()
}
