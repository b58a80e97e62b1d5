package auth

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/url"
	"sort"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-kit/log"
	"github.com/google/go-cmp/cmp"
)

// The token is checked field by field, and its signature by a calculation of our own (Signature Version 4). The clock
// of the bubble stands at the beginning of the year 2000.
func TestAWSTokenFieldByField(t *testing.T) {
	const key, id, session = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "AKIDEXAMPLE", "session/token+1"
	t.Setenv("AWS_ACCESS_KEY_ID", id)
	t.Setenv("AWS_SECRET_ACCESS_KEY", key)
	t.Setenv("AWS_SESSION_TOKEN", session)
	t.Setenv("AWS_CONFIG_FILE", "/nonexistent")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	synctest.Test(t, func(t *testing.T) {
		token, err := awsToken("eu-west-1")(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if want := time.Now().Add(15 * time.Minute); !token.end.Equal(want) {
			t.Errorf("end %s, want %s", token.end, want)
		}
		raw, err := base64.RawURLEncoding.DecodeString(token.value)
		if err != nil {
			t.Fatal(err)
		}
		u, err := url.Parse(string(raw))
		if err != nil {
			t.Fatal(err)
		}
		query := u.Query()
		signature := query.Get("X-Amz-Signature")
		query.Del("X-Amz-Signature")
		if agent := query.Get("User-Agent"); !strings.HasPrefix(agent, "aws-msk-iam-sasl-signer-go/") {
			t.Errorf("user agent %s", agent)
		}
		query.Del("User-Agent") // added after signing
		want := url.Values{
			"Action":               {"kafka-cluster:Connect"},
			"X-Amz-Algorithm":      {"AWS4-HMAC-SHA256"},
			"X-Amz-Credential":     {id + "/20000101/eu-west-1/kafka-cluster/aws4_request"},
			"X-Amz-Date":           {"20000101T000000Z"},
			"X-Amz-Expires":        {"900"},
			"X-Amz-Security-Token": {session},
			"X-Amz-SignedHeaders":  {"host"},
		}
		if diff := cmp.Diff(want, query); diff != "" {
			t.Error(diff)
		}
		if u.Scheme != "https" || u.Host != "kafka.eu-west-1.amazonaws.com" || u.Path != "/" {
			t.Errorf("signed URL %s://%s%s", u.Scheme, u.Host, u.Path)
		}
		if want := sigV4(u.Host, query, key, "20000101", "eu-west-1"); signature != want {
			t.Errorf("signature %s, want %s", signature, want)
		}
		if strings.Contains(string(raw), key) {
			t.Error("the token contains the secret key")
		}
	})
}

func sigV4(host string, query url.Values, key, date, region string) string {
	var pairs []string
	for name, values := range query {
		pairs = append(pairs, name+"="+strings.ReplaceAll(url.QueryEscape(values[0]), "+", "%20"))
	}
	sort.Strings(pairs)
	hash := func(s string) string {
		sum := sha256.Sum256([]byte(s))
		return hex.EncodeToString(sum[:])
	}
	mac := func(key []byte, s string) []byte {
		h := hmac.New(sha256.New, key)
		h.Write([]byte(s))
		return h.Sum(nil)
	}
	request := strings.Join([]string{"GET", "/", strings.Join(pairs, "&"), "host:" + host, "", "host", hash("")}, "\n")
	scope := date + "/" + region + "/kafka-cluster/aws4_request"
	text := strings.Join([]string{"AWS4-HMAC-SHA256", date + "T000000Z", scope, hash(request)}, "\n")
	derived := []byte("AWS4" + key)
	for _, part := range strings.Split(scope, "/") {
		derived = mac(derived, part)
	}
	return hex.EncodeToString(mac(derived, text))
}

func TestAWSTokenWithoutCredentials(t *testing.T) {
	for _, name := range []string{
		"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_WEB_IDENTITY_TOKEN_FILE",
		"AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
	} {
		t.Setenv(name, "")
	}
	t.Setenv("AWS_CONFIG_FILE", "/nonexistent")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	s := SASL{Enabled: true, Mechanism: "awsiam", AWSRegion: "eu-west-1"}
	if _, err := s.tokenProvider(log.NewNopLogger()).Token(); err == nil || !strings.Contains(err.Error(), "eu-west-1") {
		t.Errorf("error %v", err)
	}
}
