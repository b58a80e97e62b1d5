package auth

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-kit/log"
)

// selfSigned returns a certificate in PEM form.
func selfSigned(t *testing.T, name string, key crypto.Signer) []byte {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: name},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

func pemOf(t *testing.T, kind string, der []byte, err error) []byte {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

func put(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestKeyForms(t *testing.T) {
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	ecKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err8 := x509.MarshalPKCS8PrivateKey(rsaKey)
	sec1, err1 := x509.MarshalECPrivateKey(ecKey)
	old := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: []byte("x"),
		Headers: map[string]string{"Proc-Type": "4,ENCRYPTED", "DEK-Info": "AES-256-CBC,00"}})
	for _, tt := range []struct {
		name string
		cert crypto.Signer
		key  []byte
		want string // of the error
	}{
		{"PKCS#1", rsaKey, pemOf(t, "RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(rsaKey), nil), ""},
		{"PKCS#8", rsaKey, pemOf(t, "PRIVATE KEY", pkcs8, err8), ""},
		{"EC", ecKey, pemOf(t, "EC PRIVATE KEY", sec1, err1), ""},
		{"another's key", ecKey, pemOf(t, "PRIVATE KEY", pkcs8, err8), "no key pair"},
		{"encrypted PKCS#8", rsaKey, pemOf(t, "ENCRYPTED PRIVATE KEY", []byte("x"), nil), "openssl pkey"},
		{"encrypted PKCS#1", rsaKey, old, "openssl pkey"},
		{"no key", rsaKey, []byte("no key"), "no key pair"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			settings := TLS{Enabled: true, CertFile: filepath.Join(dir, "c"), KeyFile: filepath.Join(dir, "k")}
			put(t, settings.CertFile, selfSigned(t, "client", tt.cert))
			put(t, settings.KeyFile, tt.key)
			err := settings.validate()
			switch {
			case tt.want == "" && err != nil:
				t.Errorf("unexpected error %v", err)
			case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want) ||
				!strings.Contains(err.Error(), "--tls.key-file")):
				t.Errorf("error %v, want %q", err, tt.want)
			}
		})
	}
}

func TestTLSFilesAreReadAgainWhenTheyChange(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	sec1, err := x509.MarshalECPrivateKey(key)
	dir := t.TempDir()
	settings := TLS{Enabled: true, CertFile: filepath.Join(dir, "c"), KeyFile: filepath.Join(dir, "k")}
	put(t, settings.CertFile, selfSigned(t, "first", key))
	put(t, settings.KeyFile, pemOf(t, "EC PRIVATE KEY", sec1, err))

	var out strings.Builder
	files := newTLSFiles(settings, log.NewLogfmtLogger(&out))
	name := func() string {
		t.Helper()
		config, err := files.config()
		if err != nil {
			t.Fatal(err)
		}
		pair, err := config.GetClientCertificate(nil)
		if err != nil {
			t.Fatal(err)
		}
		return pair.Leaf.Subject.CommonName
	}
	if got := name(); got != "first" {
		t.Errorf("certificate %s, want first", got)
	}
	one, _ := files.config()
	if two, _ := files.config(); one != two {
		t.Error("unchanged files were read again")
	}
	put(t, settings.CertFile, []byte("half a fi"))
	for range 3 {
		if got := name(); got != "first" {
			t.Errorf("certificate %s, want the last good one", got)
		}
	}
	if lines := strings.Count(out.String(), "level=warn"); lines != 1 {
		t.Errorf("%d warnings, want one: %s", lines, out.String())
	}
	put(t, settings.CertFile, selfSigned(t, "second", key))
	if got := name(); got != "second" {
		t.Errorf("certificate %s, want second", got)
	}
}
