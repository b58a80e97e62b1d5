package auth

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/IBM/sarama"
)

func TestExplain(t *testing.T) {
	plain := SASL{Enabled: true, Mechanism: "SCRAM-SHA-512"}
	words := errors.New("Authentication failed: Invalid username or password")
	for name, tc := range map[string]struct {
		sasl   SASL
		tls    bool
		err    error
		closed bool
		want   string
	}{
		"refused": {
			sasl: plain, err: sarama.Wrap(sarama.ErrSASLAuthenticationFailed, words),
			want: "the broker refused the login with scram-sha512: Invalid username or password; check --sasl.username, --sasl.password-file and --sasl.mechanism",
		},
		"refused without a word": {
			sasl: plain, err: fmt.Errorf("open: %w", sarama.ErrSASLAuthenticationFailed),
			want: "the broker refused the login with scram-sha512: it gave no reason; check",
		},
		"token":           {sasl: SASL{Enabled: true, Mechanism: "oauthbearer"}, err: sarama.ErrSASLAuthenticationFailed, want: "check --sasl.oauthbearer-token-url"},
		"token file":      {sasl: SASL{Enabled: true, Mechanism: "oauthbearer", OAuth: OAuth{TokenFile: "f"}}, err: sarama.ErrSASLAuthenticationFailed, want: "check the token in --sasl.oauthbearer-token-file"},
		"role":            {sasl: SASL{Enabled: true, Mechanism: "awsiam"}, err: sarama.ErrSASLAuthenticationFailed, want: "check --sasl.aws-region"},
		"kerberos":        {sasl: SASL{Enabled: true, Mechanism: "gssapi"}, err: sarama.ErrSASLAuthenticationFailed, want: "check --sasl.service-name"},
		"mechanism":       {sasl: plain, err: sarama.ErrUnsupportedSASLMechanism, want: "the listener does not offer the mechanism scram-sha512; change --sasl.mechanism"},
		"no login":        {sasl: plain, err: sarama.ErrIllegalSASLState, want: "leave out --sasl.enabled"},
		"no TLS":          {tls: true, err: tls.RecordHeaderError{Msg: "first record does not look like a TLS handshake"}, want: "leave out --tls.enabled"},
		"closed":          {err: io.EOF, closed: true, want: "EOF; the listener probably wants --tls.enabled or --sasl.enabled"},
		"closed, login":   {sasl: plain, err: io.EOF, closed: true, want: "EOF; the listener probably wants --tls.enabled"},
		"closed, TLS":     {tls: true, err: io.EOF, closed: true, want: "EOF; the listener probably wants --sasl.enabled, or a client certificate"},
		"closed, both":    {sasl: plain, tls: true, err: io.EOF, closed: true, want: "a client certificate (--tls.cert-file, --tls.key-file) or another --sasl.mechanism"},
		"answered before": {err: io.EOF, want: "EOF"},
	} {
		t.Run(name, func(t *testing.T) {
			a := &Authenticator{sasl: tc.sasl}
			if tc.tls {
				a.files = &tlsFiles{}
			}
			got := a.Explain(tc.err, tc.closed)
			if !strings.Contains(got.Error(), tc.want) || !tc.closed && name == "answered before" && got.Error() != tc.want {
				t.Errorf("%q, want %q", got, tc.want)
			}
			if _, same := tc.err.(tls.RecordHeaderError); !same && !errors.Is(got, errors.Unwrap(tc.err)) && !errors.Is(got, tc.err) {
				t.Errorf("%v hides %v", got, tc.err)
			}
		})
	}
	if got := (&Authenticator{}).Explain(nil, true); got != nil {
		t.Errorf("no error: %v", got)
	}
}
