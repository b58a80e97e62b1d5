package integration

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"
)

const issuer = "https://localhost/issuer"

// identity is an identity provider: a key set in a file, and a token endpoint.
type identity struct {
	key    *rsa.PrivateKey
	keySet string // file
	ca     string // file with the endpoint's certificate
	server *httptest.Server
	issued atomic.Int32
	stale  atomic.Int32 // how many of the next tokens have expired though they are said to be good for an hour
	life   time.Duration
}

func newIdentity(t *testing.T, id, secret string, life time.Duration) *identity {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	p := &identity{key: key, life: life, keySet: filepath.Join(dir, "jwks.json"), ca: filepath.Join(dir, "ca.pem")}
	encode := base64.RawURLEncoding.EncodeToString
	set := fmt.Sprintf(`{"keys":[{"kty":"RSA","kid":"k1","use":"sig","alg":"RS256","n":"%s","e":"%s"}]}`,
		encode(key.N.Bytes()), encode(big.NewInt(int64(key.E)).Bytes()))
	if err := os.WriteFile(p.keySet, []byte(set), 0o600); err != nil {
		t.Fatal(err)
	}
	p.server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		gotID, gotSecret, _ := r.BasicAuth()
		if gotID != id || gotSecret != secret || r.PostFormValue("scope") != "kafka" {
			w.WriteHeader(http.StatusUnauthorized)
			fmt.Fprintf(w, `{"error":"invalid_client","error_description":"no such secret: %s"}`, gotSecret)
			return
		}
		p.issued.Add(1)
		end, claimed := time.Now().Add(life), life
		if p.stale.Add(-1) >= 0 {
			end, claimed = time.Now().Add(-time.Hour), time.Hour
		}
		fmt.Fprintf(w, `{"access_token":%q,"expires_in":%d}`, p.token(id, end), int(claimed.Seconds()))
	}))
	t.Cleanup(p.server.Close)
	cert := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: p.server.Certificate().Raw})
	if err := os.WriteFile(p.ca, cert, 0o600); err != nil {
		t.Fatal(err)
	}
	return p
}

// token signs a JSON Web Token for a user.
func (p *identity) token(user string, end time.Time) string {
	encode := func(v any) string {
		data, err := json.Marshal(v)
		if err != nil {
			panic(err) // maps of strings and numbers marshal
		}
		return base64.RawURLEncoding.EncodeToString(data)
	}
	text := encode(map[string]string{"alg": "RS256", "typ": "JWT", "kid": "k1"}) + "." + encode(map[string]any{
		"sub": user, "iss": issuer, "aud": "kafka", "scope": "kafka",
		"iat": time.Now().Add(-time.Minute).Unix(), "exp": end.Unix(),
	})
	sum := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(nil, p.key, crypto.SHA256, sum[:])
	if err != nil {
		panic(err) // a key of 2048 bits signs a SHA-256 sum
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(signature)
}

// brokerProperties let a listener accept this provider's tokens.
func (p *identity) brokerProperties(prefix string) map[string]string {
	return map[string]string{
		prefix + "oauthbearer.sasl.jaas.config": "org.apache.kafka.common.security.oauthbearer." +
			"OAuthBearerLoginModule required;",
		prefix + "oauthbearer.sasl.server.callback.handler.class": "org.apache.kafka.common.security.oauthbearer." +
			"OAuthBearerValidatorCallbackHandler",
		prefix + "oauthbearer.connections.max.reauth.ms": "3600000",
		"sasl.oauthbearer.jwks.endpoint.url":             "file://" + p.keySet,
		"sasl.oauthbearer.expected.audience":             "kafka",
		"sasl.oauthbearer.expected.issuer":               issuer,
	}
}

func (p *identity) javaOptions() []string {
	return []string{"-Dorg.apache.kafka.sasl.oauthbearer.allowed.urls=file://" + p.keySet}
}
