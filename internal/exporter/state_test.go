package exporter

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-kit/log"
	"github.com/google/go-cmp/cmp"

	"kafka_burndown_exporter/internal/lag"
	"kafka_burndown_exporter/internal/pilot"
)

func TestStateOutlivesTheProcess(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.json")
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	learned := map[string]pilot.State{"g": {At: now, Capacity: 100, Variance: 0.01, Best: 110}}
	tracker := func() *lag.Tracker { return lag.NewTracker(lag.Options{Interval: time.Second}) }
	wave := func(cluster string) *lag.Wave { return &lag.Wave{Began: now, ClusterID: cluster} }

	first := tracker()
	first.Restore(learned)
	k := newStateKeeper(path, log.NewNopLogger())
	k.save(now, first)
	if _, err := os.Stat(path); err == nil {
		t.Error("saved before the cluster was known")
	}
	k.before(wave("one"), first)
	k.after(now, first)

	for _, c := range []struct {
		name, cluster, content, says string
		want                         map[string]pilot.State
	}{
		{"the same cluster", "one", "", "", learned},
		{"another cluster", "two", "", "of another cluster", map[string]pilot.State{}},
		{"not readable", "one", "{", "is ignored", map[string]pilot.State{}},
		{"of a later version", "one", `{"version":99}`, "version 99", map[string]pilot.State{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "state.json")
			content, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if c.content != "" {
				content = []byte(c.content)
			}
			if err := os.WriteFile(file, content, 0o600); err != nil {
				t.Fatal(err)
			}
			var logs bytes.Buffer
			next := tracker()
			k := newStateKeeper(file, log.NewLogfmtLogger(&logs))
			k.before(wave(""), next)
			k.before(wave(c.cluster), next)
			if diff := cmp.Diff(c.want, next.Learned()); diff != "" {
				t.Error(diff)
			}
			if !strings.Contains(logs.String(), c.says) || c.says == "" && logs.Len() > 0 {
				t.Errorf("logged: %s", &logs)
			}
			k.save(now, next)
			if s, err := readState(file); err != nil || s.Cluster != c.cluster {
				t.Errorf("written: %+v, %v", s, err)
			}
			if left, _ := filepath.Glob(file + ".*"); len(left) > 0 {
				t.Errorf("left over: %v", left)
			}
		})
	}
}

func TestStateThatCannotBeWrittenIsSaidOnce(t *testing.T) {
	var logs bytes.Buffer
	k := newStateKeeper(filepath.Join(t.TempDir(), "none", "state.json"), log.NewLogfmtLogger(&logs))
	tracker := lag.NewTracker(lag.Options{Interval: time.Second})
	k.before(&lag.Wave{ClusterID: "one"}, tracker)
	for i := range 3 {
		k.after(time.Unix(int64(i)*3600, 0), tracker)
	}
	if n := strings.Count(logs.String(), "cannot be written"); n != 1 {
		t.Errorf("%d lines:\n%s", n, &logs)
	}
}
