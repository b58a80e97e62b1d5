package auth

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

// OAuth is where OAUTHBEARER tokens come from: a token endpoint (client credentials: Username and Password of SASL are
// the client's), or a file that something else keeps fresh.
type OAuth struct {
	TokenURL  string
	TokenFile string
	Scopes    []string
	CAFile    string // for the token endpoint
}

func (s SASL) validateOAuth() error {
	o := s.OAuth
	switch {
	case o.TokenFile != "" && o.TokenURL != "":
		return errors.New("--sasl.oauthbearer-token-file and --sasl.oauthbearer-token-url are both given; give one")
	case o.TokenFile != "":
		// An expired token is no reason not to start: the next one comes by the same file.
		_, err := tokenFile(o.TokenFile).read()
		return err
	case o.TokenURL == "":
		return errors.New("--sasl.mechanism=oauthbearer needs a source of tokens; give --sasl.oauthbearer-token-url " +
			"(or SASL_OAUTHBEARER_TOKEN_URL) or --sasl.oauthbearer-token-file")
	}
	u, err := url.Parse(o.TokenURL)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return errors.New("--sasl.oauthbearer-token-url is no http or https URL; give that of the token endpoint")
	}
	if u.User != nil {
		return errors.New("--sasl.oauthbearer-token-url has a user in it; give the client's ID and secret as " +
			"--sasl.username and --sasl.password-file")
	}
	if o.CAFile != "" {
		if _, err := loadPool(o.CAFile); err != nil {
			return fmt.Errorf("--sasl.oauthbearer-ca-file: %w", err)
		}
	}
	if s.Username == "" {
		return errors.New("--sasl.mechanism=oauthbearer needs the client's ID; give --sasl.username")
	}
	_, err = s.password() // a public client has no secret
	return err
}

// requestToken asks the token endpoint for a token with the client's own credentials (RFC 6749, section 4.4).
func (s SASL) requestToken(ctx context.Context) (bearerToken, error) {
	token, err := s.postTokenRequest(ctx)
	if err != nil {
		return bearerToken{}, fmt.Errorf("ask %s for a token: %w", s.OAuth.TokenURL, err)
	}
	return token, nil
}

func (s SASL) postTokenRequest(ctx context.Context) (bearerToken, error) {
	secret, err := s.password()
	if err != nil {
		return bearerToken{}, err
	}
	client, err := s.OAuth.client()
	if err != nil {
		return bearerToken{}, err
	}
	flow := clientcredentials.Config{
		ClientID: s.Username, ClientSecret: secret, TokenURL: s.OAuth.TokenURL, Scopes: s.OAuth.Scopes,
		AuthStyle: oauth2.AuthStyleInHeader, // RFC 6749, section 2.3.1: every server takes it
	}
	answer, err := flow.Token(context.WithValue(ctx, oauth2.HTTPClient, client))
	if err != nil {
		return bearerToken{}, tokenError(ctx, err)
	}
	token := bearerToken{value: answer.AccessToken, end: answer.Expiry}
	if token.end.IsZero() {
		token.end, _ = tokenEnd(token.value)
	}
	return token, nil
}

// tokenError makes an error of the flow fit for a log. Of a refusal it repeats the error code only: servers put what they
// like into the rest.
func tokenError(ctx context.Context, err error) error {
	var (
		refused *oauth2.RetrieveError
		request *url.Error // repeats the URL
	)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.As(err, &refused) && errorCode(refused.ErrorCode):
		return fmt.Errorf("%s: %s; check --sasl.username, the password and the scopes", refused.Response.Status,
			refused.ErrorCode)
	case errors.As(err, &refused):
		return fmt.Errorf("%s; check --sasl.oauthbearer-token-url", refused.Response.Status)
	case errors.As(err, &request):
		return request.Err
	}
	return fmt.Errorf("%w; check --sasl.oauthbearer-token-url", err)
}

// client returns a client for one request: the authorities are read each time, as requests are rare.
func (o OAuth) client() (*http.Client, error) {
	transport := &http.Transport{Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true}
	if o.CAFile != "" {
		pool, err := loadPool(o.CAFile)
		if err != nil {
			return nil, fmt.Errorf("--sasl.oauthbearer-ca-file: %w", err)
		}
		transport.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: pool}
	}
	// Not followed: a redirect would carry the secret to another host.
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &http.Client{Transport: jsonAnswers{transport}, CheckRedirect: stay}, nil
}

// jsonAnswers has every answer read as JSON, as RFC 6749 demands it, whatever type the server calls it.
type jsonAnswers struct{ http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (j jsonAnswers) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := j.RoundTripper.RoundTrip(r)
	if err == nil {
		response.Header.Set("Content-Type", "application/json")
	}
	return response, err
}

// errorCode reports whether a string looks like one of RFC 6749's error codes, such as invalid_client.
func errorCode(s string) bool {
	if s == "" || len(s) > 64 {
		return false
	}
	for _, r := range s {
		if r != '_' && (r < 'a' || r > 'z') {
			return false
		}
	}
	return true
}
