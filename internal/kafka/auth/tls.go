package auth

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"
)

// TLS is the encryption of a connection and the client's certificate.
type TLS struct {
	Enabled            bool
	ServerName         string
	CAFile             string // empty: the system's roots
	CertFile, KeyFile  string // both or neither; the key may be PKCS#1, PKCS#8 or SEC 1 (EC)
	InsecureSkipVerify bool
}

// validate reads the files once, so that a wrong path or half a key pair ends the start and not the first login.
func (t TLS) validate() error {
	if !t.Enabled {
		return nil
	}
	switch {
	case t.CertFile != "" && t.KeyFile == "":
		return fmt.Errorf("--tls.cert-file=%s is half a key pair; give its private key with --tls.key-file", t.CertFile)
	case t.KeyFile != "" && t.CertFile == "":
		return fmt.Errorf("--tls.key-file=%s is half a key pair; give its certificate with --tls.cert-file", t.KeyFile)
	}
	_, err := t.load()
	return err
}

// load reads the files.
func (t TLS) load() (*tls.Config, error) {
	config := &tls.Config{
		MinVersion:         tls.VersionTLS12,
		ServerName:         t.ServerName,
		InsecureSkipVerify: t.InsecureSkipVerify, // asked for by flag, and warned of
	}
	if t.CAFile != "" {
		pool, err := loadPool(t.CAFile)
		if err != nil {
			return nil, fmt.Errorf("--tls.ca-file: %w", err)
		}
		config.RootCAs = pool
	}
	if t.CertFile == "" {
		return config, nil
	}
	pair, err := loadKeyPair(t.CertFile, t.KeyFile)
	if err != nil {
		return nil, err
	}
	// A certificate is sent whichever authorities the broker names: the broker's refusal says more than its absence.
	config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &pair, nil }
	return config, nil
}

// loadPool reads the certificates of authorities.
func loadPool(file string) (*x509.CertPool, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("%w; give a readable PEM file", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(data) {
		return nil, fmt.Errorf("%s: no certificate in it; give a PEM file with BEGIN CERTIFICATE blocks", file)
	}
	return pool, nil
}

// tlsFiles is the TLS configuration, read again when one of its files changes.
type tlsFiles struct {
	settings TLS
	logger   log.Logger

	mu      sync.Mutex
	seen    string // the state of the files when they were last read
	current *tls.Config
	failure string // the last one logged
}

func newTLSFiles(settings TLS, logger log.Logger) *tlsFiles {
	return &tlsFiles{settings: settings, logger: logger}
}

// config returns the configuration of the moment. Files that cannot be used now leave the last good ones in force.
func (f *tlsFiles) config() (*tls.Config, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	state := f.state()
	if f.current != nil && state == f.seen {
		return f.current, nil
	}
	config, err := f.settings.load()
	switch {
	case err == nil:
		if f.current != nil {
			_ = level.Info(f.logger).Log("msg", "TLS files changed and were read again")
		}
		f.current, f.seen, f.failure = config, state, ""
	case f.current == nil:
		return nil, err
	case err.Error() != f.failure:
		f.failure = err.Error()
		_ = level.Warn(f.logger).Log("msg", "TLS files changed and cannot be used; keeping the ones read before",
			"err", err)
	}
	return f.current, nil
}

// state changes when a file does. A file that is not there has a state, too.
func (f *tlsFiles) state() string {
	var b strings.Builder
	for _, name := range []string{f.settings.CAFile, f.settings.CertFile, f.settings.KeyFile} {
		info, err := os.Stat(name)
		if err != nil {
			b.WriteString("-;")
			continue
		}
		fmt.Fprintf(&b, "%d %d;", info.ModTime().UnixNano(), info.Size())
	}
	return b.String()
}

var errEncryptedKey = errors.New("the private key is encrypted; give a decrypted one " +
	"(openssl pkey -in ENCRYPTED -out KEY) and protect the file by its permissions")

// loadKeyPair reads a certificate chain and its private key, which may be PKCS#1, PKCS#8 or SEC 1 (EC).
func loadKeyPair(certFile, keyFile string) (tls.Certificate, error) {
	var none tls.Certificate
	cert, err := os.ReadFile(certFile)
	if err != nil {
		return none, fmt.Errorf("--tls.cert-file: %w; give a readable PEM file", err)
	}
	key, err := os.ReadFile(keyFile)
	if err != nil {
		return none, fmt.Errorf("--tls.key-file: %w; give a readable PEM file", err)
	}
	if encryptedKey(key) {
		return none, fmt.Errorf("--tls.key-file: %s: %w", keyFile, errEncryptedKey)
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return none, fmt.Errorf("--tls.cert-file=%s and --tls.key-file=%s are no key pair: %w; give the certificate and "+
			"the private key that belongs to it, both PEM", certFile, keyFile, err)
	}
	return pair, nil
}

// encryptedKey reports whether a key needs a passphrase: PKCS#8 says so in the block's type, the older forms in a
// header.
func encryptedKey(data []byte) bool {
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		if block.Type == "ENCRYPTED PRIVATE KEY" || bytes.Contains([]byte(block.Headers["Proc-Type"]), []byte("ENCRYPTED")) {
			return true
		}
	}
	return false
}
