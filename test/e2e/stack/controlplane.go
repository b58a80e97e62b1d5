package stack

import (
	"context"
	"fmt"
	"path/filepath"

	"kafka_burndown_exporter/test/e2e/kubeapi"
	"kafka_burndown_exporter/test/e2e/proc"
)

func (s *Stack) etcd(ctx context.Context) error {
	clients, peers := s.url("http", "etcd"), s.url("http", "peer")
	return s.start(ctx, proc.Spec{Name: "etcd", Bin: "kubecp", Args: []string{
		"etcd", "--name", "default", "--data-dir", filepath.Join(s.cfg.Dir, "etcd"), "--unsafe-no-fsync",
		"--listen-client-urls", clients, "--advertise-client-urls", clients,
		"--listen-peer-urls", peers, "--initial-advertise-peer-urls", peers, "--initial-cluster", "default=" + peers,
	}}, clients+"/health")
}

func (s *Stack) apiserver(ctx context.Context) error {
	err := s.start(ctx, proc.Spec{Name: "kube-apiserver", Bin: "kubecp", Args: []string{
		"kube-apiserver",
		"--etcd-servers=" + s.url("http", "etcd"),
		"--bind-address=127.0.0.1", fmt.Sprintf("--secure-port=%d", s.ports["api"]),
		"--advertise-address=127.0.0.1", "--endpoint-reconciler-type=none",
		"--service-cluster-ip-range=10.96.0.0/24",
		"--tls-cert-file=" + s.pem("apiserver.crt"), "--tls-private-key-file=" + s.pem("apiserver.key"),
		"--client-ca-file=" + s.pem("ca.crt"), "--authorization-mode=RBAC",
		"--service-account-issuer=https://kubernetes.default.svc",
		"--service-account-key-file=" + s.pem("sa.pub"), "--service-account-signing-key-file=" + s.pem("sa.key"),
		// The aggregation layer: KEDA's adapter and the metrics API are called through it.
		"--requestheader-client-ca-file=" + s.pem("front-ca.crt"),
		"--requestheader-allowed-names=front-proxy-client",
		"--requestheader-username-headers=X-Remote-User", "--requestheader-group-headers=X-Remote-Group",
		"--requestheader-extra-headers-prefix=X-Remote-Extra-",
		"--proxy-client-cert-file=" + s.pem("front-proxy.crt"), "--proxy-client-key-file=" + s.pem("front-proxy.key"),
		// Nothing here mounts the tokens of service accounts.
		"--disable-admission-plugins=ServiceAccount",
	}}, s.url("https", "api")+"/readyz")
	if err != nil {
		return err
	}
	if err := s.writeKubeconfig(); err != nil {
		return err
	}
	s.API, err = kubeapi.New(s.url("https", "api"), kubeapi.Files{
		CA: s.pem("ca.crt"), Cert: s.pem("admin.crt"), Key: s.pem("admin.key"),
	})
	return err
}

func (s *Stack) controllers(ctx context.Context) error {
	return s.start(ctx, proc.Spec{Name: "kube-controller-manager", Bin: "kubecp", Args: []string{
		"kube-controller-manager",
		"--kubeconfig=" + s.kubeconfig, "--authentication-kubeconfig=" + s.kubeconfig, "--authorization-kubeconfig=" + s.kubeconfig,
		"--bind-address=127.0.0.1", fmt.Sprintf("--secure-port=%d", s.ports["kcm"]), "--leader-elect=false",
		"--controllers=deployment-controller,replicaset-controller,horizontal-pod-autoscaler-controller," +
			"garbage-collector-controller,namespace-controller",
		"--horizontal-pod-autoscaler-sync-period=" + s.cfg.Sync.String(),
		// CPU counts from a pod's second sync on; the defaults (30 s and 5 min) are for a period of 15 s.
		"--horizontal-pod-autoscaler-initial-readiness-delay=1s", "--horizontal-pod-autoscaler-cpu-initialization-period=1s",
		"--kube-api-qps=200", "--kube-api-burst=400", "--kube-api-content-type=application/json",
	}}, s.url("https", "kcm")+"/healthz")
}
