package simulate

import (
	"context"
	"fmt"
	"os"
	"testing"

	"kafka_burndown_exporter/rules"
)

func shippedQuery(t testing.TB) QueryText {
	t.Helper()
	all, err := rules.TriggerQueries()
	if err != nil {
		t.Fatal(err)
	}
	return func(name, group, threshold string) (string, error) {
		for _, q := range all.Queries {
			if q.Name == name {
				return q.Expr(group, threshold), nil
			}
		}
		return "", fmt.Errorf("no query %q", name)
	}
}

func TestTunePrint(t *testing.T) {
	sc := load(t, "ride-hailing")
	tn, err := Tune(context.Background(), sc, "trip-analytics-consumer", Limits{Min: 2}, shippedQuery(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	tn.WriteText(os.Stdout)
}
