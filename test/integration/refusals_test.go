package integration

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"kafka_burndown_exporter/internal/kafka/auth"
	broker "kafka_burndown_exporter/test/kafka"
	"kafka_burndown_exporter/test/pki"
)

// refusal is a login that must fail.
type refusal struct {
	name string
	in   auth.Settings
	want string // in the log
	why  string // the reason it is counted under
}

// testRefusals runs samplers that cannot log in: one line each that says why, attempt after attempt, and no secret.
func (s *secured) testRefusals(t *testing.T) {
	change := func(mechanism string, f func(*auth.Settings)) auth.Settings {
		security := s.sasl(mechanism)
		f(&security)
		return security
	}
	const wrong, denied = "wrong-" + secret, "SASL_AUTHENTICATION_FAILED"
	other, err := pki.New(t.TempDir(), "other")
	if err != nil {
		t.Fatal(err)
	}
	wrongPassword := func(security *auth.Settings) { security.SASL.Password = wrong }
	token := filepath.Join(t.TempDir(), "token")
	write(t, token, []byte(s.identity.token(user, time.Now().Add(time.Second))))
	tests := []refusal{
		{"plain password", change("plain", wrongPassword), "Invalid username or password", denied},
		{"scram password", change("scram-sha512", wrongPassword), "invalid credentials", denied},
		{"unknown authority", change("plain", func(security *auth.Settings) {
			security.TLS.CAFile = other.File
		}), "unknown authority", "tls"},
		{"server name", change("plain", func(security *auth.Settings) {
			security.TLS.ServerName = "kafka"
		}), "not kafka", "tls"},
		{"client secret", change("oauthbearer", func(security *auth.Settings) {
			security.SASL.Password = wrong
			security.SASL.OAuth = s.endpoint()
		}), "invalid_client", "credentials"},
		{"expired token", change("oauthbearer", func(security *auth.Settings) {
			security.SASL.OAuth.TokenFile = token
		}), "expired at", "credentials"},
	}
	if s.kdc != nil {
		kerberos := s.kerberos(t, "userAuth")
		wrongPassword(&kerberos)
		tests = append(tests, refusal{"kerberos password", kerberos, "password/keytab incorrect", "kerberos"})
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s.refused(t, tt)
		})
	}
}

func (s *secured) refused(t *testing.T, r refusal) {
	t.Helper()
	var out logs
	counts := newStats()
	sampler := newSampler(t, s.config(broker.SASLTLS, r.in), &out, counts)
	time.Sleep(1100 * time.Millisecond) // lets the token of a second expire
	// Three times, and more where a busy machine was late.
	for wave := 0; wave < 3 || wave < 30 && counts.reasons()[r.why] < 3; wave++ {
		if _, err := sampler.Wave(t.Context()); err == nil || strings.Contains(err.Error(), secret) {
			t.Errorf("wave: %v", err)
		}
		time.Sleep(600 * time.Millisecond) // beyond the pause between two attempts to connect
	}
	lines := refused(out.lines("warn"))
	about := slices.DeleteFunc(slices.Clone(lines), func(l string) bool { return !strings.Contains(l, r.want) })
	if len(about) != 1 || len(lines) != 1 {
		t.Errorf("%d lines, %d with %q, want one:\n%s", len(lines), len(about), r.want, out.String())
	}
	if attempts := counts.reasons()[r.why]; attempts < 3 {
		t.Errorf("%d attempts failed for %q: %v", attempts, r.why, counts.reasons())
	}
	if strings.Contains(out.String(), secret) {
		t.Errorf("the log contains the secret: %s", out.String())
	}
}
