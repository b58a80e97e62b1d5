package exporter

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"

	"kafka_burndown_exporter/internal/lag"
	"kafka_burndown_exporter/internal/pilot"
)

// stateVersion is the form of the file; another one is ignored.
const stateVersion = 1

// maxState bounds what is read of a file.
const maxState = 256 << 20

// state is the content of --state.file.
type state struct {
	Version int                    `json:"version"`
	Cluster string                 `json:"cluster"`
	SavedAt time.Time              `json:"savedAt"`
	Groups  map[string]pilot.State `json:"groups"`
}

// stateKeeper keeps what the pilots learned in a file: read before the first wave of the cluster it is of, written every
// minute and at the end. A file that cannot be read or is of another cluster is ignored with a log line, and replaced.
type stateKeeper struct {
	path    string
	logger  log.Logger
	read    *state
	cluster string
	savedAt time.Time
	failed  bool
}

// saveEvery is how much of what was learned a crash can lose.
const saveEvery = time.Minute

func newStateKeeper(path string, logger log.Logger) *stateKeeper {
	k := &stateKeeper{path: path, logger: log.With(logger, "file", path)}
	s, err := readState(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		_ = level.Warn(k.logger).Log("msg", "the state file is ignored; capacities are measured anew", "err", err)
	default:
		k.read = s
	}
	return k
}

// remembered is the cluster of the file. It is watched again unless the settings name another one.
func (k *stateKeeper) remembered() string {
	if k.read == nil {
		return ""
	}
	return k.read.Cluster
}

func readState(path string) (*state, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, maxState+1))
	if err != nil {
		return nil, err
	}
	if len(raw) > maxState {
		return nil, fmt.Errorf("it is larger than %d MB", maxState>>20)
	}
	var s state
	if err := json.Unmarshal(raw, &s); err != nil {
		return nil, err
	}
	if s.Version != stateVersion {
		return nil, fmt.Errorf("it has version %d, not %d", s.Version, stateVersion)
	}
	return &s, nil
}

// before takes the file in as soon as a wave tells that it is of this cluster.
func (k *stateKeeper) before(w *lag.Wave, t *lag.Tracker) {
	if k == nil || w.ClusterID == "" {
		return
	}
	k.cluster = w.ClusterID
	if k.read == nil {
		return
	}
	if k.read.Cluster != w.ClusterID {
		_ = level.Warn(k.logger).Log("msg", "the state file is of another cluster and is ignored; capacities are measured anew",
			"cluster", w.ClusterID, "file_cluster", k.read.Cluster)
	} else {
		t.Restore(k.read.Groups)
	}
	k.read = nil
}

// after saves when it is time to.
func (k *stateKeeper) after(now time.Time, t *lag.Tracker) {
	if k != nil && now.Sub(k.savedAt) >= saveEvery {
		k.save(now, t)
	}
}

// save writes the file as a whole or not at all. It is logged once that it cannot be written.
func (k *stateKeeper) save(now time.Time, t *lag.Tracker) {
	if k == nil || k.cluster == "" {
		return
	}
	k.savedAt = now
	err := writeState(k.path, state{Version: stateVersion, Cluster: k.cluster, SavedAt: now.UTC(), Groups: t.Learned()})
	if err != nil && !k.failed {
		_ = level.Error(k.logger).Log("msg", "the state file cannot be written; a restart will measure capacities anew", "err", err)
	}
	k.failed = err != nil
}

func writeState(path string, s state) error {
	raw, err := json.Marshal(s)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	if _, err := f.Write(raw); err != nil {
		f.Close()
		return err
	}
	if err := f.Sync(); err != nil {
		f.Close()
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
