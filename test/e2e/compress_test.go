package e2e

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"kafka_burndown_exporter/test/e2e/kubeapi"
)

// The tests run the shipped rules and manifests with every time divided by speed and every message rate divided by
// speed as well, so that a second of a test stands for ten of the original, a capacity of 20 messages/s for 200, and a
// count of messages for a hundred times as many. Replica counts, ratios, policies in pods and in percent are unchanged.
const speed = 10

// syncPeriod is HPA's 15 s, compressed.
const syncPeriod = 1500 * time.Millisecond

// The original figures are written as they are in the manifests and pass through these.
func compressTime(d time.Duration) time.Duration { return d / speed }
func compressRate(perSecond float64) float64     { return perSecond / speed }

var durations = regexp.MustCompile(`\b(\d+)(s|m|h|d)\b`)

// compressRules divides every duration in a rule file by speed, names aside, and the numbers of seconds that stand without a
// unit.
func compressRules(rules string) string {
	var out strings.Builder
	record := ""
	for line := range strings.Lines(rules) {
		if name, found := strings.CutPrefix(strings.TrimSpace(line), "- record: "); found {
			record = name
		} else if !strings.HasPrefix(strings.TrimSpace(line), "#") {
			line = compressLine(line)
			line = bareNumber.ReplaceAllStringFunc(line, func(text string) string {
				number := strings.Trim(text, " (,)\n")
				if !isSeconds(record, number) {
					return text
				}
				return strings.Replace(text, number, perSpeed(number), 1)
			})
		}
		out.WriteString(line)
	}
	return out.String()
}

// bareNumber is one without a unit, with what is beside it; overlapping ones would need a second look.
var bareNumber = regexp.MustCompile(`(?m)(^|[ (])\d+(\.\d+)?([ ,)\n]|$)`)

// perSpeed is a number divided by speed.
func perSpeed(number string) string {
	n, err := strconv.ParseFloat(number, 64)
	if err != nil {
		panic(err)
	}
	return strconv.FormatFloat(n/speed, 'f', -1, 64)
}

// Durations stand in brackets, behind offset, and in interval and for; never in a name such as rate2m, which has a
// letter or an underscore before the digits.
func compressLine(line string) string {
	return durations.ReplaceAllStringFunc(line, func(text string) string {
		amount, _ := strconv.Atoi(text[:len(text)-1])
		unit := map[byte]time.Duration{'s': time.Second, 'm': time.Minute, 'h': time.Hour, 'd': 24 * time.Hour}[text[len(text)-1]]
		return fmt.Sprintf("%dms", (time.Duration(amount) * unit / speed).Milliseconds())
	})
}

// compressScaledObject divides the times of a ScaledObject by speed and its counts of messages by counts. KEDA and HPA
// take whole seconds, at least one.
func compressScaledObject(object kubeapi.Object, counts float64) {
	spec, _ := object["spec"].(kubeapi.Object)
	rescale(spec, shorten, speed, counts)
	for _, trigger := range kubeapi.List(spec, "triggers") {
		if kubeapi.String(trigger, "name") == "log2x7" {
			metadata, _ := trigger["metadata"].(kubeapi.Object)
			target, _ := strconv.ParseFloat(kubeapi.String(metadata, "threshold"), 64)
			metadata["threshold"] = fmt.Sprintf("%.1f", target-7*math.Log2(counts))
		}
	}
}

// rescale changes the times of a ScaledObject by duration, and divides the seconds in its thresholds by faster and the
// messages in them by counts.
func rescale(spec kubeapi.Object, duration func(kubeapi.Object, string), faster, counts float64) {
	for _, field := range []string{"pollingInterval", "cooldownPeriod"} {
		duration(spec, field)
	}
	for _, side := range []string{"scaleUp", "scaleDown"} {
		behavior, _ := kubeapi.Nested(spec, "advanced", "horizontalPodAutoscalerConfig", "behavior", side).(kubeapi.Object)
		duration(behavior, "stabilizationWindowSeconds")
		for _, policy := range kubeapi.List(behavior, "policies") {
			duration(policy, "periodSeconds")
		}
	}
	for _, trigger := range kubeapi.List(spec, "triggers") {
		metadata, _ := trigger["metadata"].(kubeapi.Object)
		switch name := kubeapi.String(trigger, "name"); {
		case kubeapi.String(trigger, "type") == "kafka":
			divide(metadata, "lagThreshold", counts)
		case name == "backlog" || name == "lag" || name == "lag-now":
			divide(metadata, "threshold", counts)
		case name == "burndown" || name == "age":
			old := kubeapi.String(metadata, "threshold")
			divide(metadata, "threshold", faster)
			metadata["query"] = strings.ReplaceAll(kubeapi.String(metadata, "query"), "4 * "+old, "4 * "+kubeapi.String(metadata, "threshold"))
		}
	}
}

func shorten(object kubeapi.Object, field string) {
	if seconds, found := object[field].(float64); found {
		object[field] = math.Round(max(math.Min(seconds, 1), seconds/speed))
	}
}

func divide(metadata kubeapi.Object, field string, by float64) {
	value, _ := strconv.ParseFloat(kubeapi.String(metadata, field), 64)
	metadata[field] = strconv.FormatFloat(math.Max(1, math.Round(value/by)), 'f', -1, 64)
}
