// Package stack boots a real Kubernetes control plane (etcd, kube-apiserver, kube-controller-manager) and a real KEDA
// (operator, metrics adapter and admission webhooks, unmodified) as plain processes on loopback, with a stand-in for
// scheduler and kubelet that runs a real process per pod. No images, no root, no other interface. It knows nothing of
// Kafka or of the exporter.
package stack

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"kafka_burndown_exporter/test/e2e/kubeapi"
	"kafka_burndown_exporter/test/e2e/proc"
	"kafka_burndown_exporter/test/pki"
)

// Config says where things are.
type Config struct {
	Dir      string            // scratch: state, logs, certificates
	Bin      string            // folder with kubecp, operator, adapter and webhooks
	KEDA     string            // folder of KEDA's module, for its CRDs and webhook configuration
	Commands map[string]string // what a container's command name runs, by name
	Sync     time.Duration     // HPA's sync period
	// TokenAudiences lists, as JSON, for whom KEDA may request tokens of service accounts, and with which audience.
	TokenAudiences string
	Log            func(format string, args ...any)
}

// Stack is the running whole.
type Stack struct {
	API     *kubeapi.Client
	Kubelet *Kubelet
	Procs   *proc.Set
	// Authority signs what the stack's servers present; its files lie in PKI.
	Authority *pki.Authority
	PKI       string

	cfg        Config
	ports      map[string]int
	kubeconfig string
	cancel     context.CancelFunc
}

// Up boots everything. Where it fails, what was started is stopped again.
func Up(ctx context.Context, cfg Config) (*Stack, error) {
	ctx, cancel := context.WithCancel(ctx)
	s := &Stack{
		cfg: cfg, ports: map[string]int{}, cancel: cancel,
		Procs: proc.NewSet(cfg.Dir), PKI: filepath.Join(cfg.Dir, "pki"),
	}
	for _, step := range []struct {
		name string
		do   func(context.Context) error
	}{
		{"reserve ports", s.reservePorts},
		{"make certificates", s.certificates},
		{"etcd", s.etcd},
		{"kube-apiserver", s.apiserver},
		{"kube-controller-manager", s.controllers},
		{"kubelet", s.kubelet},
		{"metrics API", s.resourceMetrics},
		{"KEDA", s.keda},
	} {
		begin := time.Now()
		if err := step.do(ctx); err != nil {
			s.Down()
			return nil, fmt.Errorf("%s: %w", step.name, err)
		}
		cfg.Log("%-24s up after %.1f s", step.name, time.Since(begin).Seconds())
	}
	return s, nil
}

// Down stops everything.
func (s *Stack) Down() {
	s.cancel()
	s.Procs.StopAll()
}

func (s *Stack) reservePorts(context.Context) error {
	names := []string{"etcd", "peer", "api", "kcm", "grpc", "adapter", "adapter-metrics", "operator-probe", "operator-metrics",
		"webhook", "webhook-probe", "webhook-metrics", "resource-metrics"}
	for _, name := range names {
		port, err := FreePort()
		if err != nil {
			return err
		}
		s.ports[name] = port
	}
	return nil
}

func (s *Stack) certificates(context.Context) error {
	root, err := pki.New(s.PKI, "ca")
	if err != nil {
		return err
	}
	front, err := pki.New(s.PKI, "front-ca")
	if err != nil {
		return err
	}
	s.Authority = root
	for file, subject := range map[string]pki.Subject{
		"apiserver": {CommonName: "kube-apiserver", Hosts: []string{"kubernetes.default.svc"}},
		"admin":     {CommonName: "admin", Organizations: []string{"system:masters"}},
		"sa":        {CommonName: "sa"},
		"tls": {CommonName: "keda", Hosts: []string{
			"keda-operator.keda.svc", "keda-metrics-apiserver.keda.svc", "keda-admission-webhooks.keda.svc", "metrics.keda.svc",
		}},
	} {
		if err := root.Issue(file, subject); err != nil {
			return err
		}
	}
	if err := front.Issue("front-proxy", pki.Subject{CommonName: "front-proxy-client"}); err != nil {
		return err
	}
	return nil
}

func (s *Stack) pem(file string) string { return filepath.Join(s.PKI, file) }

func (s *Stack) url(scheme, port string) string {
	return fmt.Sprintf("%s://127.0.0.1:%d", scheme, s.ports[port])
}

// answers returns a check that url says 200. Certificates are not looked at: it asks only whether the server is up.
func answers(url string) func(context.Context) error {
	client := &http.Client{Timeout: 2 * time.Second, Transport: &http.Transport{
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true,
	}}
	return func(ctx context.Context) error {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		resp, err := client.Do(req)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		body, _ := io.ReadAll(resp.Body)
		if resp.StatusCode != http.StatusOK {
			return fmt.Errorf("%s: %s %s", url, resp.Status, body)
		}
		return nil
	}
}

// start starts a process and waits until url answers.
func (s *Stack) start(ctx context.Context, spec proc.Spec, url string) error {
	spec.Bin = filepath.Join(s.cfg.Bin, spec.Bin)
	p, err := s.Procs.Start(spec)
	if err != nil {
		return err
	}
	return p.Wait(ctx, 90*time.Second, answers(url))
}

func (s *Stack) writeKubeconfig() error {
	s.kubeconfig = filepath.Join(s.cfg.Dir, "kubeconfig")
	return os.WriteFile(s.kubeconfig, fmt.Appendf(nil, `apiVersion: v1
kind: Config
current-context: e2e
clusters: [{name: e2e, cluster: {server: %q, certificate-authority: %q}}]
users: [{name: admin, user: {client-certificate: %q, client-key: %q}}]
contexts: [{name: e2e, context: {cluster: e2e, user: admin}}]
`, s.url("https", "api"), s.pem("ca.crt"), s.pem("admin.crt"), s.pem("admin.key")), 0o600)
}
