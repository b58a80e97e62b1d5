package manifest

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // time zones by name, also where the system has no database of them

	"github.com/robfig/cron/v3"

	"kafka_burndown_exporter/internal/scale"
)

func (d *metadata) prometheus(opts Options) (*scale.Prometheus, *Query) {
	p := &scale.Prometheus{
		ServerAddress:       d.required("serverAddress"),
		Query:               d.required("query"),
		Threshold:           d.float("threshold", 0),
		ActivationThreshold: d.float("activationThreshold", 0),
		IgnoreNullValues:    d.boolean("ignoreNullValues", true),
	}
	if d.required("threshold") != "" && scale.Milli(p.Threshold) <= 0 {
		d.fail("threshold", "has to be at least 0.001")
	}
	for _, key := range []string{"queryParameters", "customHeaders"} {
		d.pairs(key)
	}
	d.timeout("timeout")
	d.boolean("unsafeSsl", false)
	for _, key := range []string{"namespace", "awsRegion", "identityOwner", "apiKey", "keyParamName", "credentialsFromEnv",
		"credentialsFromEnvFile"} {
		d.value(key)
	}
	d.enum("method", "header", "query")
	d.authModes()
	d.obsolete("metricName", "cortexOrgID")
	if p.Query == "" {
		return p, nil
	}
	q, err := ParseQuery(p.Query, opts.Series)
	if err != nil {
		d.note.unread = err
		if !opts.KeepUnread {
			d.fail("query", "%v", err)
		}
		return p, nil
	}
	return p, q
}

// authModes checks how the trigger logs in: known modes, of bearer, basic and oauth only one.
func (d *metadata) authModes() {
	key, text := "authModes", d.value("authModes")
	if other := d.value("authMode"); text == "" {
		key, text = "authMode", other
	}
	if text == "" {
		return
	}
	known := []string{"apiKey", "basic", "tls", "bearer", "custom", "oauth"}
	var exclusive []string
	for _, mode := range strings.Split(text, ",") {
		switch mode = strings.TrimSpace(mode); {
		case !slices.Contains(known, mode):
			d.fail(key, "%q is not one of %s", mode, strings.Join(known, ", "))
		case mode == "bearer" || mode == "basic" || mode == "oauth":
			exclusive = append(exclusive, mode)
		}
	}
	if len(exclusive) > 1 {
		d.fail(key, "%s exclude each other: keep one", strings.Join(exclusive, " and "))
	}
}

// pairs checks a list of key=value.
func (d *metadata) pairs(key string) {
	text := d.value(key)
	if text == "" {
		return
	}
	for _, part := range strings.Split(text, ",") {
		if strings.Count(part, "=") != 1 {
			d.fail(key, "%q is not a list of key=value", text)
			return
		}
	}
}

// timeout takes a duration, or milliseconds.
func (d *metadata) timeout(key string) {
	text := d.value(key)
	if text == "" {
		return
	}
	if v, err := time.ParseDuration(text); err == nil && v >= 0 {
		return
	}
	if v, err := strconv.ParseInt(text, 10, 64); err == nil && v >= 0 {
		return
	}
	d.fail(key, "%q is not a duration such as 10s or a number of milliseconds", text)
}

func (d *metadata) resource(t scale.Trigger) *scale.ResourceTarget {
	out := &scale.ResourceTarget{Container: d.value("containerName")}
	if d.m.Has("type") {
		d.fail("type", "is refused since KEDA 2.18: write metricType beside metadata")
	}
	text := d.required("value")
	if text == "" {
		return out
	}
	if t.Kind == scale.Utilization {
		v, err := strconv.ParseInt(text, 10, 32)
		if err != nil || v < 1 {
			d.fail("value", "%q must be an integer percentage ≥ 1", text)
		}
		out.Target = v
		return out
	}
	q, err := parseQuantity(text)
	if err != nil || q.MilliValue() < 1 {
		d.fail("value", "%q must be a quantity above 0, such as 500m or 256Mi", text)
		return out
	}
	out.Target = q.MilliValue()
	return out
}

func (d *metadata) cron() *scale.Cron {
	c := &scale.Cron{StartText: d.required("start"), EndText: d.required("end"), DesiredReplicas: d.int("desiredReplicas", 0)}
	c.Start, c.End = d.schedule("start", c.StartText), d.schedule("end", c.EndText)
	if c.StartText != "" && c.StartText == c.EndText {
		d.fail("end", "is the same as start")
	}
	if d.required("desiredReplicas") != "" && (c.DesiredReplicas <= 0 || c.DesiredReplicas > math.MaxInt32) {
		d.fail("desiredReplicas", "has to be a number of replicas above 0")
	}
	c.Location = time.UTC
	if zone := d.required("timezone"); zone != "" {
		loc, err := time.LoadLocation(zone)
		if err != nil {
			d.fail("timezone", "%q is not a time zone such as Europe/Lisbon", zone)
		} else {
			c.Location = loc
		}
	}
	return c
}

// schedule parses the five fields that KEDA's cron trigger takes.
func (d *metadata) schedule(key, text string) func(time.Time) time.Time {
	if text == "" {
		return nil
	}
	s, err := cron.NewParser(cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow).Parse(text)
	if err != nil {
		d.fail(key, "%q is not a cron expression of five fields: %v", text, err)
		return nil
	}
	return s.Next
}
