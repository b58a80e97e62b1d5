package hpatraces

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	autoscaling "k8s.io/api/autoscaling/v2"
	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	coreinformers "k8s.io/client-go/informers/core/v1"
	corelisters "k8s.io/client-go/listers/core/v1"
	"k8s.io/kubernetes/pkg/controller/podautoscaler/metrics"
)

// metricsClient answers from the plant's newest step. Metrics are named m0, m1, …
type metricsClient struct{ p *plant }

var errFailed = errors.New("metric failed")

func (m metricsClient) value(i int) (int64, error) {
	m.p.mu.Lock()
	defer m.p.mu.Unlock()
	step := m.p.c.Trace[len(m.p.c.Trace)-1]
	if step.V[i] == nil {
		return 0, errFailed
	}
	return *step.V[i], nil
}

func (m metricsClient) GetExternalMetric(name, _ string, _ labels.Selector) ([]int64, time.Time, error) {
	i, err := strconv.Atoi(strings.TrimPrefix(name, "m"))
	if err != nil {
		return nil, time.Time{}, err
	}
	v, err := m.value(i)
	return []int64{v}, time.Now(), err
}

func (m metricsClient) GetResourceMetric(context.Context, v1.ResourceName, string, labels.Selector, string) (metrics.PodMetricsInfo, time.Time, error) {
	for i, metric := range m.p.c.Metrics {
		if metric.Resource == "" {
			continue
		}
		if _, err := m.value(i); err != nil {
			return nil, time.Time{}, err
		}
	}
	m.p.mu.Lock()
	defer m.p.mu.Unlock()
	out := metrics.PodMetricsInfo{}
	for name, seen := range m.p.usage {
		if seen.Measured {
			out[name] = metrics.PodMetric{
				Timestamp: time.UnixMilli(seen.At), Window: time.Duration(seen.Window) * time.Millisecond, Value: seen.Usage,
			}
		}
	}
	return out, time.Now(), nil
}

func (metricsClient) GetRawMetric(string, string, labels.Selector, labels.Selector) (metrics.PodMetricsInfo, time.Time, error) {
	return nil, time.Time{}, errFailed
}

func (metricsClient) GetObjectMetric(string, string, *autoscaling.CrossVersionObjectReference, labels.Selector) (int64, time.Time, error) {
	return 0, time.Time{}, errFailed
}

// podInformer lists the plant's pods without an API server.
type podInformer struct {
	coreinformers.PodInformer
	p *plant
}

func (i podInformer) Lister() corelisters.PodLister { return podLister{i.p} }

type podLister struct{ p *plant }

func (l podLister) List(labels.Selector) ([]*v1.Pod, error) {
	l.p.mu.Lock()
	defer l.p.mu.Unlock()
	return l.p.pods, nil
}

func (l podLister) Pods(string) corelisters.PodNamespaceLister {
	return namespaceLister{PodLister: l}
}

type namespaceLister struct {
	corelisters.PodLister
}

func (namespaceLister) Get(string) (*v1.Pod, error) { return nil, errFailed }
