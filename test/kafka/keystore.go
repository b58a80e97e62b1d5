package kafka

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"os"

	"kafka_burndown_exporter/test/pki"
)

// writeServerKeystore writes the brokers' key and certificate into the one file that Kafka reads them from.
func (c *Cluster) writeServerKeystore() error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	cert, err := c.Authority.Sign(pki.Subject{CommonName: "broker"}, key.Public())
	if err != nil {
		return err
	}
	store := append(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), cert...)
	return os.WriteFile(c.path("server.pem"), store, 0o600)
}
