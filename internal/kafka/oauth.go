package kafka

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

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
	form := url.Values{"grant_type": {"client_credentials"}}
	if len(s.OAuth.Scopes) > 0 {
		form.Set("scope", strings.Join(s.OAuth.Scopes, " "))
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.OAuth.TokenURL, strings.NewReader(form.Encode()))
	if err != nil {
		return bearerToken{}, err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Accept", "application/json")
	// RFC 6749, section 2.3.1: every server takes Basic, and both halves are form-encoded first.
	request.SetBasicAuth(url.QueryEscape(s.Username), url.QueryEscape(secret))
	began := time.Now()
	response, err := client.Do(request)
	if err != nil {
		var wrapped *url.Error // repeats the URL
		if errors.As(err, &wrapped) {
			err = wrapped.Err
		}
		return bearerToken{}, err
	}
	defer response.Body.Close()
	return readToken(response, began)
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
	return &http.Client{Transport: transport, CheckRedirect: stay}, nil
}

// readToken reads the answer of a token endpoint (RFC 6749, sections 5.1 and 5.2). Of a refusal it repeats the error
// code only: servers put what they like into the rest.
func readToken(response *http.Response, began time.Time) (bearerToken, error) {
	const most = 1 << 20
	body, err := io.ReadAll(io.LimitReader(response.Body, most))
	if err != nil {
		return bearerToken{}, err
	}
	var answer struct {
		Token   string  `json:"access_token"`
		Seconds float64 `json:"expires_in"`
		Code    string  `json:"error"`
	}
	err = json.Unmarshal(body, &answer)
	if response.StatusCode != http.StatusOK {
		if err == nil && errorCode(answer.Code) {
			return bearerToken{}, fmt.Errorf("%s: %s; check --sasl.username, the password and the scopes",
				response.Status, answer.Code)
		}
		return bearerToken{}, fmt.Errorf("%s; check --sasl.oauthbearer-token-url", response.Status)
	}
	if err != nil {
		return bearerToken{}, errors.New("the answer is no JSON; check --sasl.oauthbearer-token-url")
	}
	if answer.Token == "" {
		return bearerToken{}, errNoToken
	}
	token := bearerToken{value: answer.Token}
	if answer.Seconds > 0 && answer.Seconds < 1e9 {
		token.end = began.Add(time.Duration(answer.Seconds * float64(time.Second)))
	} else if end, ok := tokenEnd(answer.Token); ok {
		token.end = end
	}
	return token, nil
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
