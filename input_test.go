package main

import (
	"net"
	"strings"
	"testing"
)

func TestBadInputGetsOneClearLine(t *testing.T) {
	inUse, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer inUse.Close()
	file := writeFile(t, "file", "not a certificate")
	webConfig := writeFile(t, "web.yml", "tls_server_config:\n  cert_file: missing.pem\n  key_file: missing.key\n")
	for name, tc := range map[string]struct {
		args []string
		want []string
	}{
		"unknown flag":         {[]string{"--kafka.servers=x:1"}, []string{"--kafka.servers: unknown flag; did you mean --kafka.server?"}},
		"a flag of the lab":    {[]string{"--html=x"}, []string{"--html: unknown flag; it belongs to kafka_burndown_lab simulate"}},
		"a flag of check":      {[]string{"--check.timeout=1s"}, []string{"--check.timeout: unknown flag; it belongs to kafka_burndown_exporter check"}},
		"impossible version":   {[]string{"--kafka.version=7.0.0"}, []string{"--kafka.version=7.0.0: there is no such Kafka, the newest known here is "}},
		"unknown short flag":   {[]string{"-x"}, []string{"-x: unknown flag"}},
		"unknown command":      {[]string{"surf"}, []string{`"surf": unknown command; the commands are`, "serve, check"}},
		"a command of the lab": {[]string{"demo", "--scenario=payments"}, []string{"demo: a command of kafka_burndown_lab"}},
		"command comes late":   {[]string{"--verbosity=1", "check"}, []string{"check: the command must come first"}},
		"no value":             {[]string{"--kafka.server"}, []string{"--kafka.server: the value is missing"}},
		"twice":                {[]string{"--shard=0/2", "--shard=1/2"}, []string{"--shard: given more than once"}},
		"boolean":              {[]string{"--tls.enabled=perhaps"}, []string{`--tls.enabled: "perhaps" is neither true nor false`}},
		"mechanism":            {[]string{"--sasl.enabled", "--sasl.mechanism=rot13"}, []string{"--sasl.mechanism", "rot13"}},
		"regexp":               {[]string{"--topic.filter=("}, []string{"--topic.filter: ", "is not a regular expression"}},
		"group regexp":         {[]string{"--group.exclude=a(?!b)"}, []string{"--group.exclude: ", "RE2"}},
		"read-committed":       {[]string{"--offsets.read-committed=["}, []string{"--offsets.read-committed: "}},
		"half a key pair":      {[]string{"--tls.enabled", "--tls.cert-file=" + file}, []string{"--tls."}},
		"unreadable CA":        {[]string{"--tls.enabled", "--tls.ca-file=/does/not/exist"}, []string{"--tls.ca-file", "/does/not/exist"}},
		"CA without any":       {[]string{"--tls.enabled", "--tls.ca-file=" + file}, []string{"--tls.ca-file"}},
		"impossible shard":     {[]string{"--shard=3/3"}, []string{`--shard: "3/3" is impossible`}},
		"no shard":             {[]string{"--shard=one"}, []string{`--shard: "one" is not of the form I/N`}},
		"version":              {[]string{"--kafka.version=latest"}, []string{"--kafka.version", "latest"}},
		"broker":               {[]string{"--kafka.server=kafka"}, []string{"--kafka.server", "host:port"}},
		"broker in a list":     {[]string{"--kafka.server=a:9092,b"}, []string{"--kafka.server=b: ", "host:port"}},
		"comma at the end":     {[]string{"--kafka.server=a:9092,"}, []string{"--kafka.server=: ", "host:port"}},
		"address in use":       {[]string{"--web.listen-address=" + inUse.Addr().String()}, []string{"--web.listen-address: ", "in use"}},
		"bad address":          {[]string{"--web.listen-address=nowhere"}, []string{"--web.listen-address: ", "write it as"}},
		"interval":             {[]string{"--sample.interval=10"}, []string{`--sample.interval: "10" is not a duration`}},
		"negative interval":    {[]string{"--sample.interval=-1s"}, []string{"--sample.interval: -1s is not above zero"}},
		"tiny interval":        {[]string{"--sample.interval=1ms"}, []string{"--sample.interval: 1ms is too short"}},
		"max age":              {[]string{"--sample.max-age=1s"}, []string{"--sample.max-age"}},
		"refresh":              {[]string{"--refresh.metadata=often"}, []string{"--refresh.metadata: "}},
		"residual":             {[]string{"--lag.residual=-1"}, []string{"--lag.residual: "}},
		"objective form":       {[]string{"--desired.objective-for=orders"}, []string{`--desired.objective-for: "orders" is not of the form REGEX=DURATION`}},
		"objective regexp":     {[]string{"--desired.objective-for=(=30s"}, []string{`--desired.objective-for: "(" is not a regular expression`}},
		"objective value":      {[]string{"--desired.objective-for=a=b=soon"}, []string{`--desired.objective-for: "soon" is not a duration`}},
		"members per replica":  {[]string{"--desired.members-per-replica=a=0"}, []string{`--desired.members-per-replica: "0" is not an integer`}},
		"members too rarely":   {[]string{"--kafka.server=a:1", "--refresh.members=1m"}, []string{"--refresh.members=1m: desired replicas need the members in every sample"}},
		"desired of nothing":   {[]string{"--desired.disable", "--state.file=x"}, []string{"--desired.disable: leaves nothing to"}},
		"cap":                  {[]string{"--burndown.cap=NaN"}, []string{"--burndown.cap: "}},
		"log2x7":               {[]string{"--log2x7.max=0"}, []string{"--log2x7.max: "}},
		"verbosity":            {[]string{"--verbosity=high"}, []string{"--verbosity: "}},
		"log level":            {[]string{"--log.level=loud"}, []string{`--log.level: "loud" is unknown; use one of debug`}},
		"log format":           {[]string{"--log.format=xml"}, []string{"--log.format: "}},
		"expect":               {[]string{"--group.expect=billing"}, []string{"--group.expect: ", "GROUP=TOPIC"}},
		"expect empty topic":   {[]string{"--group.expect=billing=a,,b"}, []string{"--group.expect: ", "empty topic"}},
		"labels":               {[]string{"--kafka.labels=blue-green=1"}, []string{`--kafka.labels: "blue-green" is not a label name`}},
		"label name":           {[]string{"--kafka.labels=topic=x"}, []string{`--kafka.labels: "topic" is a label of`}},
		"disable":              {[]string{"--metrics.disable=kafka_nothing"}, []string{`--metrics.disable: no metric is named "kafka_nothing"`}},
		"granularity":          {[]string{"--metrics.granularity=broker"}, []string{"--metrics.granularity: "}},
		"telemetry path":       {[]string{"--web.telemetry-path=metrics"}, []string{"--web.telemetry-path: "}},
		"path is taken":        {[]string{"--web.telemetry-path=/-/ready"}, []string{"--web.telemetry-path: ", "taken"}},
		"web config missing":   {[]string{"--web.config.file=/does/not/exist"}, []string{"--web.config.file: ", "/does/not/exist"}},
		"web config":           {[]string{"--web.config.file=" + webConfig}, []string{"--web.config.file: "}},
		"two web configs":      {[]string{"--web.config.file=" + webConfig, "--server.tls.enabled"}, []string{"--server.tls.enabled: cannot be combined"}},
		"server half a pair":   {[]string{"--server.tls.enabled", "--server.tls.cert-file=" + file}, []string{"--server.tls.enabled: needs both"}},
		"server cert missing":  {[]string{"--server.tls.enabled", "--server.tls.cert-file=/nope", "--server.tls.key-file=/nope"}, []string{"--server.tls.cert-file: ", "/nope"}},
		"server cert":          {[]string{"--server.tls.enabled", "--server.tls.cert-file=" + file, "--server.tls.key-file=" + file}, []string{"--server.tls.cert-file"}},
		"mutual without CA":    {[]string{"--server.tls.enabled", "--server.tls.mutual-auth-enabled", "--server.tls.cert-file=" + file, "--server.tls.key-file=" + file}, []string{"--server.tls.mutual-auth-enabled: needs --server.tls.ca-file"}},
		"password file":        {[]string{"--sasl.enabled", "--sasl.username=u", "--sasl.password-file=/nope"}, []string{"--sasl.password-file", "/nope"}},
		"oauth without url":    {[]string{"--sasl.enabled", "--sasl.mechanism=oauthbearer", "--sasl.username=u"}, []string{"--sasl.oauthbearer-token-url"}},
		"gssapi":               {[]string{"--sasl.enabled", "--sasl.mechanism=gssapi", "--sasl.kerberos-auth-type=magic", "--sasl.username=u"}, []string{"--sasl."}},
	} {
		t.Run(name, func(t *testing.T) {
			// A mistake that is not found must not open the default port.
			args := tc.args
			if !strings.Contains(strings.Join(args, " "), "--web.listen-address") && name != "unknown command" &&
				name != "command comes late" && name != "a command of the lab" {
				args = append([]string{"--web.listen-address=127.0.0.1:0"}, args...)
			}
			code, stdout, stderr := tryRun(t, args...)
			last := lastLine(stderr)
			if code != 1 || stdout != "" {
				t.Errorf("exit code %d, stdout %q", code, stdout)
			}
			prefix := name0 + ": error: "
			for _, want := range append(tc.want, prefix) {
				if !strings.Contains(last, want) {
					t.Errorf("lacks %q: %s", want, stderr)
				}
			}
			if n := strings.Count(stderr, prefix); n != 1 && name != "gssapi" {
				t.Errorf("%d error lines: %s", n, stderr)
			}
		})
	}
}
