package auth

import (
	"errors"
	"fmt"

	"github.com/IBM/sarama"
	"github.com/jcmturner/gokrb5/v8/config"
	"github.com/jcmturner/gokrb5/v8/keytab"
)

// Kerberos holds the GSSAPI settings.
type Kerberos struct {
	ServiceName string
	ConfigPath  string
	Realm       string
	AuthType    string // keytabAuth or userAuth
	KeytabPath  string
	DisableFAST bool // PA-FX-FAST
}

const (
	keytabAuth = "keytabAuth"
	userAuth   = "userAuth"
)

func (s SASL) validateKerberos() error {
	k := s.Kerberos
	for _, f := range []struct{ flag, value string }{
		{"--sasl.service-name", k.ServiceName}, {"--sasl.kerberos-config-path", k.ConfigPath},
		{"--sasl.realm", k.Realm}, {"--sasl.username", s.Username},
	} {
		if f.value == "" {
			return fmt.Errorf("--sasl.mechanism=gssapi needs %s; give it", f.flag)
		}
	}
	if _, err := config.Load(k.ConfigPath); err != nil {
		return fmt.Errorf("--sasl.kerberos-config-path=%s: %w; give a krb5.conf that Kerberos' own tools accept",
			k.ConfigPath, err)
	}
	switch k.AuthType {
	case keytabAuth:
		if k.KeytabPath == "" {
			return errors.New("--sasl.kerberos-auth-type=keytabAuth needs a keytab; give --sasl.keytab-path")
		}
		if _, err := keytab.Load(k.KeytabPath); err != nil {
			return fmt.Errorf("--sasl.keytab-path=%s: %w; give a keytab with the key of %s@%s", k.KeytabPath, err,
				s.Username, k.Realm)
		}
		return nil
	case userAuth, "": // kafka_exporter takes everything but keytabAuth for it
		return s.validateUser()
	}
	return fmt.Errorf("--sasl.kerberos-auth-type=%s is unknown; use keytabAuth or userAuth", k.AuthType)
}

// gssapi returns the settings for sarama, which reads the keytab and asks for a ticket at every login.
func (s SASL) gssapi(password string) sarama.GSSAPIConfig {
	k := s.Kerberos
	g := sarama.GSSAPIConfig{
		AuthType:           sarama.KRB5_USER_AUTH,
		KerberosConfigPath: k.ConfigPath,
		ServiceName:        k.ServiceName,
		Realm:              k.Realm,
		Username:           s.Username,
		Password:           password,
		DisablePAFXFAST:    k.DisableFAST,
	}
	if k.AuthType == keytabAuth {
		g.AuthType, g.KeyTabPath, g.Password = sarama.KRB5_KEYTAB_AUTH, k.KeytabPath, ""
	}
	return g
}
