package kafka

import (
	"bytes"
	"crypto/tls"
	"encoding/pem"
	"fmt"
	"os"
)

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
