package integration

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kafka_burndown_exporter/internal/kafka"
	"kafka_burndown_exporter/internal/kafka/auth"
	broker "kafka_burndown_exporter/test/kafka"
)

const (
	user    = "exporter"
	partial = "partial" // may see some groups only
	secret  = "hunter2-do-not-print"
)

// secured is a broker with every listener and mechanism.
type secured struct {
	*broker.Cluster
	identity *identity
	kdc      *kdc
}

func startSecured(t *testing.T) *secured {
	t.Helper()
	const saslTLS = "listener.name.sasl_ssl."
	s := &secured{identity: newIdentity(t, user, secret, 20*time.Second)}
	options := broker.Options{
		Listeners:   []broker.Listener{broker.SASLPlaintext, broker.SASLTLS, broker.MutualTLS},
		Mechanisms:  []string{"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER"},
		Users:       map[string]string{user: secret, partial: secret},
		ACLs:        true,
		Properties:  s.identity.brokerProperties(saslTLS),
		JavaOptions: s.identity.javaOptions(),
	}
	maps.Copy(options.Properties, s.identity.brokerProperties("listener.name.sasl_plaintext."))
	var missing string
	if s.kdc, missing = startKDC(t, user, secret); missing == "" {
		options.Mechanisms = append(options.Mechanisms, "GSSAPI")
		maps.Copy(options.Properties, s.kdc.brokerProperties(saslTLS))
		maps.Copy(options.Properties, s.kdc.brokerProperties("listener.name.sasl_plaintext."))
		options.JavaOptions = append(options.JavaOptions, "-Djava.security.krb5.conf="+s.kdc.config)
	}
	s.Cluster = broker.Start(t, options)
	return s
}

// sasl returns the settings of a login with the right secret over TLS.
func (s *secured) sasl(mechanism string) auth.Settings {
	return auth.Settings{
		TLS:  auth.TLS{Enabled: true, CAFile: s.Authority.File},
		SASL: auth.SASL{Enabled: true, Handshake: true, Mechanism: mechanism, Username: user, Password: secret},
	}
}

func (s *secured) config(l broker.Listener, security auth.Settings) kafka.Config {
	config := settings(s.Addrs(l))
	config.Security = security
	return config
}

func TestSecurity(t *testing.T) {
	cluster := startSecured(t)
	t.Run("rights", cluster.testRights)
	t.Run("logins", cluster.testLogins)
	// The last one mostly waits, so the others run meanwhile.
	t.Run("certificates", func(t *testing.T) { t.Parallel(); cluster.testCertificates(t) })
	t.Run("refusals", func(t *testing.T) { t.Parallel(); cluster.testRefusals(t) })
	t.Run("token expires", func(t *testing.T) { t.Parallel(); cluster.testTokenExpires(t, 500*time.Millisecond) })
	t.Run("token expires between waves", func(t *testing.T) { t.Parallel(); cluster.testTokenExpires(t, 22*time.Second) })
}

func (s *secured) testLogins(t *testing.T) {
	for _, mechanism := range []string{"plain", "scram-sha256", "scram-sha512"} {
		t.Run(mechanism, func(t *testing.T) { s.login(t, broker.SASLTLS, s.sasl(mechanism)) })
		t.Run(mechanism+" without TLS", func(t *testing.T) {
			security := s.sasl(mechanism)
			security.TLS = auth.TLS{}
			s.login(t, broker.SASLPlaintext, security)
		})
	}
	t.Run("password file", func(t *testing.T) {
		security := s.sasl("scram-sha512")
		security.SASL.Password, security.SASL.PasswordFile = "", filepath.Join(t.TempDir(), "password")
		write(t, security.SASL.PasswordFile, []byte(secret+"\n"))
		s.login(t, broker.SASLTLS, security)
	})
	t.Run("server name", func(t *testing.T) {
		security := s.sasl("plain")
		security.TLS.ServerName = "localhost"
		s.login(t, broker.SASLTLS, security)
	})
	t.Run("not verified", func(t *testing.T) {
		security := s.sasl("plain")
		security.TLS = auth.TLS{Enabled: true, InsecureSkipVerify: true}
		s.login(t, broker.SASLTLS, security)
	})
	t.Run("oauthbearer token file", func(t *testing.T) {
		security := s.sasl("oauthbearer")
		security.SASL.OAuth.TokenFile = filepath.Join(t.TempDir(), "token")
		write(t, security.SASL.OAuth.TokenFile, []byte(s.identity.token(user, time.Now().Add(time.Hour))))
		s.login(t, broker.SASLTLS, security)
	})
	t.Run("oauthbearer refused token", s.testRefusedToken)
	for _, authType := range []string{"keytabAuth", "userAuth"} {
		t.Run("gssapi "+authType, func(t *testing.T) { s.login(t, broker.SASLTLS, s.kerberos(t, authType)) })
	}
}

// kerberos returns the settings of a login to the realm.
func (s *secured) kerberos(t *testing.T, authType string) auth.Settings {
	t.Helper()
	if s.kdc == nil {
		need(t, "a Kerberos server (krb5-kdc, krb5-admin-server)")
	}
	security := s.sasl("gssapi")
	security.SASL.Kerberos = auth.Kerberos{
		ServiceName: "kafka", ConfigPath: s.kdc.config, Realm: realm, AuthType: authType, DisableFAST: true,
	}
	if authType == "keytabAuth" {
		security.SASL.Password, security.SASL.Kerberos.KeytabPath = "", s.kdc.keytab(user)
	}
	return security
}

// need skips a test for want of an external part, unless CI must have everything.
func need(t *testing.T, part string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf("%s is not installed", part)
	}
	t.Skipf("%s is not installed", part)
}

// login makes a wave over a connection, with all the time it may need, and checks that nothing failed on the way.
func (s *secured) login(t *testing.T, l broker.Listener, security auth.Settings) {
	t.Helper()
	var out logs
	counts := newStats()
	config := s.config(l, security)
	config.Interval, config.MaxAge = 10*time.Second, 30*time.Second
	w, err := up(t.Context(), newSampler(t, config, &out, counts))
	if err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	if len(w.Brokers) != 1 || len(counts.reasons()) > 0 {
		t.Errorf("%d brokers, failures %v\n%s", len(w.Brokers), counts.reasons(), out.String())
	}
	if strings.Contains(out.String(), secret) {
		t.Errorf("the log contains the secret: %s", out.String())
	}
}

func (s *secured) endpoint() auth.OAuth {
	return auth.OAuth{TokenURL: s.identity.server.URL, CAFile: s.identity.ca, Scopes: []string{"kafka"}}
}

// testTokenExpires keeps one sampler running past the end of its first token: the broker ends a session with its token.
// A pause between waves that is longer than that has the first request come too late.
func (s *secured) testTokenExpires(t *testing.T, pause time.Duration) {
	security := s.sasl("oauthbearer")
	security.SASL.OAuth = s.endpoint()
	var out logs
	counts := newStats()
	config := s.config(broker.SASLTLS, security)
	config.Interval, config.MaxAge = 10*time.Second, 30*time.Second
	sampler := newSampler(t, config, &out, counts)
	before := s.identity.issued.Load()
	for over := time.Now().Add(s.identity.life + time.Second); ; time.Sleep(pause) {
		last := time.Now().After(over)
		if _, err := up(t.Context(), sampler); err != nil {
			t.Fatalf("%v\n%s", err, out.String())
		}
		if last {
			break
		}
	}
	if issued := s.identity.issued.Load() - before; issued < 2 {
		t.Errorf("%d tokens, want one after the other", issued)
	}
	if failures := counts.reasons(); len(failures) > 0 {
		t.Errorf("failures %v\n%s", failures, out.String())
	}
}

// testRefusedToken has the endpoint give a token that the broker refuses, and good ones from then on.
func (s *secured) testRefusedToken(t *testing.T) {
	security := s.sasl("oauthbearer")
	security.SASL.OAuth = s.endpoint()
	var out logs
	config := s.config(broker.SASLTLS, security)
	config.Interval, config.MaxAge = time.Second, 30*time.Second
	sampler := newSampler(t, config, &out, newStats())
	before := s.identity.issued.Load()
	s.identity.stale.Store(1)
	if _, err := up(t.Context(), sampler); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	if !strings.Contains(out.String(), "SASL_AUTHENTICATION_FAILED") {
		t.Errorf("the first token was not refused:\n%s", out.String())
	}
	if issued := s.identity.issued.Load() - before; issued != 2 {
		t.Errorf("%d tokens, want one after the refused one", issued)
	}
}

func write(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}
