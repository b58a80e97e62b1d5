package exporter

import (
	"errors"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"

	"kafka_burndown_exporter/internal/cli"
	"kafka_burndown_exporter/internal/kafka"
	"kafka_burndown_exporter/internal/kafka/auth"
)

// ConnectionFlags say how brokers are reached: protocol version, TLS and SASL.
type ConnectionFlags struct {
	version, clientID string
	security          auth.Settings
	scopes            []string
	scopeList         string
}

// AddConnectionFlags declares them for a program that names the brokers by a flag of its own.
func AddConnectionFlags(cmd cli.Flags) *ConnectionFlags {
	f := &ConnectionFlags{}
	f.addClient(cmd)
	f.addTLS(cmd)
	f.addSASL(cmd)
	return f
}

func (f *ConnectionFlags) addClient(cmd cli.Flags) {
	cmd.Flag("kafka.version", "Newest protocol version to speak, e.g. 2.8.0. Empty: negotiate with each broker.").
		StringVar(&f.version)
	cmd.Flag("kafka.client-id", "Client id that brokers see in their logs, quotas and metrics.").
		Default(Name).StringVar(&f.clientID)
}

func (f *ConnectionFlags) addTLS(cmd cli.Flags) {
	t := &f.security.TLS
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

func (f *ConnectionFlags) addSASL(cmd cli.Flags) {
	s := &f.security.SASL
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
	cmd.Flag("sasl.oauthbearer-token-file", "File with a token that something else keeps fresh, for oauthbearer. "+
		"It wins over --sasl.oauthbearer-token-url.").
		Envar("SASL_OAUTHBEARER_TOKEN_FILE").StringVar(&s.OAuth.TokenFile)
	cmd.Flag("sasl.oauthbearer-scope", "Scope to ask for, for oauthbearer. Repeatable.").StringsVar(&f.scopes)
	cmd.Flag("sasl.oauthbearer-scopes", "The same as a list with commas, as in kafka_exporter.").StringVar(&f.scopeList)
	cmd.Flag("sasl.oauthbearer-ca-file", "File of the authority that signed the token endpoint's certificate.").
		StringVar(&s.OAuth.CAFile)
	k := &s.Kerberos
	cmd.Flag("sasl.service-name", "Kafka's Kerberos service name, for gssapi.").StringVar(&k.ServiceName)
	cmd.Flag("sasl.kerberos-config-path", "Path of krb5.conf, for gssapi.").StringVar(&k.ConfigPath)
	cmd.Flag("sasl.realm", "Kerberos realm, for gssapi.").StringVar(&k.Realm)
	cmd.Flag("sasl.kerberos-auth-type", "keytabAuth or userAuth (the default), for gssapi.").StringVar(&k.AuthType)
	cmd.Flag("sasl.keytab-path", "Path of the keytab, for gssapi with keytabAuth.").StringVar(&k.KeytabPath)
	cmd.Flag("sasl.disable-PA-FX-FAST", "Do not use PA-FX-FAST, for gssapi with Active Directory.").BoolVar(&k.DisableFAST)
}

// Apply completes what the flags say from the environment and puts it into cfg. logger gets warnings.
func (f *ConnectionFlags) Apply(cfg *kafka.Config, logger log.Logger) {
	cfg.Version, cfg.ClientID, cfg.Security = f.version, f.clientID, f.security
	s := &cfg.Security.SASL
	s.OAuth.Scopes = slices.Clone(f.scopes)
	for scope := range strings.SplitSeq(f.scopeList, ",") {
		if scope = strings.TrimSpace(scope); scope != "" {
			s.OAuth.Scopes = append(s.OAuth.Scopes, scope)
		}
	}
	fromEnvironment(&s.Username, "SASL_USERNAME")
	if s.PasswordFile == "" {
		fromEnvironment(&s.Password, "SASL_USER_PASSWORD")
	}
	if s.OAuth.TokenFile != "" {
		s.OAuth.TokenURL = "" // the file wins, as in kafka_exporter
	} else {
		fromEnvironment(&s.OAuth.TokenURL, "SASL_OAUTHBEARER_TOKEN_URL")
	}
	forgiveMissingPair(&cfg.Security.TLS, logger)
}

func fromEnvironment(target *string, variable string) {
	if *target == "" {
		*target = os.Getenv(variable)
	}
}

// forgiveMissingPair does as kafka_exporter: its charts name a client certificate and key whether there are any or not.
func forgiveMissingPair(t *auth.TLS, logger log.Logger) {
	missing := func(path string) bool {
		_, err := os.Stat(path)
		return path == "" || errors.Is(err, fs.ErrNotExist)
	}
	given := t.CertFile != "" || t.KeyFile != ""
	if t.Enabled && given && missing(t.CertFile) && missing(t.KeyFile) {
		_ = level.Warn(logger).Log("msg", "neither --tls.cert-file nor --tls.key-file exists; connecting without a client "+
			"certificate", "cert", t.CertFile, "key", t.KeyFile)
		t.CertFile, t.KeyFile = "", ""
	}
}
