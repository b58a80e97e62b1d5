package manifest

import (
	"fmt"
	"strings"

	"kafka_burndown_exporter/internal/scale"
)

func (l *linter) requests() {
	l.each(func(i int, t *scale.Trigger, _ *Query) {
		if !t.IsResource() || t.Kind != scale.Utilization {
			return
		}
		for _, w := range l.bundle.Workloads {
			if w.Target != l.o.Target || w.Namespace != l.o.Namespace || w.requests(t.Type, t.Resource.Container) {
				continue
			}
			l.trigger(i, noRequests, "type", fmt.Sprintf(
				"%s has a container without a %s request, so utilisation cannot be computed: "+
					"the metric fails and blocks every scale-down.",
				w.Target, t.Type), fmt.Sprintf("resources.requests.%s on every container", t.Type))
		}
	})
}

// oneAutoscaler finds other autoscalers on the same target.
func (l *linter) oneAutoscaler() {
	refusedToo := ", and KEDA's admission refuses the ScaledObject"
	if l.so.Plain {
		refusedToo = ""
	}
	for _, h := range l.bundle.HPAs {
		if h.Target != l.o.Target || h.Namespace != l.o.Namespace || h.Ignored || h.KEDAs || l.so.Plain && h.Name == l.o.Name {
			continue
		}
		if l.o.notes.transferOwnership && h.Name == l.o.HPAName {
			continue
		}
		l.report(twoAutoscalers, "spec.scaleTargetRef", fmt.Sprintf(
			"The HPA %s in %s:%d scales %s too: they overwrite each other%s.",
			h.Name, h.File, h.Line, h.Target, refusedToo), "delete that HPA and take its metrics over as triggers")
	}
	for _, o := range l.bundle.Objects {
		if o != l.o && o.Kind == KindScaledObject && l.o.Kind == KindScaledObject && o.Namespace == l.o.Namespace && o.hpaName() == l.o.hpaName() {
			l.report(twoAutoscalers, "spec.advanced", fmt.Sprintf("The ScaledObject %s in %s:%d makes an HPA called %s too.", o.Name, o.File,
				o.Line, o.hpaName()), "another advanced.horizontalPodAutoscalerConfig.name")
		}
		if o == l.o || o.Target != l.o.Target || o.Namespace != l.o.Namespace || o.Kind == KindHPA {
			continue
		}
		l.report(twoAutoscalers, "spec.scaleTargetRef", fmt.Sprintf(
			"The ScaledObject %s in %s:%d scales %s too.", o.Name, o.File, o.Line, o.Target),
			"one ScaledObject with the triggers of both")
	}
}

func (l *linter) obsolete() {
	l.each(func(i int, _ *scale.Trigger, _ *Query) {
		for _, key := range l.o.notes.triggers[i].obsolete {
			l.trigger(i, obsoleteField, "metadata."+key,
				fmt.Sprintf("KEDA 2 does not read %s any more.", key), "leave it out")
		}
	})
}

// kafkaPitfalls are properties of KEDA's own Kafka triggers.
func (l *linter) kafkaPitfalls() {
	l.each(func(i int, t *scale.Trigger, _ *Query) {
		if t.Type == scale.ApacheKafkaTrigger && len(t.Kafka.Topics) == 0 {
			l.trigger(i, kafkaAllTopics, "metadata.topic",
				"Without a topic, apache-kafka adds up every topic of the cluster and fails while the group has no member.",
				"name the topics")
		}
		if t.Type == scale.KafkaTrigger && l.so.Fallback != nil && l.so.Fallback.FailureThreshold > 0 {
			l.trigger(i, kafkaNoFallback, "type",
				"While no broker answers, KEDA cannot build this trigger, counts no failures and never falls back; "+
					"it also fails the other external triggers.",
				"a prometheus trigger on the exporter's series, or cpu as the second trigger")
		}
		if t.IsResource() && t.Resource.Container != "" && l.so.Modifiers != nil {
			l.trigger(i, containerDropped, "metadata.containerName",
				"With scalingModifiers KEDA drops cpu and memory triggers that name a container.", "leave containerName out")
		}
		if t.Kafka != nil && l.so.Min() == 0 && !t.Kafka.Earliest && !t.Kafka.ScaleToZeroOnInvalidOffset {
			reason := "Under offsetResetPolicy latest every partition without a commit counts as a lag of 1: " +
				"a group that never committed stays awake."
			l.trigger(i, uncommittedAwake, "metadata.offsetResetPolicy", reason, strings.Join([]string{
				`offsetResetPolicy: earliest if the consumer reads from the start`, `else scaleToZeroOnInvalidOffset: "true"`}, ", "))
		}
	})
}
