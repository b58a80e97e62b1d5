package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/alecthomas/kingpin/v2"
	"github.com/go-kit/log"
	"github.com/go-kit/log/level"

	"kafka_burndown_exporter/internal/kafka"
)

// kafkaFlags say which cluster is sampled and how.
type kafkaFlags struct {
	cfg     kafka.Config
	expect  []string
	scopes  []string
	shard   kafka.Shard
	version string
}

func addKafkaFlags(cmd *kingpin.CmdClause) *kafkaFlags {
	f := &kafkaFlags{}
	cmd.Flag("kafka.server", "Address (host:port) of a Kafka broker to start from. Repeatable.").
		Default("kafka:9092").StringsVar(&f.cfg.Brokers)
	cmd.Flag("kafka.version", "Newest protocol version to speak, e.g. 2.8.0. Empty: negotiate with each broker.").
		StringVar(&f.version)
	cmd.Flag("kafka.client-id", "Client id that brokers see in their logs, quotas and metrics.").
		Default(name).StringVar(&f.cfg.ClientID)
	f.addSampling(cmd)
	f.addFilters(cmd)
	f.addTLS(cmd)
	f.addSASL(cmd)
	return f
}

func (f *kafkaFlags) addSampling(cmd *kingpin.CmdClause) {
	duration := func(target *time.Duration, flag, def, help string) {
		declare(cmd, target, flag, def, help, parseDuration)
	}
	declare(cmd, &f.cfg.Interval, "sample.interval", "10s", "How often the cluster is sampled. Scrapes never wait for Kafka.",
		parseInterval)
	duration(&f.cfg.MaxAge, "sample.max-age", "",
		"How long a value that cannot be read any more is still served. Default: three sample intervals.")
	duration(&f.cfg.MetadataRefresh, "refresh.metadata", "30s", "How often topics, partitions and brokers are read.")
	duration(&f.cfg.MembersRefresh, "refresh.members", "60s",
		"How often the members of groups without a change of state are read.")
	duration(&f.cfg.StartsRefresh, "refresh.starts", "60s", "How often log start offsets are read.")
}

func (f *kafkaFlags) addFilters(cmd *kingpin.CmdClause) {
	filter := func(target **regexp.Regexp, flag, def, help string) {
		declare(cmd, target, flag, def, help, parseRegexp)
	}
	filter(&f.cfg.TopicFilter, "topic.filter", ".*", "Regular expression of the topics to read.")
	filter(&f.cfg.TopicExclude, "topic.exclude", "^$", "Regular expression of the topics to leave out.")
	filter(&f.cfg.GroupFilter, "group.filter", ".*", "Regular expression of the consumer groups to read.")
	filter(&f.cfg.GroupExclude, "group.exclude", "^$", "Regular expression of the consumer groups to leave out.")
	filter(&f.cfg.ReadCommitted, "offsets.read-committed", "",
		"Regular expression of the groups whose lag ends at the last stable offset instead of the high watermark.")
	cmd.Flag("group.expect", "GROUP=TOPIC[,TOPIC]: a group that is published, empty and with its whole backlog, even while "+
		"Kafka does not list it, so that scaling to zero can start from nothing. Repeatable.").
		PlaceHolder("GROUP=TOPIC,...").StringsVar(&f.expect)
	declare(cmd, &f.shard, "shard", "", "I/N: this process is part I (from 0) of N. Groups and topics are spread by the hash "+
		"of their name.", parseShard)
}

func (f *kafkaFlags) addTLS(cmd *kingpin.CmdClause) {
	t := &f.cfg.Security.TLS
	cmd.Flag("tls.enabled", "Connect to Kafka using TLS.").BoolVar(&t.Enabled)
	cmd.Flag("tls.server-name", "Host name that the brokers' certificates must have, if it is not that of their address.").
		StringVar(&t.ServerName)
	cmd.Flag("tls.ca-file", "File of the authority that signed the brokers' certificates. Default: the system's.").
		StringVar(&t.CAFile)
	cmd.Flag("tls.cert-file", "File of the client's certificate. It is read again when it changes.").StringVar(&t.CertFile)
	cmd.Flag("tls.key-file", "File of the client's key: PKCS#1, PKCS#8 or EC.").StringVar(&t.KeyFile)
	cmd.Flag("tls.insecure-skip-tls-verify", "Do not verify the brokers' certificates. Insecure.").
		BoolVar(&t.InsecureSkipVerify)
}

func (f *kafkaFlags) addSASL(cmd *kingpin.CmdClause) {
	s := &f.cfg.Security.SASL
	cmd.Flag("sasl.enabled", "Log in to Kafka with SASL.").BoolVar(&s.Enabled)
	cmd.Flag("sasl.handshake", "Begin with a SASL handshake; --no-sasl.handshake only for a proxy that is not Kafka.").
		Default("true").BoolVar(&s.Handshake)
	cmd.Flag("sasl.mechanism", "plain (the default), scram-sha256, scram-sha512, gssapi, awsiam or oauthbearer.").
		StringVar(&s.Mechanism)
	cmd.Flag("sasl.username", "User name, or client id for oauthbearer. Default: $SASL_USERNAME.").StringVar(&s.Username)
	cmd.Flag("sasl.password", "Password, or client secret for oauthbearer. Everybody who may list processes can read it: "+
		"prefer $SASL_USER_PASSWORD, its default, or --sasl.password-file.").PlaceHolder("SECRET").StringVar(&s.Password)
	cmd.Flag("sasl.password-file", "File with the password, read again at every login.").
		Envar("SASL_USER_PASSWORD_FILE").StringVar(&s.PasswordFile)
	cmd.Flag("sasl.aws-region", "Region of an MSK cluster, for awsiam.").Envar("AWS_REGION").StringVar(&s.AWSRegion)
	cmd.Flag("sasl.oauthbearer-token-url", "Where tokens come from, for oauthbearer. Default: $SASL_OAUTHBEARER_TOKEN_URL.").
		StringVar(&s.OAuth.TokenURL)
	cmd.Flag("sasl.oauthbearer-token-file", "File with a token that something else keeps fresh, for oauthbearer.").
		Envar("SASL_OAUTHBEARER_TOKEN_FILE").StringVar(&s.OAuth.TokenFile)
	cmd.Flag("sasl.oauthbearer-scope", "Scope to ask for, for oauthbearer. Repeatable.").StringsVar(&f.scopes)
	cmd.Flag("sasl.oauthbearer-ca-file", "File of the authority that signed the token endpoint's certificate.").
		StringVar(&s.OAuth.CAFile)
	k := &s.Kerberos
	cmd.Flag("sasl.service-name", "Kafka's Kerberos service name, for gssapi.").StringVar(&k.ServiceName)
	cmd.Flag("sasl.kerberos-config-path", "Path of krb5.conf, for gssapi.").StringVar(&k.ConfigPath)
	cmd.Flag("sasl.realm", "Kerberos realm, for gssapi.").StringVar(&k.Realm)
	cmd.Flag("sasl.kerberos-auth-type", "keytabAuth or userAuth, for gssapi.").StringVar(&k.AuthType)
	cmd.Flag("sasl.keytab-path", "Path of the keytab, for gssapi with keytabAuth.").StringVar(&k.KeytabPath)
	cmd.Flag("sasl.disable-PA-FX-FAST", "Do not use PA-FX-FAST, for gssapi with Active Directory.").BoolVar(&k.DisableFAST)
}

// config completes what the flags say from the environment. logger gets warnings.
func (f *kafkaFlags) config(logger log.Logger) (kafka.Config, error) {
	cfg := f.cfg
	cfg.Version, cfg.Shard = f.version, f.shard
	if cfg.MaxAge == 0 {
		cfg.MaxAge = 3 * cfg.Interval
	}
	for _, re := range []**regexp.Regexp{&cfg.TopicFilter, &cfg.TopicExclude, &cfg.GroupFilter, &cfg.GroupExclude} {
		if s := (*re).String(); s == ".*" || s == "^$" {
			*re = nil // no need to ask for every name
		}
	}
	s := &cfg.Security.SASL
	s.OAuth.Scopes = f.scopes
	fromEnvironment(&s.Username, "SASL_USERNAME")
	if s.PasswordFile == "" {
		fromEnvironment(&s.Password, "SASL_USER_PASSWORD")
	}
	if s.OAuth.TokenFile == "" {
		fromEnvironment(&s.OAuth.TokenURL, "SASL_OAUTHBEARER_TOKEN_URL")
	}
	forgiveMissingPair(&cfg.Security.TLS, logger)
	var err error
	cfg.Expect, err = parseExpect(f.expect)
	return cfg, err
}

func fromEnvironment(target *string, variable string) {
	if *target == "" {
		*target = os.Getenv(variable)
	}
}

// forgiveMissingPair does as kafka_exporter: its charts name a client certificate and key whether there are any or not.
func forgiveMissingPair(t *kafka.TLS, logger log.Logger) {
	missing := func(path string) bool {
		_, err := os.Stat(path)
		return path != "" && errors.Is(err, fs.ErrNotExist)
	}
	if t.Enabled && missing(t.CertFile) && missing(t.KeyFile) {
		_ = level.Warn(logger).Log("msg", "neither --tls.cert-file nor --tls.key-file exists; connecting without a client "+
			"certificate", "cert", t.CertFile, "key", t.KeyFile)
		t.CertFile, t.KeyFile = "", ""
	}
}

// parseExpect reads GROUP=TOPIC[,TOPIC]; a group's name may contain =, a topic's cannot.
func parseExpect(list []string) (map[string][]string, error) {
	if len(list) == 0 {
		return nil, nil
	}
	out := map[string][]string{}
	for _, item := range list {
		at := strings.LastIndexByte(item, '=')
		if at <= 0 || at == len(item)-1 {
			return nil, fmt.Errorf("--group.expect: %q is not of the form GROUP=TOPIC[,TOPIC]", item)
		}
		for _, topic := range strings.Split(item[at+1:], ",") {
			if topic = strings.TrimSpace(topic); topic == "" {
				return nil, fmt.Errorf("--group.expect: %q has an empty topic; write GROUP=TOPIC[,TOPIC]", item)
			}
			out[item[:at]] = append(out[item[:at]], topic)
		}
	}
	return out, nil
}

func parseShard(s string) (kafka.Shard, error) {
	i, n, ok := strings.Cut(s, "/")
	index, err1 := strconv.Atoi(i)
	count, err2 := strconv.Atoi(n)
	switch {
	case !ok || err1 != nil || err2 != nil:
		return kafka.Shard{}, fmt.Errorf("%q is not of the form I/N, e.g. 0/3", s)
	case count < 1 || index < 0 || index >= count:
		return kafka.Shard{}, fmt.Errorf("%q is impossible; of N shards the first is 0/N and the last N-1/N", s)
	}
	return kafka.Shard{Index: index, Count: count}, nil
}
