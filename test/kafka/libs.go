package kafka

import (
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
)

// ErrMissing is wrapped by errors that say which program this machine lacks.
var ErrMissing = errors.New("not installed")

//go:embed pom.xml
var pom []byte

// Libraries returns the folder with the jars of that version of Kafka, and fills it first where need be. The folder
// lies under KAFKA_LIB_DIR, or else under the user's cache folder. Processes that call it at the same time wait for one
// of them to do the work. The error wraps ErrMissing where the jars are not there and neither is Maven.
func Libraries(ctx context.Context, version string) (string, error) {
	base, err := cacheDir()
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(pom)
	name := version + "-" + hex.EncodeToString(sum[:4])
	dir := filepath.Join(base, name)
	if isDir(dir) {
		return dir, nil
	}
	unlock, err := lock(filepath.Join(base, name+".lock"))
	if err != nil {
		return "", err
	}
	defer unlock()
	if isDir(dir) {
		return dir, nil
	}
	if err := copyDependencies(ctx, version, dir); err != nil {
		return "", fmt.Errorf("fetch the jars of Kafka %s: %w", version, err)
	}
	return dir, nil
}

func cacheDir() (string, error) {
	base := os.Getenv("KAFKA_LIB_DIR")
	if base == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			return "", fmt.Errorf("find a folder for Kafka's jars (KAFKA_LIB_DIR names another): %w", err)
		}
		base = filepath.Join(cache, "kafka_burndown_exporter", "kafka")
	}
	base, err := filepath.Abs(base)
	if err != nil {
		return "", err
	}
	return base, os.MkdirAll(base, 0o755)
}

// copyDependencies lets Maven fill a folder beside dir and renames it, so that dir is complete if it exists.
func copyDependencies(ctx context.Context, version, dir string) error {
	mvn, err := exec.LookPath("mvn")
	if err != nil {
		return fmt.Errorf("mvn (Maven) is %w", ErrMissing)
	}
	work, err := os.MkdirTemp(filepath.Dir(dir), "fetch-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	file := filepath.Join(work, "pom.xml")
	if err := os.WriteFile(file, pom, 0o644); err != nil {
		return err
	}
	lib := filepath.Join(work, "lib")
	cmd := exec.CommandContext(ctx, mvn, "-q", "-B", "-f", file, "-Dkafka.version="+version,
		"-DoutputDirectory="+lib, "dependency:copy-dependencies")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, tail(out))
	}
	return os.Rename(lib, dir)
}

// lock takes an exclusive lock on a file, which the kernel releases when the process ends.
func lock(path string) (unlock func(), err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		f.Close()
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	return func() { f.Close() }, nil
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// tail keeps the last lines of a log for an error message.
func tail(out []byte) string {
	const most = 2000
	if len(out) > most {
		out = out[len(out)-most:]
	}
	return string(out)
}
