package e2e

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"

	"kafka_burndown_exporter/test/e2e/kubeapi"
)

// Everything under deploy/, built by kustomize, is accepted by the API server without an unknown field, by KEDA's webhook
// and by KEDA itself, which connects to a real broker for every kafka trigger.
func TestManifestsAreAccepted(t *testing.T) {
	w := theWorld(t)
	b := startBrokers(t)
	for name, dir := range map[string]string{"prometheus-operator": os.Getenv("E2E_OPERATOR_CRDS"), "Strimzi": os.Getenv("E2E_STRIMZI_CRDS")} {
		if dir == "" {
			missing(t, "the CRDs of "+name)
		}
		if err := w.stack.InstallCRDs(t.Context(), dir, ""); err != nil {
			t.Fatal(err)
		}
	}
	for _, dir := range kustomizations(t) {
		t.Run(dir, func(t *testing.T) { w.accept(t, b, build(t, filepath.Join(deployDir, dir))) })
	}
}

// kustomizations lists the folders of deploy/ that have a build of their own.
func kustomizations(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(deployDir, "golden", "testdata", "*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no builds: %v", err)
	}
	var out []string
	for _, f := range files {
		out = append(out, strings.ReplaceAll(strings.TrimSuffix(filepath.Base(f), ".yaml"), "_", "/"))
	}
	return out
}

// build is what kustomize makes of a folder.
func build(t *testing.T, dir string) []kubeapi.Object {
	t.Helper()
	made, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), dir)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := made.AsYaml()
	if err != nil {
		t.Fatal(err)
	}
	return parseObjects(t, raw)
}

// missing skips a test, or fails it where CI is "true".
func missing(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatal("missing: " + what)
	}
	t.Skip("missing: " + what)
}

func (w *world) accept(t *testing.T, b *brokers, objects []kubeapi.Object) {
	secrets := b.lead(t, objects)
	for _, o := range objects {
		w.provide(t, o, secrets[kubeapi.String(o, "metadata", "name")])
	}
	scaled := map[string]kubeapi.Object{}
	for _, o := range objects {
		path, err := w.stack.API.PathOf(t.Context(), o, "default")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.stack.API.Apply(t.Context(), path, o); err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		t.Cleanup(func() { w.remove(t, path) })
		if kubeapi.String(o, "kind") == "ScaledObject" {
			scaled[path] = o
		}
	}
	for path, o := range scaled {
		w.acceptedByKEDA(t, path, o)
	}
}

func (w *world) remove(t *testing.T, path string) {
	if err := w.stack.API.Delete(context.Background(), path); err != nil {
		t.Error(err)
	}
	eventually(t, 30*time.Second, path+" goes", func() error {
		if _, err := w.stack.API.Get(context.Background(), path); !kubeapi.IsNotFound(err) {
			return errors.New("still there")
		}
		return nil
	})
}

// provide makes what the bundle expects its user to have: the namespace, the Deployment that is scaled, and the Secrets
// and ConfigMaps that are only referred to. secrets are the parameters of a TriggerAuthentication that must be right.
func (w *world) provide(t *testing.T, o kubeapi.Object, secrets map[string][]byte) {
	namespace := kubeapi.String(o, "metadata", "namespace")
	if namespace == "" {
		namespace = "default"
	}
	w.namespace(t, namespace)
	switch kubeapi.String(o, "kind") {
	case "ScaledObject":
		w.deploy(t, namespace, kubeapi.String(o, "spec", "scaleTargetRef", "name"), 0, "-group=none", "-topics=none")
	case "TriggerAuthentication":
		data := kubeapi.Object{}
		name := ""
		for _, ref := range kubeapi.List(o, "spec", "secretTargetRef") {
			name = kubeapi.String(ref, "name")
			value, found := secrets[kubeapi.String(ref, "parameter")]
			if !found {
				value = w.secretValue(t, kubeapi.String(ref, "parameter"))
			}
			data[kubeapi.String(ref, "key")] = base64.StdEncoding.EncodeToString(value)
		}
		if name != "" {
			w.put(t, "/api/v1/namespaces/"+namespace+"/secrets/"+name, kubeapi.Object{"apiVersion": "v1", "kind": "Secret", "data": data})
		}
		for _, ref := range kubeapi.List(o, "spec", "configMapTargetRef") {
			w.put(t, "/api/v1/namespaces/"+namespace+"/configmaps/"+kubeapi.String(ref, "name"), kubeapi.Object{
				"apiVersion": "v1", "kind": "ConfigMap", "data": kubeapi.Object{kubeapi.String(ref, "key"): string(w.stack.Authority.PEM)},
			})
		}
	}
}

func (w *world) put(t *testing.T, path string, o kubeapi.Object) {
	t.Helper()
	o["metadata"] = kubeapi.Object{"name": path[strings.LastIndexByte(path, '/')+1:]}
	if _, err := w.stack.API.Apply(t.Context(), path, o); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

// secretValue is something that passes for a parameter of a TriggerAuthentication.
func (w *world) secretValue(t *testing.T, parameter string) []byte {
	if parameter == "customAuthHeader" {
		return []byte("X-Scope-OrgID")
	}
	file := map[string]string{"ca": "ca.crt", "cert": "tls.crt", "key": "tls.key"}[parameter]
	if file == "" {
		return []byte("secret")
	}
	raw, err := os.ReadFile(filepath.Join(w.stack.PKI, file))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// acceptedByKEDA waits for the HPA that KEDA makes of a ScaledObject and compares its targets. KEDA must answer for each
// kafka trigger: it has read the group's offsets then.
func (w *world) acceptedByKEDA(t *testing.T, path string, o kubeapi.Object) {
	hpa := kubeapi.String(o, "spec", "advanced", "horizontalPodAutoscalerConfig", "name")
	if hpa == "" {
		hpa = "keda-hpa-" + kubeapi.String(o, "metadata", "name")
	}
	namespace := kubeapi.String(o, "metadata", "namespace")
	eventually(t, 30*time.Second, "KEDA takes up "+path, func() error {
		now, err := w.stack.API.Get(t.Context(), path)
		if err != nil {
			return err
		}
		if c := kubeapi.Condition(now, "Ready"); kubeapi.String(c, "status") != "True" {
			return fmt.Errorf("%v", c)
		}
		made, err := w.stack.API.Get(t.Context(), "/apis/autoscaling/v2/namespaces/"+namespace+"/horizontalpodautoscalers/"+hpa)
		if err != nil {
			return err
		}
		if err := sameTargets(o, made); err != nil {
			return err
		}
		for i, trigger := range kubeapi.List(o, "spec", "triggers") {
			if kubeapi.String(trigger, "type") == "kafka" {
				_, err = w.externalMetric(t, namespace, kubeapi.String(o, "metadata", "name"), metricName(i, trigger))
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// metricName is the name that KEDA gives a trigger's metric.
func metricName(i int, trigger kubeapi.Object) string {
	if kubeapi.String(trigger, "type") == "kafka" {
		return fmt.Sprintf("s%d-kafka-%s", i, kubeapi.String(trigger, "metadata", "topic"))
	}
	return fmt.Sprintf("s%d-prometheus", i)
}

// sameTargets compares the type and target of each external metric with its trigger.
func sameTargets(o, hpa kubeapi.Object) error {
	want := map[string]string{}
	for i, trigger := range kubeapi.List(o, "spec", "triggers") {
		threshold := map[string]string{"prometheus": "threshold", "kafka": "lagThreshold"}[kubeapi.String(trigger, "type")]
		if threshold != "" {
			want[metricName(i, trigger)] = kubeapi.String(trigger, "metricType") + " " + kubeapi.String(trigger, "metadata", threshold)
		}
	}
	for _, metric := range kubeapi.List(hpa, "spec", "metrics") {
		name := kubeapi.String(metric, "external", "metric", "name")
		if want[name] == "" {
			continue
		}
		kind := kubeapi.String(metric, "external", "target", "type")
		target := kubeapi.String(metric, "external", "target", map[string]string{"Value": "value", "AverageValue": "averageValue"}[kind])
		target = plain(target)
		if got := kind + " " + target; got != want[name] {
			return fmt.Errorf("HPA has %s for %s, the trigger says %s", got, name, want[name])
		}
		delete(want, name)
	}
	if len(want) > 0 {
		return fmt.Errorf("HPA lacks %v", want)
	}
	return nil
}

// plain writes a quantity of thousandths or thousands without its suffix.
func plain(quantity string) string {
	for suffix, factor := range map[string]float64{"m": 1e-3, "k": 1e3} {
		if number, found := strings.CutSuffix(quantity, suffix); found {
			n, _ := strconv.ParseFloat(number, 64)
			return strconv.FormatFloat(n*factor, 'f', -1, 64)
		}
	}
	return quantity
}
