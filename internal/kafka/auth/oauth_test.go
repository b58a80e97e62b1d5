package auth

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/IBM/sarama"
	"github.com/go-kit/log"
	"github.com/google/go-cmp/cmp"
)

func jwt(claims string) string {
	return "e30." + base64.RawURLEncoding.EncodeToString([]byte(claims)) + ".c2ln"
}

func TestTokenCacheRenewsBeforeTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fetched := 0
		var fail error
		var out strings.Builder
		cache := newTokenCache(func(context.Context) (bearerToken, error) {
			if fail != nil {
				return bearerToken{}, fail
			}
			fetched++
			return bearerToken{fmt.Sprint("token-", fetched), time.Now().Add(20 * time.Second)}, nil
		}, log.NewLogfmtLogger(&out))
		want := func(value string) {
			t.Helper()
			token, err := cache.Token()
			if err != nil || token.Token != value {
				t.Fatalf("token %v, %v, want %s", token, err, value)
			}
		}
		want("token-1")
		time.Sleep(14 * time.Second)
		want("token-1")
		time.Sleep(2 * time.Second)
		want("token-2") // a quarter of its life before its end
		fail = errors.New("connection refused")
		time.Sleep(16 * time.Second)
		want("token-2") // still valid
		want("token-2")
		if lines := strings.Count(out.String(), "level=warn"); lines != 1 {
			t.Errorf("%d warnings, want one: %s", lines, out.String())
		}
		time.Sleep(4 * time.Second)
		if _, err := cache.Token(); !errors.Is(err, fail) {
			t.Errorf("error %v, want %v", err, fail)
		}
		fail = nil
		want("token-3")
	})
}

// A refused token is replaced by a new one, and the endpoint is not asked more often than every moment.
func TestRefusedTokenIsDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fetched := 0
		a := &Authenticator{sasl: SASL{Enabled: true, Mechanism: "oauthbearer"}, token: newTokenCache(
			func(context.Context) (bearerToken, error) {
				fetched++
				return bearerToken{fmt.Sprint("token-", fetched), time.Now().Add(time.Hour)}, nil
			}, log.NewNopLogger())}
		connection := func() *sarama.Config {
			c := sarama.NewConfig()
			if err := a.Configure(c); err != nil {
				t.Fatal(err)
			}
			return c
		}
		token := func(c *sarama.Config) string {
			token, err := c.Net.SASL.TokenProvider.Token()
			if err != nil {
				return err.Error()
			}
			return token.Token
		}
		one, two, late := connection(), connection(), connection()
		if token(one) != "token-1" || token(two) != "token-1" || token(late) != "token-1" {
			t.Fatal("connections do not share a token")
		}
		a.Refused(one)
		a.Refused(two)
		if got := token(one); got != errRefused.Error() {
			t.Errorf("token %q", got)
		}
		time.Sleep(refusedPause)
		if got := token(one); got != "token-2" {
			t.Errorf("token %q", got)
		}
		a.Refused(late) // of the first token, which is gone
		if got := token(two); got != "token-2" || fetched != 2 {
			t.Errorf("token %q after %d requests", got, fetched)
		}
		a.Refused(two)
		for range 100 {
			time.Sleep(refusedPause / 10)
			a.Refused(one)
			_ = token(one)
		}
		if fetched > 12 {
			t.Errorf("%d requests in ten seconds", fetched)
		}
	})
}

func TestRequestToken(t *testing.T) {
	end := time.Now().Add(time.Hour).Truncate(time.Second)
	tests := []struct {
		name   string
		status int
		body   string
		token  string
		end    time.Time
		want   string // of the error
	}{
		{"end from the token", 200, fmt.Sprintf(`{"access_token":"%s"}`, jwt(fmt.Sprintf(`{"exp":%d}`, end.Unix()))),
			jwt(fmt.Sprintf(`{"exp":%d}`, end.Unix())), end, ""},
		{"opaque", 200, `{"access_token":"opaque"}`, "opaque", time.Time{}, ""},
		{"refused", 401, `{"error":"invalid_client","error_description":"` + secret + `"}`, "", time.Time{}, "invalid_client"},
		{"refused with a page", 500, "<html>" + secret, "", time.Time{}, "500"},
		{"refused with an odd code", 400, `{"error":"` + secret + `"}`, "", time.Time{}, "400"},
		{"redirected", 302, "", "", time.Time{}, "302"},
		{"not JSON", 200, secret, "", time.Time{}, "parse json"},
		{"no token", 200, `{"token":"` + secret + `"}`, "", time.Time{}, "missing access_token"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				id, password, _ := r.BasicAuth()
				got := []string{r.Method, id, password, r.PostFormValue("grant_type"), r.PostFormValue("scope")}
				want := []string{"POST", "id%3A1", secret, "client_credentials", "kafka read"}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Error(diff)
				}
				w.WriteHeader(tt.status)
				fmt.Fprint(w, tt.body)
			}))
			defer server.Close()
			ca := pemOf(t, "CERTIFICATE", server.Certificate().Raw, nil)
			s := SASL{Username: "id:1", Password: secret, OAuth: OAuth{
				TokenURL: server.URL, Scopes: []string{"kafka", "read"}, CAFile: writeFile(t, "ca.pem", string(ca)),
			}}
			token, err := s.requestToken(t.Context())
			if tt.want == "" {
				if err != nil || token.value != tt.token || !token.end.Equal(tt.end) {
					t.Errorf("token %v, %v", token, err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), server.URL) ||
				strings.Contains(err.Error(), secret) {
				t.Errorf("error %v, want %q", err, tt.want)
			}
		})
	}
}

func TestRequestTokenLifetime(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"access_token":"opaque","token_type":"bearer","expires_in":300}`)
	}))
	defer server.Close()
	before := time.Now()
	token, err := SASL{Username: "id", Password: secret, OAuth: OAuth{TokenURL: server.URL}}.requestToken(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if life := token.end.Sub(before); life < 300*time.Second || life > 360*time.Second {
		t.Errorf("the token lives %s", life)
	}
}

func TestTokenFile(t *testing.T) {
	expired := jwt(`{"exp":1700000000}`)
	for _, tt := range []struct{ name, content, want, err string }{
		{"token", "abc\n", "abc", ""},
		{"valid JWT", jwt(`{"exp":99999999999}`), jwt(`{"exp":99999999999}`), ""},
		{"expired JWT", expired, "", "expired at 2023-11-14T22:13:20Z"},
		{"empty", " \n", "", "empty"},
	} {
		file := tokenFile(writeFile(t, "token", tt.content))
		token, err := file.Token()
		switch {
		case tt.err == "":
			if err != nil || token.Token != tt.want {
				t.Errorf("%s: token %v, %v", tt.name, token, err)
			}
		case err == nil || !strings.Contains(err.Error(), tt.err) || strings.Contains(err.Error(), expired):
			t.Errorf("%s: error %v, want %q", tt.name, err, tt.err)
		}
	}
}

func FuzzTokenEnd(f *testing.F) {
	for _, seed := range []string{"", "a.b.c", jwt(`{"exp":1700000000}`), jwt(`{"exp":1e99}`), jwt(`{"exp":"x"}`)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, token string) {
		if end, ok := tokenEnd(token); ok && end.Year() > 9999 {
			t.Errorf("end %s", end)
		}
	})
}
