package integration

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"path/filepath"
	"testing"

	"kafka_burndown_exporter/internal/kafka/auth"
	broker "kafka_burndown_exporter/test/kafka"
	"kafka_burndown_exporter/test/pki"
)

func (s *secured) testCertificates(t *testing.T) {
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	ecKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, block string
		key         crypto.Signer
		encode      func() ([]byte, error)
	}{
		{"PKCS1", "RSA PRIVATE KEY", rsaKey, func() ([]byte, error) { return x509.MarshalPKCS1PrivateKey(rsaKey), nil }},
		{"PKCS8", "PRIVATE KEY", rsaKey, func() ([]byte, error) { return x509.MarshalPKCS8PrivateKey(rsaKey) }},
		{"EC", "EC PRIVATE KEY", ecKey, func() ([]byte, error) { return x509.MarshalECPrivateKey(ecKey) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			der, err := tt.encode()
			if err != nil {
				t.Fatal(err)
			}
			key := pem.EncodeToMemory(&pem.Block{Type: tt.block, Bytes: der})
			s.login(t, broker.MutualTLS, auth.Settings{TLS: s.clientCertificate(t, s.Authority, tt.key, key)})
		})
	}
	t.Run("replaced while running", func(t *testing.T) { s.testReplacedCertificate(t, ecKey) })
}

// clientCertificate writes a key pair for a user.
func (s *secured) clientCertificate(t *testing.T, by *pki.Authority, key crypto.Signer, encoded []byte) auth.TLS {
	t.Helper()
	cert, err := by.Sign(pki.Subject{CommonName: user}, key.Public())
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	settings := auth.TLS{Enabled: true, CAFile: s.Authority.File,
		CertFile: filepath.Join(dir, "cert.pem"), KeyFile: filepath.Join(dir, "key.pem")}
	write(t, settings.CertFile, cert)
	write(t, settings.KeyFile, encoded)
	return settings
}

// testReplacedCertificate begins with a certificate of an authority that the broker does not know, and replaces it
// under the running sampler.
func (s *secured) testReplacedCertificate(t *testing.T, key *ecdsa.PrivateKey) {
	other, err := pki.New(t.TempDir(), "other")
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	settings := s.clientCertificate(t, other, key, pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}))
	var out logs
	sampler := newSampler(t, s.config(broker.MutualTLS, auth.Settings{TLS: settings}), &out, newStats())
	if _, err := sampler.Wave(t.Context()); err == nil {
		t.Fatal("a certificate of an unknown authority was accepted")
	}
	cert, err := s.Authority.Sign(pki.Subject{CommonName: user}, key.Public())
	if err != nil {
		t.Fatal(err)
	}
	write(t, settings.CertFile, cert)
	if _, err := up(t.Context(), sampler); err != nil {
		t.Errorf("the new certificate is not used: %v\n%s", err, out.String())
	}
}
