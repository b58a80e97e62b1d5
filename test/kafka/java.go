package kafka

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// runtime is a Java and the jars of one version of Kafka.
type runtime struct {
	java string
	lib  string
}

func newRuntime(ctx context.Context, version string) (*runtime, error) {
	java, err := exec.LookPath("java")
	if err != nil {
		return nil, fmt.Errorf("java is %w", ErrMissing)
	}
	lib, err := Libraries(ctx, version)
	if err != nil {
		return nil, err
	}
	r := &runtime{java: java, lib: lib}
	if err := r.warm(ctx); err != nil {
		return nil, fmt.Errorf("start a broker of Kafka %s for the first time: %w", version, err)
	}
	return r, nil
}

// command returns a Java process of one of Kafka's main classes that dies with this process.
func (r *runtime) command(ctx context.Context, options []string, class string, args ...string) *exec.Cmd {
	all := []string{
		"-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Djava.awt.headless=true",
		"-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
	}
	if archive := r.archive(class); isFile(archive) {
		all = append(all, "-XX:SharedArchiveFile="+archive)
	}
	all = append(all, options...)
	all = append(all, "-cp", filepath.Join(r.lib, "*"), class)
	cmd := exec.CommandContext(ctx, r.java, append(all, args...)...)
	cmd.SysProcAttr = childAttributes()
	return cmd
}

// archive is the file of the classes that a main class loads: one for the broker, one for all tools.
func (r *runtime) archive(class string) string {
	if class == brokerClass {
		return r.lib + ".broker.jsa"
	}
	return r.lib + ".tools.jsa"
}

// warm writes the archives, which halve the CPU time it takes to start a broker and a tool. It does so once for a
// folder of jars, with a broker of its own.
func (r *runtime) warm(ctx context.Context) error {
	broker, tools := r.archive(brokerClass), r.archive("")
	if isFile(broker) && isFile(tools) {
		return nil
	}
	unlock, err := lock(r.lib + ".jsa.lock")
	if err != nil {
		return err
	}
	defer unlock()
	if isFile(broker) && isFile(tools) {
		return nil
	}
	defer os.Remove(broker + ".part")
	defer os.Remove(tools + ".part")
	c, err := startCluster(ctx, r, Options{JavaOptions: archiveTo(broker + ".part")}.withDefaults())
	if err != nil {
		return err
	}
	defer c.Close()
	list := r.command(ctx, archiveTo(tools+".part"), toolClass("kafka-consumer-groups", ""),
		"--bootstrap-server", c.Bootstrap(), "--list")
	if out, err := list.CombinedOutput(); err != nil {
		return fmt.Errorf("list consumer groups: %w: %s", err, tail(out))
	}
	if err := c.Broker(1).Stop(); err != nil {
		return err
	}
	return errors.Join(os.Rename(broker+".part", broker), os.Rename(tools+".part", tools))
}

func archiveTo(file string) []string {
	return []string{"-XX:ArchiveClassesAtExit=" + file, "-Xlog:disable", "-Xlog:all=off"}
}
