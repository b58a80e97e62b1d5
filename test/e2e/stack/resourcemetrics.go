package stack

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"kafka_burndown_exporter/test/e2e/kubeapi"
)

// usage is the CPU time of a process at its last reading.
type usage struct {
	at    time.Time
	ticks int
	milli int // thousandths of a core over the last interval
	known bool
}

// MetricsAPIs are the paths of the APIServices that HPA reads its metrics from: cpu, and what KEDA serves.
var MetricsAPIs = [...]string{
	"/apis/apiregistration.k8s.io/v1/apiservices/v1beta1.metrics.k8s.io",
	"/apis/apiregistration.k8s.io/v1/apiservices/v1beta1.external.metrics.k8s.io",
}

// resourceMetrics serves the resource metrics API from the CPU time that the pods' processes really used: what
// metrics-server does from the kubelets' figures.
func (s *Stack) resourceMetrics(ctx context.Context) error {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /apis/metrics.k8s.io/v1beta1", func(w http.ResponseWriter, _ *http.Request) {
		reply(w, kubeapi.Object{"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": "metrics.k8s.io/v1beta1",
			"resources": []any{kubeapi.Object{"name": "pods", "singularName": "", "namespaced": true, "kind": "PodMetrics", "verbs": []string{"get", "list"}}}})
	})
	mux.HandleFunc("GET /apis/metrics.k8s.io/v1beta1/namespaces/{namespace}/pods", func(w http.ResponseWriter, r *http.Request) {
		reply(w, s.Kubelet.podMetrics(r.PathValue("namespace"), r.URL.Query().Get("labelSelector")))
	})
	// Without this API every HPA with a cpu metric holds: it could scale up, and never down. So it is there or says why.
	listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", s.ports["resource-metrics"]))
	if err != nil {
		return err
	}
	server := &http.Server{Handler: mux}
	go func() {
		if err := server.ServeTLS(listener, s.pem("tls.crt"), s.pem("tls.key")); !errors.Is(err, http.ErrServerClosed) {
			s.cfg.Log("the metrics API has ended: %v", err)
		}
	}()
	context.AfterFunc(ctx, func() { server.Close() })
	if err := s.aggregate(ctx, "metrics.k8s.io", "metrics", "resource-metrics"); err != nil {
		return err
	}
	return s.waitCondition(ctx, MetricsAPIs[0], "Available")
}

func reply(w http.ResponseWriter, answer any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(answer)
}

// podMetrics lists the pods of a namespace that match a selector of equalities.
func (k *Kubelet) podMetrics(namespace, selector string) kubeapi.Object {
	items := []any{}
	now := time.Now()
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, p := range k.pods {
		if p.namespace != namespace || !matches(p.labels, selector) {
			continue
		}
		if milli, known := p.measure(now); known {
			items = append(items, kubeapi.Object{
				"metadata":  kubeapi.Object{"name": p.name, "namespace": namespace, "labels": p.labels},
				"timestamp": now.UTC().Format(time.RFC3339), "window": "1s",
				"containers": []any{kubeapi.Object{"name": p.container, "usage": kubeapi.Object{"cpu": fmt.Sprintf("%dm", milli), "memory": "32Mi"}}},
			})
		}
	}
	return kubeapi.Object{"kind": "PodMetricsList", "apiVersion": "metrics.k8s.io/v1beta1", "metadata": kubeapi.Object{}, "items": items}
}

func matches(labels kubeapi.Object, selector string) bool {
	for term := range strings.SplitSeq(selector, ",") {
		key, value, _ := strings.Cut(term, "=")
		if selector != "" && labels[key] != strings.TrimPrefix(value, "=") {
			return false
		}
	}
	return true
}

// measure reads the CPU time of the pod's process, at most once a second. One reading is no measurement yet, and a
// process that has started again begins anew.
func (p *pod) measure(now time.Time) (milli int, known bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.process == nil {
		return 0, false
	}
	ticks, err := cpuTicks(p.process.PID())
	if err != nil {
		return 0, false
	}
	switch elapsed := now.Sub(p.cpu.at); {
	case p.cpu.at.IsZero():
		p.cpu = usage{at: now, ticks: ticks}
	case elapsed >= time.Second:
		const ticksPerSecond = 100 // USER_HZ, the same on every Linux that Go runs on
		milli := float64(ticks-p.cpu.ticks) / ticksPerSecond / elapsed.Seconds() * 1000
		p.cpu = usage{at: now, ticks: ticks, milli: int(milli), known: true}
	}
	return p.cpu.milli, p.cpu.known
}

// cpuTicks is the user and system time of a process: fields 14 and 15 of stat, counted behind the name in parentheses.
func cpuTicks(pid int) (int, error) {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	fields := bytes.Fields(raw[bytes.LastIndexByte(raw, ')')+1:])
	if len(fields) < 13 {
		return 0, fmt.Errorf("process %d: short stat", pid)
	}
	user, err := strconv.Atoi(string(fields[11]))
	if err != nil {
		return 0, err
	}
	system, err := strconv.Atoi(string(fields[12]))
	return user + system, err
}
