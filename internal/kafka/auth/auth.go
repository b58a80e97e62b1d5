// Package auth puts encryption and login into a connection to a broker: TLS, and the SASL mechanisms PLAIN, SCRAM, GSSAPI
// (Kerberos) and OAUTHBEARER, of which AWS IAM is one. It checks the settings, reads the files they name again when
// they change, and fetches tokens. It opens no connection to a broker (that is package kafka) and puts no secret into an
// error or a log line.
package auth

import (
	"errors"

	"github.com/IBM/sarama"
	"github.com/go-kit/log"
	"github.com/go-kit/log/level"
	"github.com/jcmturner/gokrb5/v8/krberror"
)

// Settings say how connections to the brokers are encrypted and authenticated.
type Settings struct {
	TLS  TLS
	SASL SASL
}

// Validate reports everything about the security settings that cannot work, naming the flag and the remedy. It reads
// the files they name and opens no connection. No secret is in its errors.
func (s Settings) Validate() error {
	return errors.Join(s.TLS.validate(), s.SASL.validate())
}

// Authenticator puts encryption and login into the configuration of each connection as it is opened, so that
// certificates and passwords that were replaced on disk are used from then on. It is safe for concurrent use.
type Authenticator struct {
	sasl  SASL
	files *tlsFiles                  // nil: no TLS
	token sarama.AccessTokenProvider // nil: the mechanism has none
}

// New validates the settings and warns of those that are weak.
func New(s Settings, logger log.Logger) (*Authenticator, error) {
	if err := s.Validate(); err != nil {
		return nil, err
	}
	a := &Authenticator{sasl: s.SASL}
	if s.TLS.Enabled {
		a.files = newTLSFiles(s.TLS, logger)
	}
	if s.SASL.Enabled {
		a.token = s.SASL.tokenProvider(logger)
	}
	for _, msg := range s.weaknesses() {
		_ = level.Warn(logger).Log("msg", msg)
	}
	return a, nil
}

// credentialError says that there was nothing to log in with: a file that cannot be read, a token that was not given.
type credentialError struct{ err error }

func (e credentialError) Error() string { return e.err.Error() }
func (e credentialError) Unwrap() error { return e.err }

// Configure sets c up for a new connection with what the files say now. Reason names its errors.
func (a *Authenticator) Configure(c *sarama.Config) error {
	if err := a.configure(c); err != nil {
		return credentialError{err}
	}
	return nil
}

func (a *Authenticator) configure(c *sarama.Config) error {
	if a.files != nil {
		config, err := a.files.config()
		if err != nil {
			return err
		}
		c.Net.TLS.Enable, c.Net.TLS.Config = true, config
	}
	if !a.sasl.Enabled {
		return nil
	}
	return a.sasl.configure(c, a.token)
}

// Refused says that a broker refused the login of a connection that Configure set up: its token is not used again.
func (a *Authenticator) Refused(c *sarama.Config) {
	if token, ok := c.Net.SASL.TokenProvider.(*loginToken); ok {
		token.drop()
	}
}

func (s Settings) weaknesses() []string {
	var list []string
	t := s.TLS
	if !t.Enabled && (t.CAFile != "" || t.CertFile != "" || t.KeyFile != "" || t.ServerName != "" || t.InsecureSkipVerify) {
		list = append(list, "TLS settings have no effect without --tls.enabled")
	}
	if t.Enabled && t.InsecureSkipVerify {
		list = append(list, "the brokers' certificates are not verified (--tls.insecure-skip-tls-verify): anyone on the "+
			"network can pose as a broker; give their authority with --tls.ca-file instead")
	}
	if s.SASL.Enabled && !t.Enabled && s.SASL.revealsSecret() {
		list = append(list, "the "+mechanisms[s.SASL.mechanism()].flag+" login sends its secret unencrypted; turn TLS on "+
			"with --tls.enabled")
	}
	return list
}

// Principal is the user's name as an ACL writes it, or empty where the settings do not tell.
func (s Settings) Principal() string {
	if !s.SASL.Enabled {
		return ""
	}
	return s.SASL.Username
}

// Reason is the short name of an error that came from here or from a Kerberos login: credentials or kerberos. It is empty
// for every other error.
func Reason(err error) string {
	var (
		secret   credentialError
		kerberos krberror.Krberror
	)
	switch {
	case errors.As(err, &secret):
		return "credentials"
	case errors.As(err, &kerberos):
		return "kerberos"
	}
	return ""
}
