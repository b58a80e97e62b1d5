package auth

import (
	"crypto/tls"
	"errors"
	"fmt"
	"strings"

	"github.com/IBM/sarama"
)

// explained is an error with words of ours: what went wrong, once, and the flag to change.
type explained struct {
	text string
	err  error
}

func (e explained) Error() string { return e.text }
func (e explained) Unwrap() error { return e.err }

// Explain says what to change about an error of opening a connection, where the settings tell. Closed says that the broker
// closed the connection before it answered, and has never answered.
func (a *Authenticator) Explain(err error, closed bool) error {
	var record tls.RecordHeaderError
	login, encrypted := a.sasl, a.files != nil
	switch {
	case err == nil:
		return nil
	case errors.Is(err, sarama.ErrSASLAuthenticationFailed):
		return explained{fmt.Sprintf("the broker refused the login with %s: %s; %s", login.mechanismFlag(), brokersWords(err), login.remedy()), err}
	case errors.Is(err, sarama.ErrUnsupportedSASLMechanism):
		return explained{fmt.Sprintf("the listener does not offer the mechanism %s; change --sasl.mechanism", login.mechanismFlag()), err}
	case errors.Is(err, sarama.ErrIllegalSASLState) && login.Enabled:
		return explained{"the listener does not expect a login; leave out --sasl.enabled, or use the port of another listener", err}
	case errors.As(err, &record):
		return explained{"the port does not speak TLS; leave out --tls.enabled, or use the port of a TLS listener", err}
	case closed:
		return explained{err.Error() + "; " + closedRemedy(encrypted, login.Enabled), err}
	}
	return err
}

// brokersWords is what the broker said of a refused login, without sarama's and Kafka's own beginnings.
func brokersWords(err error) string {
	text := err.Error()
	if at := strings.Index(text, sarama.ErrSASLAuthenticationFailed.Error()); at >= 0 {
		text = text[at+len(sarama.ErrSASLAuthenticationFailed.Error()):]
	}
	text = strings.TrimPrefix(strings.TrimLeft(text, ":. "), "Authentication failed: ")
	if text == "" {
		return "it gave no reason"
	}
	return text
}

// remedy names the flags of the mechanism that say who logs in.
func (s SASL) remedy() string {
	switch s.mechanism() {
	case "oauthbearer":
		if s.OAuth.TokenFile != "" {
			return "check the token in --sasl.oauthbearer-token-file"
		}
		return "check --sasl.oauthbearer-token-url, --sasl.username and the scopes"
	case "awsiam", "awsmskiam":
		return "check --sasl.aws-region and the role's rights"
	case "gssapi":
		return "check --sasl.service-name, --sasl.realm and the keytab"
	}
	return "check --sasl.username, --sasl.password-file and --sasl.mechanism"
}

// closedRemedy is what a listener that closes the connection at once most likely wants.
func closedRemedy(encrypted, login bool) string {
	switch {
	case !encrypted && !login:
		return "the listener probably wants --tls.enabled or --sasl.enabled"
	case !encrypted:
		return "the listener probably wants --tls.enabled"
	case !login:
		return "the listener probably wants --sasl.enabled, or a client certificate (--tls.cert-file, --tls.key-file)"
	}
	return "the listener probably wants a client certificate (--tls.cert-file, --tls.key-file) or another --sasl.mechanism"
}
