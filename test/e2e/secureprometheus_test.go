package e2e

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"

	"kafka_burndown_exporter/test/e2e/kubeapi"
	"kafka_burndown_exporter/test/e2e/proc"
	"kafka_burndown_exporter/test/e2e/stack"
)

// A Prometheus behind TLS and basic authentication, reached with components/prometheus-auth/basic; a wrong password
// moves nothing.
func TestPrometheusBehindTLSAndBasicAuth(t *testing.T) {
	t.Parallel()
	w := theWorld(t)
	const ns = "secure"
	w.namespace(t, ns)
	address := w.securePrometheus(t)
	for _, c := range []struct {
		name, password string
		replicas       int
		active, reason string // of HPA's condition ScalingActive
	}{{"right", "secret", 7, "True", "ValidMetricFound"}, {"wrong", "guess", 2, "False", "FailedGetExternalMetric"}} {
		f := w.deploy(t, ns, c.name, 2, "-group=none", "-topics=none", "-start-delay=1h")
		w.put(t, "/api/v1/namespaces/"+ns+"/secrets/"+c.name, kubeapi.Object{"apiVersion": "v1", "kind": "Secret", "data": kubeapi.Object{
			"username": encoded("keda"), "password": encoded(c.password), "ca": encoded(string(w.stack.Authority.PEM)),
		}})
		auth := readObjects(t, filepath.Join(deployDir, "keda", "components", "prometheus-auth", "basic", "triggerauthentication.yaml"))[0]
		auth["metadata"] = kubeapi.Object{"name": c.name, "namespace": ns}
		for _, ref := range kubeapi.List(auth, "spec", "secretTargetRef") {
			ref["name"] = c.name
		}
		path, err := w.stack.API.PathOf(t.Context(), auth, ns)
		must(t, err)
		if _, err := w.stack.API.Apply(t.Context(), path, auth); err != nil {
			t.Fatal(err)
		}
		w.scale(t, kubeapi.Object{
			"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject", "metadata": kubeapi.Object{"name": c.name, "namespace": ns},
			"spec": kubeapi.Object{
				"scaleTargetRef": kubeapi.Object{"name": c.name}, "minReplicaCount": 2, "maxReplicaCount": 10,
				"triggers": []any{kubeapi.Object{"type": "prometheus", "metricType": "AverageValue",
					"authenticationRef": kubeapi.Object{"name": c.name},
					"metadata": kubeapi.Object{"serverAddress": address, "query": "sum(vector(7))", "threshold": "1",
						"authModes": "basic", "ignoreNullValues": "false"}}},
			},
		})
		eventually(t, 30*time.Second, fmt.Sprintf("%d replicas with the %s password", c.replicas, c.name), func() error {
			hpa, err := w.stack.API.Get(t.Context(), "/apis/autoscaling/v2/namespaces/"+ns+"/horizontalpodautoscalers/keda-hpa-"+c.name)
			if err != nil {
				return err
			}
			condition := kubeapi.Condition(hpa, "ScalingActive")
			if kubeapi.String(condition, "status") != c.active || kubeapi.String(condition, "reason") != c.reason {
				return fmt.Errorf("%v", condition)
			}
			if wanted, _ := f.replicas(); wanted != c.replicas {
				return fmt.Errorf("%d", wanted)
			}
			return nil
		})
		stays(t, f, c.replicas, 3*syncPeriod)
	}
}

func encoded(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

func (w *world) securePrometheus(t *testing.T) string {
	t.Helper()
	port, err := stack.FreePort()
	must(t, err)
	dir := filepath.Join(w.dir, "secure-prometheus")
	hash, err := bcrypt.GenerateFromPassword([]byte("secret"), bcrypt.MinCost)
	must(t, err)
	must(t, os.MkdirAll(dir, 0o755))
	must(t, os.WriteFile(filepath.Join(dir, "prometheus.yml"), []byte("{}\n"), 0o644))
	must(t, os.WriteFile(filepath.Join(dir, "web.yml"), fmt.Appendf(nil, "tls_server_config: {cert_file: %q, key_file: %q}\nbasic_auth_users: {keda: %q}\n",
		filepath.Join(w.stack.PKI, "tls.crt"), filepath.Join(w.stack.PKI, "tls.key"), string(hash)), 0o644))
	p, err := w.stack.Procs.Start(proc.Spec{Name: "secure-prometheus", Bin: prometheusBinary(t), Args: []string{
		"--config.file=" + filepath.Join(dir, "prometheus.yml"), "--web.config.file=" + filepath.Join(dir, "web.yml"),
		"--storage.tsdb.path=" + filepath.Join(dir, "data"), fmt.Sprintf("--web.listen-address=127.0.0.1:%d", port), "--log.level=warn",
	}})
	must(t, err)
	t.Cleanup(func() { p.Stop(3 * time.Second) })
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(w.stack.Authority.PEM)
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}}
	address := fmt.Sprintf("https://127.0.0.1:%d", port)
	must(t, p.Wait(context.Background(), 20*time.Second, func(ctx context.Context) error {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, address+"/-/ready", nil)
		if err != nil {
			return err
		}
		req.SetBasicAuth("keda", "secret")
		resp, err := client.Do(req)
		if err != nil {
			return err
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			return fmt.Errorf("%s", resp.Status)
		}
		return nil
	}))
	return address
}
