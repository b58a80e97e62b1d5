package hpatraces

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	autoscalingv1 "k8s.io/api/autoscaling/v1"
	autoscaling "k8s.io/api/autoscaling/v2"
	v1 "k8s.io/api/core/v1"
	apimeta "k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes/fake"
	scalefake "k8s.io/client-go/scale/fake"
	clienttesting "k8s.io/client-go/testing"
	autoscalingdefaults "k8s.io/kubernetes/pkg/apis/autoscaling/v2"
	"k8s.io/kubernetes/pkg/controller/podautoscaler"
)

const reconciles = 120

// TestRecord drives the controller through HPA_CASES random cases from HPA_SEED and writes them to HPA_TRACES_OUT. With
// HPA_TO_ZERO some of them have a minimum of 0.
func TestRecord(t *testing.T) {
	out := os.Getenv("HPA_TRACES_OUT")
	cases, seed := number("HPA_CASES", 5), uint64(number("HPA_SEED", 1))
	// Its back-off remembers the real clock and would sleep for decades of the fake one.
	utilruntime.ErrorHandlers = nil
	var recorded []*Case
	for i := range cases {
		c := randomCase(rand.New(rand.NewPCG(seed, uint64(i))))
		synctest.Test(t, func(t *testing.T) { record(t, c, rand.New(rand.NewPCG(seed+1, uint64(i)))) })
		if len(c.Trace) < reconciles-1 {
			t.Fatalf("case %d has %d reconciles", i, len(c.Trace))
		}
		recorded = append(recorded, c)
	}
	if out == "" {
		return
	}
	if err := write(out, recorded); err != nil {
		t.Fatal(err)
	}
}

func number(name string, otherwise int) int {
	if n, err := strconv.Atoi(os.Getenv(name)); err == nil {
		return n
	}
	return otherwise
}

func write(path string, cases []*Case) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	z := gzip.NewWriter(f)
	if err := json.NewEncoder(z).Encode(cases); err != nil {
		return err
	}
	if err := z.Close(); err != nil {
		return err
	}
	return f.Close()
}

func randomCase(r *rand.Rand) *Case {
	c := &Case{Min: int32(1 + r.IntN(4)), Behavior: r.IntN(4) > 0}
	toZero := os.Getenv("HPA_TO_ZERO") != "" && r.IntN(2) == 0
	c.Max = c.Min + int32(1+r.IntN(60))
	for i := range 1 + r.IntN(2) {
		switch n := r.IntN(10); {
		case n < 4:
			c.Metrics = append(c.Metrics, Metric{Kind: "AverageValue", Target: int64(20 + r.IntN(500))})
		case n < 8:
			c.Metrics = append(c.Metrics, Metric{Kind: "Value", Target: int64(20 + r.IntN(2000))})
		case i > 0: // one resource metric at most: its failure is one for all
			c.Metrics = append(c.Metrics, Metric{Kind: "Value", Target: 100})
		case n < 9:
			c.Metrics = append(c.Metrics, Metric{Kind: "Utilization", Resource: "cpu", Target: int64(30 + r.IntN(70))})
		default:
			c.Metrics = append(c.Metrics, Metric{Kind: "AverageValue", Resource: "cpu", Target: int64(50 + r.IntN(400))})
		}
	}
	if c.Behavior {
		c.Up, c.Down = randomRules(r), randomRules(r)
	}
	if toZero && c.Metrics[0].Resource == "" {
		c.Min = 0
	}
	return c
}

func randomRules(r *rand.Rand) *Rules {
	if r.IntN(4) == 0 {
		return nil
	}
	out := &Rules{Select: []string{"", "Max", "Min", "Disabled"}[min(r.IntN(9), 3)]}
	if out.Select == "Disabled" && r.IntN(3) > 0 {
		out.Select = ""
	}
	if r.IntN(3) > 0 {
		window := int32(15 * r.IntN(30))
		out.Win = &window
	}
	if r.IntN(3) == 0 {
		tolerance := float64(r.IntN(30)) / 100
		out.Tol = &tolerance
	}
	for range r.IntN(3) {
		out.Pol = append(out.Pol, Policy{
			Type: []string{"Pods", "Percent"}[r.IntN(2)], Value: int32(1 + r.IntN(100)), Period: int32(15 * (1 + r.IntN(8))),
		})
	}
	return out
}

// record runs the controller on the case until it has reconciled often enough.
func record(t *testing.T, c *Case, r *rand.Rand) {
	ctx, cancel := context.WithCancel(t.Context())
	p := &plant{random: r, c: c, started: time.Now(), load: 100 + 1000*r.Float64()}
	p.spec = c.Min + int32(r.IntN(int(c.Max-c.Min)+1))
	p.status = p.spec
	client := fake.NewSimpleClientset(c.object())
	scales := &scalefake.FakeScaleClient{}
	scales.AddReactor("get", "deployments", func(clienttesting.Action) (bool, runtime.Object, error) { return true, p.begin(), nil })
	scales.AddReactor("update", "deployments", func(action clienttesting.Action) (bool, runtime.Object, error) {
		scale := action.(clienttesting.UpdateAction).GetObject().(*autoscalingv1.Scale)
		p.set(scale.Spec.Replicas)
		return true, scale, nil
	})
	mapper := apimeta.NewDefaultRESTMapper([]schema.GroupVersion{{Group: "apps", Version: "v1"}})
	mapper.Add(schema.GroupVersionKind{Group: "apps", Version: "v1", Kind: "Deployment"}, apimeta.RESTScopeNamespace)
	factory := informers.NewSharedInformerFactory(client, 0)
	controller := podautoscaler.NewHorizontalController(ctx, client.CoreV1(), scales, client.AutoscalingV2(), mapper, metricsClient{p},
		factory.Autoscaling().V2().HorizontalPodAutoscalers(), podInformer{factory.Core().V1().Pods(), p},
		15*time.Second, 5*time.Minute, 0.1, 5*time.Minute, 30*time.Second)
	factory.Start(ctx.Done())
	factory.WaitForCacheSync(ctx.Done())
	go controller.Run(ctx, 1)
	time.Sleep(reconciles*15*time.Second + time.Second)
	cancel()
	factory.Shutdown()
	time.Sleep(time.Second)
}

// object is the HPA as the API server would keep it: defaults filled in.
func (c *Case) object() *autoscaling.HorizontalPodAutoscaler {
	hpa := &autoscaling.HorizontalPodAutoscaler{
		ObjectMeta: metav1.ObjectMeta{Name: "app", Namespace: "default"},
		Spec: autoscaling.HorizontalPodAutoscalerSpec{
			ScaleTargetRef: autoscaling.CrossVersionObjectReference{APIVersion: "apps/v1", Kind: "Deployment", Name: "app"},
			MinReplicas:    &c.Min, MaxReplicas: c.Max,
		},
	}
	for i, m := range c.Metrics {
		hpa.Spec.Metrics = append(hpa.Spec.Metrics, m.spec(i))
	}
	if c.Behavior {
		hpa.Spec.Behavior = &autoscaling.HorizontalPodAutoscalerBehavior{ScaleUp: c.Up.spec(), ScaleDown: c.Down.spec()}
	}
	autoscalingdefaults.SetDefaults_HorizontalPodAutoscaler(hpa)
	autoscalingdefaults.SetDefaults_HorizontalPodAutoscalerBehavior(hpa)
	return hpa
}

func (m Metric) spec(i int) autoscaling.MetricSpec {
	target := autoscaling.MetricTarget{Type: autoscaling.MetricTargetType(m.Kind)}
	switch {
	case m.Kind == "Utilization":
		percent := int32(m.Target)
		target.AverageUtilization = &percent
	case m.Resource != "":
		target.AverageValue = resource.NewMilliQuantity(m.Target, resource.DecimalSI)
	case m.Kind == "AverageValue":
		target.AverageValue = resource.NewQuantity(m.Target, resource.DecimalSI)
	default:
		target.Value = resource.NewQuantity(m.Target, resource.DecimalSI)
	}
	if m.Resource != "" {
		return autoscaling.MetricSpec{Type: autoscaling.ResourceMetricSourceType,
			Resource: &autoscaling.ResourceMetricSource{Name: v1.ResourceName(m.Resource), Target: target}}
	}
	return autoscaling.MetricSpec{Type: autoscaling.ExternalMetricSourceType, External: &autoscaling.ExternalMetricSource{
		Metric: autoscaling.MetricIdentifier{Name: fmt.Sprintf("m%d", i), Selector: &metav1.LabelSelector{}}, Target: target,
	}}
}

func (r *Rules) spec() *autoscaling.HPAScalingRules {
	if r == nil {
		return nil
	}
	out := &autoscaling.HPAScalingRules{StabilizationWindowSeconds: r.Win}
	if r.Select != "" {
		selected := autoscaling.ScalingPolicySelect(r.Select)
		out.SelectPolicy = &selected
	}
	if r.Tol != nil {
		out.Tolerance = resource.NewMilliQuantity(int64(*r.Tol*1000+0.5), resource.DecimalSI)
	}
	for _, p := range r.Pol {
		out.Policies = append(out.Policies, autoscaling.HPAScalingPolicy{Type: autoscaling.HPAScalingPolicyType(p.Type), Value: p.Value, PeriodSeconds: p.Period})
	}
	return out
}
