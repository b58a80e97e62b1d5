package main

import (
	"context"
	"flag"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kingpin/v2"
	"github.com/google/go-cmp/cmp"
	"github.com/jcmturner/gokrb5/v8/iana/etypeID"
	"github.com/jcmturner/gokrb5/v8/keytab"
	"go.yaml.in/yaml/v3"

	"kafka_burndown_exporter/collector"
	"kafka_burndown_exporter/internal/cli"
	"kafka_burndown_exporter/internal/cli/clitest"
	"kafka_burndown_exporter/internal/cli/flagsdoc"
	"kafka_burndown_exporter/internal/exporter"
	"kafka_burndown_exporter/internal/kafka"
)

var update = flag.Bool("update", false, "rewrite docs/flags.md")

func tryRun(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs clitest.Buffer
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	code = run(ctx, args, &out, &errs)
	return code, out.String(), errs.String()
}

func writeFile(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

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

// name0 is the program's name where a test shadows name.
const name0 = name

func lastLine(s string) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	return lines[len(lines)-1]
}

func TestHelpAndVersion(t *testing.T) {
	t.Setenv("SASL_USER_PASSWORD", "hunter2")
	for _, args := range [][]string{{"--help"}, {"-h"}, {"help"}, {"serve", "--help"}, {"check", "--help"}, {"--version"}} {
		code, stdout, stderr := tryRun(t, args...)
		if code != 0 || !strings.Contains(stdout+stderr, name) || strings.Contains(stdout+stderr, "hunter2") {
			t.Errorf("%v: exit code %d, %.300s %.300s", args, code, stdout, stderr)
		}
	}
}

// TestHelpListsFlagsInGroups: without a command, --help lists the flags of serve too, each under one heading.
func TestHelpListsFlagsInGroups(t *testing.T) {
	_, top, _ := tryRun(t, "--help")
	app, _ := commandLine().App(&clitest.Buffer{}, &clitest.Buffer{})
	for _, c := range app.Model().Commands {
		_, help, _ := tryRun(t, c.Name, "--help")
		for _, f := range c.Flags {
			line := "\n  --" + f.Name
			if f.IsBoolFlag() {
				line = "\n  --[no-]" + f.Name
			}
			if n := strings.Count(help, line+"=") + strings.Count(help, line+" "); n != 1 {
				t.Errorf("%s --help has --%s %d times", c.Name, f.Name, n)
			}
			if c.Default && strings.Count(top, line+"=")+strings.Count(top, line+" ") != 1 {
				t.Errorf("--help lacks --%s", f.Name)
			}
		}
	}
	at := 0
	for _, g := range exporter.FlagGroups {
		next := strings.Index(top, "\n"+g.Title+":\n")
		if next < at {
			t.Errorf("heading %q is at %d, after %d", g.Title, next, at)
		}
		at = next
	}
	rest, _, _ := strings.Cut(top[strings.Index(top, "\nFlags:\n"):], "\n\n")
	for _, m := range regexp.MustCompile(`(?m)^ .*--(?:\[no-\])?([a-zA-Z0-9.-]+)`).FindAllStringSubmatch(rest, -1) {
		if !strings.HasPrefix(m[1], "help") && m[1] != "version" {
			t.Errorf("--%s is under no heading", m[1])
		}
	}
}

// TestOAuthFlags: scopes come one by one and as a list; a token file wins over a URL, wherever that comes from.
func TestOAuthFlags(t *testing.T) {
	t.Setenv("SASL_OAUTHBEARER_TOKEN_URL", "https://issuer/token")
	file := writeFile(t, "token", "abc")
	cfg, _, _ := parseOnly(t, []string{
		"--sasl.enabled", "--sasl.mechanism=oauthbearer", "--sasl.oauthbearer-token-file=" + file,
		"--sasl.oauthbearer-token-url=https://other/token", "--sasl.oauthbearer-scope=a", "--sasl.oauthbearer-scopes=b, c,",
	})
	o := cfg.Security.SASL.OAuth
	if diff := cmp.Diff([]string{"a", "b", "c"}, o.Scopes); diff != "" || o.TokenFile != file || o.TokenURL != "" {
		t.Errorf("%+v %s", o, diff)
	}
}

func TestNoSecretInErrors(t *testing.T) {
	for _, args := range [][]string{
		{"--sasl.enabled", "--sasl.username=u", "--sasl.password", "my", "hunter2"},
		{"--sasl.enabled", "--sasl.username=u", "--sasl.password=hunter2", "--sasl.mechanism=none"},
		{"--sasl.enabled", "--sasl.username=u", "--sasl.password=hunter2", "--web.listen-address=nowhere"},
		{"--sasl.enabled", "--sasl.password=hunter2", "--sasl.mechanism=gssapi"},
	} {
		code, stdout, stderr := tryRun(t, args...)
		if code != 1 || strings.Contains(stdout+stderr, "hunter2") {
			t.Errorf("%v: exit code %d: %s%s", args, code, stdout, stderr)
		}
	}
}

// TestArgumentsOfKafkaExporter holds what charts and manuals for kafka_exporter pass against our parser.
func TestArgumentsOfKafkaExporter(t *testing.T) {
	cert, key, _ := certificate(t)
	krb5 := writeFile(t, "kerberos.conf", "[libdefaults]\n  default_realm = EXAMPLE\n")
	table := keytab.New()
	if err := table.AddEntry("exporter", "EXAMPLE", "secret", time.Unix(0, 0), 1, etypeID.AES256_CTS_HMAC_SHA1_96); err != nil {
		t.Fatal(err)
	}
	raw, err := table.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	keytabFile := writeFile(t, "kerberos.keytab", string(raw))
	for name, args := range map[string][]string{
		"README":         {"--kafka.server=kafka:9092", "--kafka.server=another-server:9092"},
		"README default": {},
		"prometheus-community": {
			"--verbosity=0", "--kafka.server=kafka-server:9092",
		},
		"prometheus-community, SCRAM, TLS": {
			"--verbosity=2", "--log.enable-sarama", "--kafka.server=a:9092", "--kafka.server=b:9092", "--kafka.version=2.8.0",
			"--tls.enabled", "--tls.ca-file=" + cert, "--tls.cert-file=" + cert, "--tls.key-file=" + key,
			"--tls.server-name=kafka", "--sasl.enabled", "--sasl.handshake=false", "--sasl.username=user",
			"--sasl.password=secret", "--sasl.mechanism=scram-sha512", "--server.tls.ca-file=/s/ca.crt",
			"--server.tls.cert-file=/s/tls.crt", "--server.tls.key-file=/s/tls.key",
			"--server.tls.mutual-auth-enabled=false",
		},
		"prometheus-community, Kerberos": {
			"--verbosity=0", "--kafka.server=kafka-server:9092", "--sasl.enabled", "--sasl.username=exporter", "--sasl.mechanism=gssapi", "--sasl.service-name=kafka",
			"--sasl.kerberos-config-path=" + krb5, "--sasl.realm=EXAMPLE", "--sasl.keytab-path=" + keytabFile,
			"--sasl.kerberos-auth-type=keytabAuth", "--tls.enabled", "--tls.insecure-skip-tls-verify",
			"--group.filter=^prod-", "--no-sasl.handshake",
		},
		"Kerberos with a password": {
			"--sasl.enabled", "--sasl.mechanism=gssapi", "--sasl.username=exporter", "--sasl.password=secret",
			"--sasl.service-name=kafka", "--sasl.kerberos-config-path=" + krb5, "--sasl.realm=EXAMPLE",
		},
		"OAUTHBEARER without a secret": {
			"--sasl.enabled", "--sasl.mechanism=oauthbearer", "--sasl.username=exporter",
			"--sasl.oauthbearer-token-url=https://issuer/token",
		},
		"a key that is not there":         {"--tls.enabled", "--tls.key-file=/opt/certs/key"},
		"a certificate that is not there": {"--tls.enabled", "--tls.cert-file=/opt/certs/cert"},
		"careless labels":                 {"--kafka.labels=blue,env=a,env=b,"},
		"Bitnami": {
			"--kafka.server=kafka-controller-0.kafka-controller-headless.default.svc.cluster.local:9092",
			"--kafka.server=kafka-broker-0.kafka-broker-headless.default.svc.cluster.local:9092",
			"--sasl.enabled", "--sasl.username=user", "--sasl.password=secret", "--sasl.mechanism=scram-sha256",
			"--tls.enabled", "--tls.key-file=/opt/certs/key", "--tls.cert-file=/opt/certs/cert", "--tls.ca-file=" + cert,
			"--tls.insecure-skip-tls-verify", "--web.listen-address=:9308",
		},
		"kafka_exporter's own chart": {
			"--kafka.server=kafka:9092", "--kafka.version=3.4.0", "--sasl.enabled", "--sasl.handshake=false",
			"--sasl.username=u", "--sasl.password=p", "--sasl.mechanism=plain", "--sasl.oauthbearer-token-url=",
			"--tls.enabled", "--tls.insecure-skip-tls-verify", "--verbosity=0", "--log.enable-sarama",
		},
		"every flag": {
			"--web.listen-address=:9308", "--web.telemetry-path=/metrics", "--topic.filter=.*", "--topic.exclude=^$",
			"--group.filter=.*", "--group.exclude=^$", "--no-log.enable-sarama", "--kafka.server=kafka:9092",
			"--no-sasl.enabled", "--sasl.handshake", "--sasl.username=", "--sasl.password=", "--sasl.aws-region=eu-west-1",
			"--sasl.oauthbearer-token-url=", "--sasl.mechanism=", "--sasl.service-name=", "--sasl.kerberos-config-path=",
			"--sasl.realm=", "--sasl.kerberos-auth-type=", "--sasl.keytab-path=", "--no-sasl.disable-PA-FX-FAST",
			"--no-tls.enabled", "--tls.server-name=", "--tls.ca-file=", "--tls.cert-file=", "--tls.key-file=",
			"--no-server.tls.enabled", "--no-server.tls.mutual-auth-enabled", "--server.tls.ca-file=",
			"--server.tls.cert-file=", "--server.tls.key-file=", "--no-tls.insecure-skip-tls-verify", "--kafka.version=2.0.0",
			"--use.consumelag.zookeeper", "--zookeeper.server=localhost:2181", "--zookeeper.server=other:2181",
			"--kafka.labels=cluster=a,env=b", "--refresh.metadata=30s", "--no-offset.show-all", "--concurrent.enable",
			"--topic.workers=100", "--no-kafka.allow-auto-topic-creation", "--verbosity=0", "--log.level=info",
			"--log.format=logfmt",
		},
	} {
		t.Run(name, func(t *testing.T) { parseOnly(t, args) })
	}
}

// TestArgumentsOfCharts parses what prometheus-community's chart passes (recorded from its own templates) and what ours
// passes in each of its cases, with real files in place of the mounted ones.
func TestArgumentsOfCharts(t *testing.T) {
	cert, key, _ := certificate(t)
	table := keytab.New()
	if err := table.AddEntry("exporter", "EXAMPLE", "secret", time.Unix(0, 0), 1, etypeID.AES256_CTS_HMAC_SHA1_96); err != nil {
		t.Fatal(err)
	}
	raw, err := table.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	mounted := map[string]string{
		"ca.crt": cert, "tls.crt": cert, "tls.key": key, "password": writeFile(t, "password", "secret"), "web.yaml": writeFile(t, "web.yaml", ""),
		"kerberos.conf":   writeFile(t, "kerberos.conf", "[libdefaults]\n  default_realm = EXAMPLE\n"),
		"kerberos.keytab": writeFile(t, "kerberos.keytab", string(raw)),
	}
	tests := recordedArguments(t)
	files, err := filepath.Glob(filepath.Join("deploy", "helm", "test", "testdata", "*.yaml"))
	if err != nil || len(files) == 0 || len(tests) == 0 {
		t.Fatalf("%d recorded, %d of our own: %v", len(tests), len(files), err)
	}
	for _, file := range files {
		tests[filepath.Base(file)] = chartArguments(t, file)
	}
	for name, args := range tests {
		t.Run(name, func(t *testing.T) {
			for i, arg := range args {
				arg = strings.NewReplacer("$(SCRAM_USERNAME)", "u", "$(SCRAM_PASSWORD)", "p", "$(SASL_USERNAME)", "u", "$(SHARD_INDEX)", "0").Replace(arg)
				flag, value, _ := strings.Cut(arg, "=")
				if strings.HasPrefix(value, "/") {
					if value = mounted[filepath.Base(value)]; value == "" {
						t.Fatalf("%s: no such file in this test", arg)
					}
					arg = flag + "=" + value
				}
				args[i] = arg
			}
			if len(args) == 0 {
				t.Fatal("no arguments")
			}
			parseOnly(t, args)
		})
	}
}

// recordedArguments are the arguments by the name of the values that made them.
func recordedArguments(t *testing.T) map[string][]string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("deploy", "helm", "test", "testdata", "community-args.txt"))
	if err != nil {
		t.Fatal(err)
	}
	out, name := map[string][]string{}, ""
	for line := range strings.Lines(string(raw)) {
		line = strings.TrimSpace(line)
		if after, found := strings.CutPrefix(line, "# "); found {
			name = "prometheus-community " + after
		} else {
			out[name] = append(out[name], line)
		}
	}
	return out
}

// chartArguments are those of the workload in a file of manifests.
func chartArguments(t *testing.T, file string) []string {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	dec := yaml.NewDecoder(f)
	for {
		var o struct {
			Kind string
			Spec struct {
				Template struct {
					Spec struct{ Containers []struct{ Args []string } }
				}
			}
		}
		if err := dec.Decode(&o); err != nil {
			t.Fatalf("%s: no workload: %v", file, err)
		}
		if o.Kind == "Deployment" || o.Kind == "StatefulSet" {
			return o.Spec.Template.Spec.Containers[0].Args
		}
	}
}

// parseOnly parses the flags of serve and makes the configuration of them, without running it.
func parseOnly(t *testing.T, args []string) (kafka.Config, collector.EncoderOptions, string) {
	t.Helper()
	var stderr clitest.Buffer
	app := kingpin.New(name, "")
	cmd := app.Command("serve", "").Default()
	f := exporter.AddFlags(cmd)
	if _, err := cli.Parse(app, args); err != nil {
		t.Fatal(err)
	}
	logger, _ := f.Log.Loggers(&stderr)
	cfg, err := f.Kafka.Config(logger)
	if err != nil {
		t.Fatal(err)
	}
	if err := cfg.Validate(); err != nil {
		t.Fatal(err)
	}
	opt := f.Metrics.Options(cfg.Shard, logger)
	if _, err := collector.NewEncoder(opt); err != nil {
		t.Fatal(err)
	}
	f.Ignored.Warn(logger)
	return cfg, opt, stderr.String()
}

func TestFlagsMeanWhatTheyMeanInKafkaExporter(t *testing.T) {
	t.Setenv("SASL_USER_PASSWORD", "from the environment")
	t.Setenv("SASL_OAUTHBEARER_TOKEN_URL", "https://issuer/token")
	t.Setenv("AWS_REGION", "eu-central-1")
	cfg, opt, logs := parseOnly(t, []string{
		"--sasl.handshake=false", "--offset.show-all=false", "--kafka.labels=cluster=blue", "--topic.filter=^a",
		"--use.consumelag.zookeeper", "--topic.workers=7", "--refresh.metadata=1m",
	})
	listed, _, _ := parseOnly(t, []string{"--kafka.server=a:9092, b:9093", "--kafka.server=c:9094"})
	s := cfg.Security.SASL
	for what, ok := range map[string]bool{
		"no handshake":         !s.Handshake,
		"password":             s.Password == "from the environment",
		"token url":            s.OAuth.TokenURL == "https://issuer/token",
		"region":               s.AWSRegion == "eu-central-1",
		"only with members":    opt.ConnectedOnly,
		"labels":               len(opt.Labels) == 1 && opt.Labels[0].Value == "blue",
		"filter":               cfg.TopicFilter.String() == "^a" && cfg.TopicExclude == nil,
		"refresh":              cfg.MetadataRefresh == time.Minute,
		"default server":       cmp.Equal(cfg.Brokers, []string{"kafka:9092"}),
		"list of servers":      cmp.Equal(listed.Brokers, []string{"a:9092", "b:9093", "c:9094"}),
		"three intervals":      cfg.MaxAge == 30*time.Second && cfg.Interval == 10*time.Second,
		"warned of zookeeper":  strings.Count(logs, "--use.consumelag.zookeeper") == 1,
		"warned of workers":    strings.Count(logs, "--topic.workers") == 1,
		"not of the unchanged": !strings.Contains(logs, "--concurrent.enable"),
	} {
		if !ok {
			t.Errorf("%s: not so: %+v\n%s", what, cfg, logs)
		}
	}
}

// TestRegexpsMeanWhatTheyMeanInKafkaExporter: an expression that matches nothing, or everything, does so on either side.
func TestRegexpsMeanWhatTheyMeanInKafkaExporter(t *testing.T) {
	for _, what := range []string{"topic", "group"} {
		for _, tc := range []struct {
			args     []string
			admitted bool
		}{
			{nil, true},
			{[]string{"filter=.*"}, true},
			{[]string{"filter=^$"}, false},
			{[]string{"exclude=^$"}, true},
			{[]string{"exclude=.*"}, false},
			{[]string{"filter=^bill", "exclude=ing$"}, false},
			{[]string{"filter=^bill", "exclude=^ing"}, true},
		} {
			var args []string
			for _, a := range tc.args {
				args = append(args, "--"+what+"."+a)
			}
			cfg, _, _ := parseOnly(t, args)
			filter, exclude := cfg.TopicFilter, cfg.TopicExclude
			if what == "group" {
				filter, exclude = cfg.GroupFilter, cfg.GroupExclude
			}
			const name = "billing"
			if got := (filter == nil || filter.MatchString(name)) && (exclude == nil || !exclude.MatchString(name)); got != tc.admitted {
				t.Errorf("%v: admitted %v", args, got)
			}
		}
	}
}

func TestLabelsMeanWhatTheyMeanInKafkaExporter(t *testing.T) {
	_, opt, logs := parseOnly(t, []string{"--kafka.labels=blue, env=a,cluster=c,env=b,"})
	want := []collector.Label{{Name: "cluster", Value: "c"}, {Name: "env", Value: "b"}}
	if diff := cmp.Diff(want, opt.Labels); diff != "" {
		t.Error(diff)
	}
	for _, part := range []string{"part=blue", `part="env=a"`} {
		if strings.Count(logs, part) != 1 {
			t.Errorf("want one warning of %s:\n%s", part, logs)
		}
	}
	if n := strings.Count(logs, "--kafka.labels"); n != 2 {
		t.Errorf("%d warnings:\n%s", n, logs)
	}
}

func TestContainerLimit(t *testing.T) {
	for text, want := range map[string]int64{
		"max\n": 0, "": 0, "1000000\n": 900000, "9223372036854771712": 0, "-1": 0,
	} {
		if got := containerLimit(text); got != want {
			t.Errorf("containerLimit(%q) = %d, want %d", text, got, want)
		}
	}
}

func TestGeneratedFlagDocs(t *testing.T) {
	app, _ := commandLine().App(&clitest.Buffer{}, &clitest.Buffer{})
	got := flagsdoc.Made + flagsdoc.Shown{}.Commands("##", app.Model())
	flagsdoc.Check(t, filepath.Join("docs", "flags.md"), flagsdoc.Exporter, got, *update)
}
