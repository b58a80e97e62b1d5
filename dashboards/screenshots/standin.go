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
		Name           string
		Desired, Ready int
		MaxUseful      int
		LastProposals  []struct {
			Metric, Kind, Err string
			Value, Target     float64
		}
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
		fmt.Fprintf(w, "kube_horizontalpodautoscaler_spec_max_replicas{%s} %d\n", hpa, svc.MaxUseful)
		for i, ask := range svc.LastProposals {
			keda := fmt.Sprintf(`namespace="demo",scaledObject=%q,metric=%q,scaler=%q,triggerIndex="%d",type="scaledobject"`,
				svc.Name, ask.Metric, ask.Metric, i)
			failed, perPod := 0, 1.0
			if ask.Err != "" {
				failed = 1
			}
			fmt.Fprintf(w, "keda_scaler_detail_errors_total{%s} %d\n", keda, failed)
			if failed == 1 {
				continue
			}
			kind := "value"
			if ask.Kind != "Value" {
				kind, perPod = "average", float64(max(svc.Ready, 1))
			}
			target := fmt.Sprintf(`{%s,metric_name=%q,metric_target_type=%q}`, hpa, ask.Metric, kind)
			fmt.Fprintf(w, "keda_scaler_metrics_value{%s} %g\n", keda, ask.Value)
			fmt.Fprintf(w, "kube_horizontalpodautoscaler_status_target_metric%s %g\n", target, ask.Value/perPod)
			fmt.Fprintf(w, "kube_horizontalpodautoscaler_spec_target_metric%s %g\n", target, ask.Target)
		}
	}
}
