package auth

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/IBM/sarama"
	"github.com/go-kit/log"
)

const secret = "hunter2-do-not-print"

func writeFile(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestValidateNamesFlagAndRemedy(t *testing.T) {
	user := func(change func(*SASL)) Settings {
		s := SASL{Enabled: true, Handshake: true, Mechanism: "plain", Username: "alice", Password: secret}
		change(&s)
		return Settings{SASL: s}
	}
	krb5 := writeFile(t, "krb5.conf", "[libdefaults]\n default_realm = TEST\n")
	kerberos := func(change func(*SASL)) Settings {
		return user(func(s *SASL) {
			s.Mechanism = "gssapi"
			s.Kerberos = Kerberos{ServiceName: "kafka", ConfigPath: krb5, Realm: "TEST", AuthType: "userAuth"}
			change(s)
		})
	}
	oauth := func(o OAuth) Settings {
		return user(func(s *SASL) { s.Mechanism, s.OAuth = "oauthbearer", o })
	}
	missing := filepath.Join(t.TempDir(), "missing")
	tests := []struct {
		name string
		in   Settings
		want []string // nil: valid
	}{
		{"nothing", Settings{}, nil},
		{"plain", user(func(*SASL) {}), nil},
		{"Kafka's spelling", user(func(s *SASL) { s.Mechanism = "SCRAM-SHA-512" }), nil},
		{"no mechanism is plain", user(func(s *SASL) { s.Mechanism = "" }), nil},
		{"unknown mechanism", user(func(s *SASL) { s.Mechanism = "ntlm" }),
			[]string{"--sasl.mechanism=ntlm", "use plain, scram-sha256"}},
		{"no user", user(func(s *SASL) { s.Username = "" }), []string{"--sasl.username"}},
		{"no password", user(func(s *SASL) { s.Password = "" }), []string{"--sasl.password-file", "SASL_USER_PASSWORD"}},
		{"two passwords", user(func(s *SASL) { s.PasswordFile = "x" }), []string{"--sasl.password-file", "give one"}},
		{"password file missing", user(func(s *SASL) { s.Password, s.PasswordFile = "", missing }),
			[]string{"--sasl.password-file", missing}},
		{"password file empty", user(func(s *SASL) { s.Password, s.PasswordFile = "", writeFile(t, "pw", "\n") }),
			[]string{"--sasl.password-file", "empty"}},
		{"awsiam without region", user(func(s *SASL) { s.Mechanism = "awsiam" }),
			[]string{"--sasl.aws-region", "AWS_REGION"}},
		{"certificate without key", Settings{TLS: TLS{Enabled: true, CertFile: "c"}},
			[]string{"--tls.cert-file=c", "--tls.key-file"}},
		{"key without certificate", Settings{TLS: TLS{Enabled: true, KeyFile: "k"}},
			[]string{"--tls.key-file=k", "--tls.cert-file"}},
		{"authority missing", Settings{TLS: TLS{Enabled: true, CAFile: missing}}, []string{"--tls.ca-file", missing}},
		{"authority without certificate", Settings{TLS: TLS{Enabled: true, CAFile: writeFile(t, "ca", "x")}},
			[]string{"--tls.ca-file", "no certificate"}},
		{"both ends of TLS and SASL", Settings{TLS: TLS{Enabled: true, CertFile: "c"},
			SASL: SASL{Enabled: true, Mechanism: "ntlm"}}, []string{"--tls.cert-file", "--sasl.mechanism"}},
		{"kerberos", kerberos(func(*SASL) {}), nil},
		{"kerberos without an auth type", kerberos(func(s *SASL) { s.Kerberos.AuthType = "" }), nil},
		{"the same without a password", kerberos(func(s *SASL) { s.Kerberos.AuthType, s.Password = "", "" }),
			[]string{"--sasl.password-file"}},
		{"kerberos without realm", kerberos(func(s *SASL) { s.Kerberos.Realm = "" }), []string{"--sasl.realm"}},
		{"kerberos without configuration", kerberos(func(s *SASL) { s.Kerberos.ConfigPath = missing }),
			[]string{"--sasl.kerberos-config-path", missing}},
		{"kerberos auth type", kerberos(func(s *SASL) { s.Kerberos.AuthType = "ticket" }),
			[]string{"--sasl.kerberos-auth-type=ticket", "keytabAuth or userAuth"}},
		{"kerberos keytab missing", kerberos(func(s *SASL) {
			s.Kerberos.AuthType, s.Kerberos.KeytabPath = "keytabAuth", missing
		}), []string{"--sasl.keytab-path", missing}},
		{"kerberos without keytab", kerberos(func(s *SASL) { s.Kerberos.AuthType = "keytabAuth" }),
			[]string{"--sasl.keytab-path"}},
		{"oauth", oauth(OAuth{TokenURL: "https://localhost/token"}), nil},
		{"oauth without a secret", user(func(s *SASL) {
			s.Mechanism, s.Password, s.OAuth = "oauthbearer", "", OAuth{TokenURL: "https://localhost/token"}
		}), nil},
		{"oauth without an ID", user(func(s *SASL) {
			s.Mechanism, s.Username, s.OAuth = "oauthbearer", "", OAuth{TokenURL: "https://localhost/token"}
		}), []string{"--sasl.username"}},
		{"oauth with an empty secret file", user(func(s *SASL) {
			s.Mechanism, s.Password, s.PasswordFile = "oauthbearer", "", writeFile(t, "pw", "")
			s.OAuth = OAuth{TokenURL: "https://localhost/token"}
		}), []string{"--sasl.password-file", "empty"}},
		{"oauth without source", oauth(OAuth{}), []string{"--sasl.oauthbearer-token-url", "--sasl.oauthbearer-token-file"}},
		{"oauth with two sources", oauth(OAuth{TokenURL: "https://localhost", TokenFile: "x"}), []string{"give one"}},
		{"oauth URL", oauth(OAuth{TokenURL: "localhost/token"}), []string{"--sasl.oauthbearer-token-url"}},
		{"oauth URL with a secret", oauth(OAuth{TokenURL: "https://id:" + secret + "@localhost"}),
			[]string{"--sasl.oauthbearer-token-url", "--sasl.username"}},
		{"oauth authority", oauth(OAuth{TokenURL: "https://localhost", CAFile: missing}),
			[]string{"--sasl.oauthbearer-ca-file"}},
		{"oauth token file", oauth(OAuth{TokenFile: missing}), []string{"--sasl.oauthbearer-token-file", missing}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := tt.in.Validate()
			if len(tt.want) == 0 {
				if err != nil {
					t.Fatalf("unexpected error %v", err)
				}
				return
			}
			if err == nil {
				t.Fatal("no error")
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q does not contain %q", err, want)
				}
			}
			if strings.Contains(err.Error(), secret) {
				t.Errorf("error %q contains the secret", err)
			}
		})
	}
}

func TestSettingsDoNotPrintThePassword(t *testing.T) {
	type holder struct{ Security Settings }
	config := holder{Settings{SASL: SASL{Enabled: true, Username: "alice", Password: secret}}}
	for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
		for _, value := range []any{config, &config, config.Security, config.Security.SASL, &config.Security.SASL} {
			out := fmt.Sprintf(format, value)
			if strings.Contains(out, secret) || !strings.Contains(out, redacted) {
				t.Errorf("%s of %T prints %s", format, value, out)
			}
		}
	}
}

// The configuration of every mechanism must pass sarama's own check.
func TestConfigureEveryMechanism(t *testing.T) {
	krb5 := writeFile(t, "krb5.conf", "[libdefaults]\n default_realm = TEST\n")
	for name, want := range map[string]sarama.SASLMechanism{
		"plain": "PLAIN", "scram-sha256": "SCRAM-SHA-256", "scram-sha512": "SCRAM-SHA-512", "gssapi": "GSSAPI",
		"oauthbearer": "OAUTHBEARER", "awsiam": "OAUTHBEARER",
	} {
		s := Settings{SASL: SASL{
			Enabled: true, Handshake: true, Mechanism: name, Username: "alice", Password: secret, AWSRegion: "eu-west-1",
			OAuth:    OAuth{TokenURL: "https://localhost/token"},
			Kerberos: Kerberos{ServiceName: "kafka", ConfigPath: krb5, Realm: "TEST", AuthType: "userAuth"},
		}}
		c := sarama.NewConfig()
		a, err := New(s, log.NewNopLogger())
		if err == nil {
			err = a.Configure(c)
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if err := c.Validate(); err != nil || c.Net.SASL.Mechanism != want {
			t.Errorf("%s: mechanism %s, %v", name, c.Net.SASL.Mechanism, err)
		}
	}
}

func TestPasswordFileIsReadForEveryConnection(t *testing.T) {
	file := writeFile(t, "password", "first\n")
	a, err := New(Settings{SASL: SASL{
		Enabled: true, Mechanism: "plain", Username: "alice", PasswordFile: file,
	}}, log.NewNopLogger())
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"first", "second"} {
		if err := os.WriteFile(file, []byte(want+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		c := sarama.NewConfig()
		if err := a.Configure(c); err != nil || c.Net.SASL.Password != want {
			t.Errorf("password %q, want %q, %v", c.Net.SASL.Password, want, err)
		}
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if err := a.Configure(sarama.NewConfig()); err == nil || !strings.Contains(err.Error(), "--sasl.password-file") {
		t.Errorf("error %v", err)
	}
}

func TestWeaknessesAreWarnedOf(t *testing.T) {
	plain := SASL{Enabled: true, Mechanism: "plain", Username: "alice", Password: secret}
	scram := plain
	scram.Mechanism = "scram-sha512"
	for _, tt := range []struct {
		name string
		in   Settings
		want string // empty: no warning
	}{
		{"nothing", Settings{}, ""},
		{"TLS", Settings{TLS: TLS{Enabled: true}, SASL: plain}, ""},
		{"SCRAM without TLS", Settings{SASL: scram}, ""},
		{"PLAIN without TLS", Settings{SASL: plain}, "--tls.enabled"},
		{"not verified", Settings{TLS: TLS{Enabled: true, InsecureSkipVerify: true}}, "--tls.insecure-skip-tls-verify"},
		{"TLS not enabled", Settings{TLS: TLS{CAFile: "ca.pem"}}, "--tls.enabled"},
	} {
		var out strings.Builder
		if _, err := New(tt.in, log.NewLogfmtLogger(&out)); err != nil {
			t.Fatal(err)
		}
		if lines := strings.Count(out.String(), "level=warn"); lines != strings.Count(tt.want, "--") ||
			!strings.Contains(out.String(), tt.want) || strings.Contains(out.String(), secret) {
			t.Errorf("%s: logged %q", tt.name, out.String())
		}
	}
}
