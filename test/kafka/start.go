package kafka

import (
	"context"
	"errors"
	"os"
	"testing"
)

// Start starts a cluster that ends with the test. Where Java or Maven is missing it skips the test, or fails it where
// CI is "true".
func Start(t testing.TB, options Options) *Cluster {
	t.Helper()
	c, err := New(context.Background(), options)
	Require(t, err)
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the brokers' logs:\n%s", c.Logs())
		}
		if err := c.Close(); err != nil {
			t.Errorf("close the cluster: %v", err)
		}
	})
	return c
}

// Require ends the test if err is not nil: it skips where a program is missing, unless CI is "true", and fails
// otherwise. It is for tests that share a cluster made with New.
func Require(t testing.TB, err error) {
	t.Helper()
	switch {
	case err == nil:
	case errors.Is(err, ErrMissing) && os.Getenv("CI") != "true":
		t.Skipf("no real Kafka here: %v", err)
	default:
		t.Fatalf("start Kafka: %v", err)
	}
}
