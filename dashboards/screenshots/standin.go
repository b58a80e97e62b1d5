package main

import (
	"encoding/json"
	"fmt"
	"net/http"
)

// standIn publishes the state of the demo's autoscalers under the names of kube-state-metrics and KEDA.
type standIn struct{ state string }

// The part of the demo's state that is needed.
type demoState struct {
	Services []struct {
		Name    string `json:"name"`
		Desired int    `json:"desired"`
		Ready   int    `json:"ready"`
		Most    int    `json:"most"`
		Asks    []struct {
			Metric string   `json:"metric"`
			Kind   string   `json:"kind"`
			Err    string   `json:"err"`
			Value  *float64 `json:"value"` // what HPA compares: per pod where the kind is AverageValue
			Target float64  `json:"target"`
		} `json:"asks"`
	} `json:"services"`
}

func (s standIn) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	req, err := http.NewRequestWithContext(r.Context(), http.MethodGet, s.state, nil)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	defer res.Body.Close()
	var state demoState
	if err := json.NewDecoder(res.Body).Decode(&state); err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	for _, svc := range state.Services {
		hpa := fmt.Sprintf(`namespace="demo",horizontalpodautoscaler="keda-hpa-%s"`, svc.Name)
		fmt.Fprintf(w, "kube_horizontalpodautoscaler_status_current_replicas{%s} %d\n", hpa, svc.Ready)
		fmt.Fprintf(w, "kube_horizontalpodautoscaler_status_desired_replicas{%s} %d\n", hpa, svc.Desired)
		fmt.Fprintf(w, "kube_horizontalpodautoscaler_spec_max_replicas{%s} %d\n", hpa, svc.Most)
		for i, ask := range svc.Asks {
			keda := fmt.Sprintf(`namespace="demo",scaledObject=%q,metric=%q,scaler=%q,triggerIndex="%d",type="scaledobject"`,
				svc.Name, ask.Metric, ask.Metric, i)
			if ask.Err != "" || ask.Value == nil {
				fmt.Fprintf(w, "keda_scaler_detail_errors_total{%s} 1\n", keda)
				continue
			}
			fmt.Fprintf(w, "keda_scaler_detail_errors_total{%s} 0\n", keda)
			kind, pods := "value", 1.0
			if ask.Kind != "Value" {
				kind, pods = "average", float64(max(svc.Ready, 1))
			}
			target := fmt.Sprintf(`{%s,metric_name=%q,metric_target_type=%q}`, hpa, ask.Metric, kind)
			fmt.Fprintf(w, "keda_scaler_metrics_value{%s} %g\n", keda, *ask.Value*pods)
			fmt.Fprintf(w, "kube_horizontalpodautoscaler_status_target_metric%s %g\n", target, *ask.Value)
			fmt.Fprintf(w, "kube_horizontalpodautoscaler_spec_target_metric%s %g\n", target, ask.Target)
		}
	}
}
