package e2e

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// says is the proof that Prometheus has a sample of an expression, in which {G} is the group.
func says(expr string) func(*victim) error {
	return func(v *victim) error {
		query := strings.ReplaceAll(expr, "{G}", fmt.Sprintf("{consumergroup=%q}", v.s.group))
		if _, known, err := v.m.query("count(" + query + ")"); err != nil || !known {
			return fmt.Errorf("no sample of %s (error: %v)", query, err)
		}
		return nil
	}
}

// isDeaf is the proof that Prometheus does not answer.
func isDeaf(v *victim) error {
	if _, _, err := v.m.query("vector(1)"); err == nil {
		return fmt.Errorf("Prometheus answers")
	}
	return nil
}

// isBehind is the proof that the group has far more to read than at rest.
func isBehind(v *victim) error {
	lag, known, err := v.m.query(lagOf(v.s.group))
	if err != nil || !known || lag < 2*v.low() {
		return fmt.Errorf("the lag is %v (known: %v, error: %v)", lag, known, err)
	}
	return nil
}

// noneReady is the proof that no pod is ready.
func noneReady(v *victim) error {
	if _, ready := v.f.replicas(); ready > 0 {
		return fmt.Errorf("%d pods are ready", ready)
	}
	return nil
}

// rebalances is the proof that the group was rebalanced again and again.
func rebalances(v *victim) error {
	const enough = 4
	if now := v.generation(); now < v.generationBefore+enough {
		return fmt.Errorf("the group is at generation %d, it was at %d", now, v.generationBefore)
	}
	return nil
}

var generationLine = regexp.MustCompile(`generation (\d+)\n`)

// generation is the group's newest, as its members have logged it.
func (v *victim) generation() int {
	newest := 0
	for _, p := range v.f.processes() {
		for _, found := range generationLine.FindAllStringSubmatch(p.Tail(100)+"\n", -1) {
			n, _ := strconv.Atoi(found[1])
			newest = max(newest, n)
		}
	}
	return newest
}

// frozenIsOut is the proof that Kafka has given up the frozen member.
func frozenIsOut(v *victim) error {
	admin, err := v.w.kafka.Admin()
	if err != nil {
		return err
	}
	defer admin.Close()
	groups, err := admin.DescribeConsumerGroups([]string{v.s.group})
	if err != nil {
		return err
	}
	var names []string
	for _, g := range groups {
		for _, m := range g.Members {
			names = append(names, m.ClientId)
		}
	}
	if len(names) == 0 || slices.Contains(names, v.frozen) {
		return fmt.Errorf("the members are %v, %s is frozen", names, v.frozen)
	}
	return nil
}
