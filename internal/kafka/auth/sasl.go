package auth

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/IBM/sarama"
	"github.com/go-kit/log"
	"github.com/xdg-go/scram"
)

// SASL is the authentication of a connection.
type SASL struct {
	Enabled   bool
	Handshake bool
	// Mechanism is plain, scram-sha256, scram-sha512, gssapi, awsiam or oauthbearer.
	Mechanism    string
	Username     string
	Password     string
	PasswordFile string // read again at every login

	OAuth    OAuth
	Kerberos Kerberos
	// AWSRegion is the region of an MSK cluster for awsiam.
	AWSRegion string
}

// mechanisms are the values of --sasl.mechanism by their normal form: small letters and digits only.
var mechanisms = map[string]struct {
	flag  string // as kafka_exporter spells it
	kafka sarama.SASLMechanism
}{
	"plain":       {"plain", sarama.SASLTypePlaintext},
	"scramsha256": {"scram-sha256", sarama.SASLTypeSCRAMSHA256},
	"scramsha512": {"scram-sha512", sarama.SASLTypeSCRAMSHA512},
	"gssapi":      {"gssapi", sarama.SASLTypeGSSAPI},
	"oauthbearer": {"oauthbearer", sarama.SASLTypeOAuth},
	// MSK's own AWS_MSK_IAM is this signature as an OAUTHBEARER token.
	"awsiam":    {"awsiam", sarama.SASLTypeOAuth},
	"awsmskiam": {"awsiam", sarama.SASLTypeOAuth},
}

// mechanism is the normal form of the mechanism, so that Kafka's spelling (SCRAM-SHA-512) works as well.
func (s SASL) mechanism() string {
	if s.Mechanism == "" {
		return "plain"
	}
	return strings.Map(func(r rune) rune {
		switch {
		case 'A' <= r && r <= 'Z':
			return r - 'A' + 'a'
		case r == '-' || r == '_':
			return -1
		}
		return r
	}, s.Mechanism)
}

func (s SASL) revealsSecret() bool {
	switch s.mechanism() {
	case "plain", "oauthbearer", "awsiam", "awsmskiam":
		return true
	}
	return false
}

func (s SASL) validate() error {
	if !s.Enabled {
		return nil
	}
	m := s.mechanism()
	if _, known := mechanisms[m]; !known {
		return fmt.Errorf("--sasl.mechanism=%s is unknown; use plain, scram-sha256, scram-sha512, gssapi, awsiam or "+
			"oauthbearer", s.Mechanism)
	}
	if s.Password != "" && s.PasswordFile != "" {
		return errors.New("--sasl.password (or SASL_USER_PASSWORD) and --sasl.password-file are both given; give one")
	}
	switch m {
	case "gssapi":
		return s.validateKerberos()
	case "awsiam", "awsmskiam":
		if s.AWSRegion == "" {
			return errors.New("--sasl.mechanism=awsiam needs the cluster's region; give --sasl.aws-region (or AWS_REGION)")
		}
		return nil
	case "oauthbearer":
		return s.validateOAuth()
	}
	return s.validateUser()
}

// validateUser checks that there is a name and a password.
func (s SASL) validateUser() error {
	if s.Username == "" {
		return fmt.Errorf("--sasl.mechanism=%s needs a user; give --sasl.username", s.mechanismFlag())
	}
	password, err := s.password()
	if err != nil {
		return err
	}
	if password == "" {
		return fmt.Errorf("--sasl.mechanism=%s needs a password; give --sasl.password-file, or SASL_USER_PASSWORD in the "+
			"environment, or --sasl.password", s.mechanismFlag())
	}
	return nil
}

func (s SASL) mechanismFlag() string { return mechanisms[s.mechanism()].flag }

// password returns the password of the moment. A line end at the end of the file is not part of it.
func (s SASL) password() (string, error) {
	if s.PasswordFile == "" {
		return s.Password, nil
	}
	data, err := os.ReadFile(s.PasswordFile)
	if err != nil {
		return "", fmt.Errorf("--sasl.password-file: %w; give a readable file", err)
	}
	password := strings.TrimRight(string(data), "\r\n")
	if password == "" {
		return "", fmt.Errorf("--sasl.password-file: %s is empty; write the password into it", s.PasswordFile)
	}
	return password, nil
}

// tokenProvider returns the source of tokens of the mechanisms that log in with one, else nil.
func (s SASL) tokenProvider(logger log.Logger) sarama.AccessTokenProvider {
	switch s.mechanism() {
	case "awsiam", "awsmskiam":
		return newTokenCache(awsToken(s.AWSRegion), logger)
	case "oauthbearer":
		if s.OAuth.TokenFile != "" {
			return tokenFile(s.OAuth.TokenFile)
		}
		return newTokenCache(s.requestToken, logger)
	}
	return nil
}

// configure sets the login of a new connection.
func (s SASL) configure(c *sarama.Config, token sarama.AccessTokenProvider) error {
	login := &c.Net.SASL
	login.Enable = true
	login.Handshake = s.Handshake
	login.Version = sarama.SASLHandshakeV1
	login.Mechanism = mechanisms[s.mechanism()].kafka
	login.TokenProvider = token
	if cache, ok := token.(*tokenCache); ok {
		login.TokenProvider = &loginToken{cache: cache}
	}
	if token != nil {
		return nil
	}
	password, err := s.password()
	if err != nil {
		return err
	}
	login.User, login.Password = s.Username, password
	switch login.Mechanism {
	case sarama.SASLTypeSCRAMSHA256, sarama.SASLTypeSCRAMSHA512:
		login.SCRAMClientGeneratorFunc = scramGenerator(login.Mechanism)
	case sarama.SASLTypeGSSAPI:
		login.GSSAPI = s.gssapi(password)
	}
	return nil
}

const redacted = "<redacted>"

// String keeps the password out of anything that prints the settings.
func (s SASL) String() string {
	type plain SASL // has no String
	if s.Password != "" {
		s.Password = redacted
	}
	return fmt.Sprintf("%+v", plain(s))
}

// GoString is String for %#v.
func (s SASL) GoString() string { return s.String() }

// scramClient is one SCRAM conversation (RFC 5802).
type scramClient struct {
	hash         scram.HashGeneratorFcn
	conversation *scram.ClientConversation
}

func scramGenerator(mechanism sarama.SASLMechanism) func() sarama.SCRAMClient {
	hash := scram.SHA256
	if mechanism == sarama.SASLTypeSCRAMSHA512 {
		hash = scram.SHA512
	}
	return func() sarama.SCRAMClient { return &scramClient{hash: hash} }
}

// Begin starts the conversation.
func (c *scramClient) Begin(user, password, authzID string) error {
	client, err := c.hash.NewClient(user, password, authzID)
	if err != nil {
		return err
	}
	c.conversation = client.NewConversation()
	return nil
}

// Step answers a challenge; the last one proves that the broker knows the password, too.
func (c *scramClient) Step(challenge string) (string, error) { return c.conversation.Step(challenge) }

// Done reports whether the conversation has ended.
func (c *scramClient) Done() bool { return c.conversation.Done() }
