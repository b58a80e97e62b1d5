package tune

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"text/template"
	"time"

	"kafka_burndown_exporter/lab/scenario"
	"kafka_burndown_exporter/lab/simulate"
)

// QueryText gives the shipped trigger query of a name for a group and a threshold.
type QueryText func(name, group, threshold string) (string, error)

// Trigger is a trigger of a ScaledObject to write.
type Trigger struct {
	Type      string // prometheus, kafka or cpu
	Name      string // of the shipped query, for prometheus
	Kind      string // metricType
	Threshold string
	Query     string
	Topic     string
}

// draft is everything a ScaledObject is written from.
type draft struct {
	Comment                 []string
	Name, Namespace, Target string
	Group                   string
	Polling, Cooldown       int
	Min, Max, Fallback      int
	Up, Down                Side
	Triggers                []Trigger
	Prometheus, Bootstrap   string
	Earliest                bool
}

var manifestTemplate = template.Must(template.New("scaledobject").Funcs(template.FuncMap{
	"sec": func(d time.Duration) int { return int(d.Seconds()) }, "quote": strconv.Quote,
	"fold": fold,
}).Parse(`{{range .Comment}}# {{.}}
{{end}}apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata:
  name: {{.Name}}
  namespace: {{.Namespace}}
spec:
  scaleTargetRef:
    name: {{.Target}}
{{- if eq .Min 0}}
  pollingInterval: {{.Polling}}
  cooldownPeriod: {{.Cooldown}}
{{- end}}
  minReplicaCount: {{.Min}}
  maxReplicaCount: {{.Max}}
  fallback:
    failureThreshold: 8
    replicas: {{.Fallback}}
    behavior: currentReplicasIfHigher
  advanced:
    horizontalPodAutoscalerConfig:
      behavior:
        scaleUp:{{template "side" .Up}}
        scaleDown:{{template "side" .Down}}
  triggers:
{{- range .Triggers}}
{{- if eq .Type "prometheus"}}
    - type: prometheus
      name: {{.Name}}
      metricType: {{.Kind}}
      metadata:
        serverAddress: {{$.Prometheus}}
        query: >-
          {{fold .Query}}
        threshold: {{quote .Threshold}}
        ignoreNullValues: "false"
        timeout: "10s"
{{- else if eq .Type "kafka"}}
    - type: kafka
      name: kafka-lag
      metricType: AverageValue
      metadata:
        bootstrapServers: {{$.Bootstrap}}
        consumerGroup: {{quote $.Group}}
        topic: {{quote .Topic}}
        lagThreshold: {{quote .Threshold}}
        offsetResetPolicy: {{if $.Earliest}}earliest{{else}}latest{{end}}
{{- else}}
    - type: cpu
      name: cpu
      metricType: Utilization
      metadata:
        value: {{quote .Threshold}}
{{- end}}
{{- end}}
{{define "side"}}
          stabilizationWindowSeconds: {{sec .Window}}
          policies:
{{- range .Policies}}
            - type: {{.Type}}
              value: {{.Value}}
              periodSeconds: {{sec .Period}}
{{- end}}
{{- end}}`))

// fold breaks a query into lines of a folded block at blanks outside of strings.
func fold(query string) string {
	const width = 100
	var lines []string
	line, quoted := "", false
	for _, word := range strings.Split(strings.Join(strings.Fields(query), " "), " ") {
		if !quoted && line != "" && len(line)+len(word) > width {
			lines, line = append(lines, line), ""
		}
		if line != "" {
			line += " "
		}
		line += word
		if strings.Count(word, `"`)%2 == 1 {
			quoted = !quoted
		}
	}
	return strings.Join(append(lines, line), "\n          ")
}

func (m *draft) text() ([]byte, error) {
	var b bytes.Buffer
	if err := manifestTemplate.Execute(&b, m); err != nil {
		return nil, fmt.Errorf("write the ScaledObject: %w", err)
	}
	return append(bytes.TrimRight(b.Bytes(), "\n"), '\n'), nil
}

// objectName is a name that Kubernetes takes: groups may be called what no Deployment is.
func objectName(s string) string {
	name := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '-':
			return r
		case r >= 'A' && r <= 'Z':
			return r - 'A' + 'a'
		default:
			return '-'
		}
	}, s)
	return strings.Trim(name[:min(len(name), 63)], "-")
}

// newDraft is a ScaledObject for a service under a preset; bounds of 0 are the preset's.
func newDraft(svc *scenario.Service, p *Preset, l *simulate.Load, limits Limits, triggers []Trigger) *draft {
	m := &draft{
		Name: objectName(svc.Name), Namespace: svc.Namespace, Target: objectName(svc.Name), Group: svc.Group,
		Polling: int(p.Polling.Seconds()), Cooldown: int(p.Cooldown.Seconds()), Min: p.Min(l), Max: p.Max(l),
		Up: p.Up, Down: p.Down, Triggers: triggers, Prometheus: "http://prometheus.monitoring:9090", Bootstrap: "kafka:9092",
		Earliest: svc.OffsetReset == "earliest",
	}
	for _, own := range []struct {
		to   *string
		with string
	}{{&m.Name, limits.Name}, {&m.Target, limits.Name}, {&m.Namespace, limits.Namespace}, {&m.Target, limits.Target}} {
		if own.with != "" {
			*own.to = own.with
		}
	}
	if limits.Prometheus != "" {
		m.Prometheus = limits.Prometheus
	}
	if limits.Bootstrap != "" {
		m.Bootstrap = limits.Bootstrap
	}
	if limits.Min > 0 {
		m.Min = limits.Min
	}
	if limits.Max > 0 {
		m.Max = limits.Max
	}
	m.Min = min(m.Min, m.Max)
	m.Fallback = min(m.Max, max(m.Min, l.Needed(l.Mean)+1))
	return m
}
