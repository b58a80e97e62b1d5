// Package pki makes the certificates that tests use on loopback: authorities and what they sign, as PEM files.
package pki

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// Authority signs certificates. File holds its own.
type Authority struct {
	File string
	PEM  []byte
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	dir  string
}

// New makes an authority whose certificate is dir/NAME.crt and which puts what it issues into dir.
func New(dir, name string) (*Authority, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := certificate(Subject{CommonName: name})
	template.IsCA, template.BasicConstraintsValid = true, true
	template.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, fmt.Errorf("make the authority %s: %w", name, err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	a := &Authority{File: filepath.Join(dir, name+".crt"), PEM: encode("CERTIFICATE", der), cert: cert, key: key, dir: dir}
	return a, os.WriteFile(a.File, a.PEM, 0o644)
}

// Subject is whom a certificate is for. Every certificate also names localhost and 127.0.0.1.
type Subject struct {
	CommonName    string
	Organizations []string
	Hosts         []string
}

// Sign returns a certificate for a public key, good for servers and clients alike, in PEM form.
func (a *Authority) Sign(s Subject, public crypto.PublicKey) ([]byte, error) {
	template := certificate(s)
	template.KeyUsage = x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	template.DNSNames = append([]string{"localhost"}, s.Hosts...)
	template.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1)}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, public, a.key)
	if err != nil {
		return nil, fmt.Errorf("sign the certificate of %s: %w", s.CommonName, err)
	}
	return encode("CERTIFICATE", der), nil
}

// Issue writes FILE.crt, FILE.key and FILE.pub into the authority's folder.
func (a *Authority) Issue(file string, s Subject) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	cert, err := a.Sign(s, key.Public())
	if err != nil {
		return err
	}
	private, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return err
	}
	public, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		return err
	}
	for suffix, block := range map[string][]byte{
		".crt": cert, ".key": encode("EC PRIVATE KEY", private), ".pub": encode("PUBLIC KEY", public),
	} {
		if err := os.WriteFile(filepath.Join(a.dir, file+suffix), block, 0o600); err != nil {
			return fmt.Errorf("certificate of %s: %w", file, err)
		}
	}
	return nil
}

func certificate(s Subject) *x509.Certificate {
	now := time.Now()
	return &x509.Certificate{
		SerialNumber: serial(), Subject: pkix.Name{CommonName: s.CommonName, Organization: s.Organizations},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(24 * time.Hour),
	}
}

func encode(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

func serial() *big.Int {
	n, _ := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	return n
}
