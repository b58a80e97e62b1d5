package main

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kafka_burndown_exporter/collector"
)

// TestArgumentsOfKafkaExporter holds what charts and manuals for kafka_exporter pass against our parser.
func TestArgumentsOfKafkaExporter(t *testing.T) {
	cert, key, _ := certificate(t)
	krb5 := writeFile(t, "kerberos.conf", "[libdefaults]\n  default_realm = EXAMPLE\n")
	keytabFile := writeKeytab(t)
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
