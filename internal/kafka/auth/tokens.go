package auth

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/IBM/sarama"
	"github.com/go-kit/log"
	"github.com/go-kit/log/level"
)

const (
	// tokenTimeout bounds one request for a token.
	tokenTimeout = 5 * time.Second
	// refusedPause is the least time between two tokens while brokers refuse them: they may do so for long, and all
	// connections try again and again.
	refusedPause = time.Second
)

// bearerToken is a token and its end; a zero end is not known.
type bearerToken struct {
	value string
	end   time.Time
}

// tokenCache hands the same token to all connections and asks for another before it ends. A broker lets a connection
// live as long as the token it logged in with (KIP-368); sarama then logs in again on the same connection.
type tokenCache struct {
	fetch  func(context.Context) (bearerToken, error)
	logger log.Logger

	mu      sync.Mutex
	token   bearerToken
	renew   time.Time
	got     time.Time // when the token came
	refused bool      // the last token was
	failing bool
}

func newTokenCache(fetch func(context.Context) (bearerToken, error), logger log.Logger) *tokenCache {
	return &tokenCache{fetch: fetch, logger: logger}
}

// Token implements sarama.AccessTokenProvider.
func (c *tokenCache) Token() (*sarama.AccessToken, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	if c.token.value != "" && now.Before(c.renew) {
		return &sarama.AccessToken{Token: c.token.value}, nil
	}
	if c.refused && now.Before(c.got.Add(refusedPause)) {
		return nil, credentialError{errRefused}
	}
	ctx, cancel := context.WithTimeout(context.Background(), tokenTimeout)
	defer cancel()
	token, err := c.fetch(ctx)
	if err != nil {
		if c.token.value == "" || !now.Before(c.token.end) {
			return nil, credentialError{err}
		}
		if !c.failing {
			_ = level.Warn(c.logger).Log("msg", "no new token; using the last one until it ends", "end", c.token.end,
				"err", err)
		}
		c.failing = true
		return &sarama.AccessToken{Token: c.token.value}, nil
	}
	c.token, c.got, c.refused, c.failing = token, now, false, false
	c.renew = now // a token whose end is not known serves one login
	if life := token.end.Sub(now); life > 0 {
		c.renew = token.end.Add(-min(life/4, time.Minute))
	}
	return &sarama.AccessToken{Token: token.value}, nil
}

var errRefused = errors.New("a broker refused the last token; another is asked for in a moment")

// drop forgets a token that a broker refused.
func (c *tokenCache) drop(value string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if value != "" && c.token.value == value {
		c.token, c.refused = bearerToken{}, true
	}
}

// loginToken hands the cache's token to one connection, and knows which one it was.
type loginToken struct {
	cache *tokenCache

	mu   sync.Mutex
	last string
}

// Token implements sarama.AccessTokenProvider.
func (l *loginToken) Token() (*sarama.AccessToken, error) {
	token, err := l.cache.Token()
	if err == nil {
		l.mu.Lock()
		l.last = token.Token
		l.mu.Unlock()
	}
	return token, err
}

// drop has the token of the connection's last login forgotten.
func (l *loginToken) drop() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cache.drop(l.last)
}

// tokenFile is a token that something else keeps fresh in a file, such as a projected service account token.
type tokenFile string

// Token implements sarama.AccessTokenProvider.
func (f tokenFile) Token() (*sarama.AccessToken, error) {
	value, err := f.read()
	if err != nil {
		return nil, credentialError{err}
	}
	if end, ok := tokenEnd(value); ok && !time.Now().Before(end) {
		return nil, credentialError{fmt.Errorf("--sasl.oauthbearer-token-file: the token in %s expired at %s; see why it is "+
			"not renewed", string(f), end.UTC().Format(time.RFC3339))}
	}
	return &sarama.AccessToken{Token: value}, nil
}

func (f tokenFile) read() (string, error) {
	data, err := os.ReadFile(string(f))
	if err != nil {
		return "", fmt.Errorf("--sasl.oauthbearer-token-file: %w; give a readable file", err)
	}
	value := strings.TrimSpace(string(data))
	if value == "" {
		return "", fmt.Errorf("--sasl.oauthbearer-token-file: %s is empty; have the token written into it", string(f))
	}
	return value, nil
}

// tokenEnd reads the expiry claim of a JSON Web Token (RFC 7519), unverified: that is the broker's business. Opaque
// tokens have none.
func tokenEnd(token string) (time.Time, bool) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return time.Time{}, false
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return time.Time{}, false
	}
	var claims struct {
		Expiry *float64 `json:"exp"`
	}
	if json.Unmarshal(payload, &claims) != nil || claims.Expiry == nil || *claims.Expiry < 0 || *claims.Expiry > 1e11 {
		return time.Time{}, false
	}
	return time.UnixMilli(int64(*claims.Expiry * 1000)), true
}
