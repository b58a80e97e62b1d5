package stack

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"

	jsonpatch "gopkg.in/evanphx/json-patch.v4"
	"sigs.k8s.io/yaml"

	"kafka_burndown_exporter/test/e2e/kubeapi"
	"kafka_burndown_exporter/test/e2e/proc"
)

func (s *Stack) keda(ctx context.Context) error {
	if err := s.InstallCRDs(ctx, filepath.Join(s.cfg.KEDA, "config", "crd", "bases"), filepath.Join(s.cfg.KEDA, "config", "crd", "patches")); err != nil {
		return err
	}
	if err := s.aggregate(ctx, "external.metrics.k8s.io", "keda-metrics-apiserver", "adapter"); err != nil {
		return err
	}
	// Ten times KEDA's own 20 and 30: its calls come as much closer together as time is compressed.
	const qps, burst = "--kube-api-qps=200", "--kube-api-burst=300"
	env := []string{
		"KUBECONFIG=" + s.kubeconfig, "WATCH_NAMESPACE=", "POD_NAMESPACE=keda", "KEDA_CLUSTER_OBJECT_NAMESPACE=keda",
		"KEDA_SERVICE_ACCOUNT_TOKEN_AUDIENCES=" + s.cfg.TokenAudiences,
	}
	for _, part := range []struct {
		spec proc.Spec
		url  string
	}{
		{proc.Spec{Name: "keda-operator", Bin: "operator", Env: env, Args: []string{
			"--zap-log-level=info", "--zap-encoder=console", "--zap-time-encoding=rfc3339", "--cert-dir=" + s.PKI, "--ca-dir=" + s.PKI,
			s.listen("--metrics-bind-address", "operator-metrics"), s.listen("--health-probe-bind-address", "operator-probe"),
			s.listen("--metrics-service-bind-address", "grpc"), qps, burst,
		}}, s.url("http", "operator-probe") + "/readyz"},
		{proc.Spec{Name: "keda-adapter", Bin: "adapter", Env: env, Args: []string{
			fmt.Sprintf("--secure-port=%d", s.ports["adapter"]), "--bind-address=127.0.0.1",
			"--tls-cert-file=" + s.pem("tls.crt"), "--tls-private-key-file=" + s.pem("tls.key"),
			"--cert-dir=" + s.PKI, "--client-ca-file=" + s.pem("ca.crt"),
			"--lister-kubeconfig=" + s.kubeconfig, "--authentication-kubeconfig=" + s.kubeconfig,
			"--authorization-kubeconfig=" + s.kubeconfig,
			qps, burst, s.listen("--metrics-service-address", "grpc"), fmt.Sprintf("--port=%d", s.ports["adapter-metrics"]),
		}}, s.url("https", "adapter") + "/readyz"},
		{proc.Spec{Name: "keda-webhooks", Bin: "webhooks", Env: env, Args: []string{
			"--zap-log-level=info", "--zap-encoder=console", "--cert-dir=" + s.PKI, fmt.Sprintf("--port=%d", s.ports["webhook"]),
			s.listen("--metrics-bind-address", "webhook-metrics"), s.listen("--health-probe-bind-address", "webhook-probe"),
		}}, s.url("http", "webhook-probe") + "/readyz"},
	} {
		if err := s.start(ctx, part.spec, part.url); err != nil {
			return err
		}
	}
	if err := s.admission(ctx); err != nil {
		return fmt.Errorf("webhook configuration: %w", err)
	}
	return s.waitCondition(ctx, MetricsAPIs[1], "Available")
}

func (s *Stack) listen(flag, port string) string {
	return fmt.Sprintf("%s=127.0.0.1:%d", flag, s.ports[port])
}

// KEDAMetrics is where the operator's own metrics are scraped.
func (s *Stack) KEDAMetrics() string { return fmt.Sprintf("127.0.0.1:%d", s.ports["operator-metrics"]) }

// InstallCRDs creates every CRD found in dir, with the JSON patches of patches that carry its short name, as KEDA's own
// kustomization does, and waits until the API server serves them.
func (s *Stack) InstallCRDs(ctx context.Context, dir, patches string) error {
	files, err := filepath.Glob(filepath.Join(dir, "*.yaml"))
	if err != nil || len(files) == 0 {
		return fmt.Errorf("no CRDs in %s: %w", dir, err)
	}
	var paths []string
	for _, file := range files {
		crd, err := readPatched(file, patches)
		if err != nil {
			return fmt.Errorf("%s: %w", filepath.Base(file), err)
		}
		path := "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/" + kubeapi.String(crd, "metadata", "name")
		if _, err := s.API.Apply(ctx, path, crd); err != nil {
			return fmt.Errorf("%s: %w", filepath.Base(file), err)
		}
		paths = append(paths, path)
	}
	for _, path := range paths {
		if err := s.waitCondition(ctx, path, "Established"); err != nil {
			return err
		}
	}
	return nil
}

func readPatched(file, patches string) (kubeapi.Object, error) {
	raw, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	doc, err := yaml.YAMLToJSON(raw)
	if err != nil {
		return nil, err
	}
	// The bases of ScaledObject and ScaledJob are refused by the API server without these.
	for base, name := range map[string]string{
		"keda.sh_scaledjobs.yaml": "scaledjob_patch.yaml", "keda.sh_scaledobjects.yaml": "scaledobject_patch.yaml",
	} {
		if filepath.Base(file) != base {
			continue
		}
		rawPatch, err := os.ReadFile(filepath.Join(patches, name))
		if err != nil {
			return nil, err
		}
		if rawPatch, err = yaml.YAMLToJSON(rawPatch); err != nil {
			return nil, err
		}
		patch, err := jsonpatch.DecodePatch(rawPatch)
		if err != nil {
			return nil, err
		}
		if doc, err = patch.Apply(doc); err != nil {
			return nil, err
		}
	}
	var crd kubeapi.Object
	return crd, json.Unmarshal(doc, &crd)
}

// aggregate registers an API group that a process on loopback serves. The aggregator resolves an ExternalName service
// to that name and skips its endpoints; "127.0.0.1" is a valid name.
func (s *Stack) aggregate(ctx context.Context, group, service, port string) error {
	namespace := kubeapi.Object{"apiVersion": "v1", "kind": "Namespace", "metadata": kubeapi.Object{"name": "keda"}}
	if _, err := s.API.Apply(ctx, "/api/v1/namespaces/keda", namespace); err != nil {
		return err
	}
	_, err := s.API.Apply(ctx, "/api/v1/namespaces/keda/services/"+service, kubeapi.Object{
		"apiVersion": "v1", "kind": "Service", "metadata": kubeapi.Object{"name": service, "namespace": "keda"},
		"spec": kubeapi.Object{"type": "ExternalName", "externalName": "127.0.0.1"},
	})
	if err != nil {
		return err
	}
	name := "v1beta1." + group
	_, err = s.API.Apply(ctx, "/apis/apiregistration.k8s.io/v1/apiservices/"+name, kubeapi.Object{
		"apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService", "metadata": kubeapi.Object{"name": name},
		"spec": kubeapi.Object{
			"group": group, "version": "v1beta1", "groupPriorityMinimum": 100, "versionPriority": 100,
			"service":  kubeapi.Object{"name": service, "namespace": "keda", "port": s.ports[port]},
			"caBundle": base64.StdEncoding.EncodeToString(s.Authority.PEM),
		},
	})
	return err
}

// admission registers KEDA's webhooks by address instead of by service, and lets nothing pass while they are away.
func (s *Stack) admission(ctx context.Context) error {
	raw, err := os.ReadFile(filepath.Join(s.cfg.KEDA, "config", "webhooks", "validation_webhooks.yaml"))
	if err != nil {
		return err
	}
	var config kubeapi.Object
	if err := yaml.Unmarshal(raw, &config); err != nil {
		return err
	}
	for _, hook := range kubeapi.List(config, "webhooks") {
		hook["failurePolicy"] = "Fail"
		hook["clientConfig"] = kubeapi.Object{
			"url":      s.url("https", "webhook") + kubeapi.String(hook, "clientConfig", "service", "path"),
			"caBundle": base64.StdEncoding.EncodeToString(s.Authority.PEM),
		}
	}
	_, err = s.API.Apply(ctx, "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/keda-admission", config)
	return err
}

func (s *Stack) waitCondition(ctx context.Context, path, kind string) error {
	ctx, cancel := context.WithTimeout(ctx, 60*time.Second)
	defer cancel()
	for {
		obj, err := s.API.Get(ctx, path)
		condition := kubeapi.Condition(obj, kind)
		if err == nil && kubeapi.String(condition, "status") == "True" {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s is not %s: %v %w", path, kind, condition, err)
		case <-time.After(50 * time.Millisecond):
		}
	}
}
