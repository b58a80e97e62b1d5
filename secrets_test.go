package main

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"

	"kafka_burndown_exporter/internal/cli/clitest"
)

// beTheExporter makes the test binary the program, so that a test can look at it as a process.
const beTheExporter = "BE_THE_EXPORTER"

func TestMain(m *testing.M) {
	if os.Getenv(beTheExporter) != "" {
		main()
	}
	os.Exit(m.Run())
}

// planted is the secret, as it is given to the program and as it may be written in a request.
const planted = "pLaNtEd/5eCr3t+0f=the&test"

// forms are the ways in which a secret can be written.
func forms(secret string) []string {
	out := []string{secret, url.QueryEscape(secret), url.PathEscape(secret), hex.EncodeToString([]byte(secret)), fmt.Sprintf("%q", secret)}
	for _, text := range []string{secret, "user:" + secret, "\x00user\x00" + secret} {
		for _, e := range []*base64.Encoding{base64.StdEncoding, base64.RawStdEncoding, base64.URLEncoding, base64.RawURLEncoding} {
			out = append(out, e.EncodeToString([]byte(text)))
		}
	}
	return out
}

// TestNoSecretGetsOut gives the program a secret in every way there is, lets logins succeed and fail, and looks for it in
// logs at the most talkative level, sarama's included, in the pages, the metrics, the output of check, and the list of
// processes.
func TestNoSecretGetsOut(t *testing.T) {
	secured := fakeCluster(t, kfake.EnableSASL(), kfake.Superuser("PLAIN", "user", planted), kfake.Superuser("SCRAM-SHA-256", "user", planted))
	open := fakeCluster(t)
	// A token endpoint that says what it was sent, in every place that it has for it.
	tokens := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("WWW-Authenticate", r.Header.Get("Authorization"))
		w.WriteHeader(http.StatusUnauthorized)
		fmt.Fprintf(w, `{"error":"invalid_client","error_description":%q}`, planted+string(body)+r.Header.Get("Authorization"))
	}))
	t.Cleanup(tokens.Close)
	file := func(name, text string) string { return writeFile(t, name, text) }
	server := "--kafka.server=" + secured.ListenAddrs()[0]
	sasl := func(mechanism string, more ...string) []string {
		return append([]string{server, "--sasl.enabled", "--sasl.mechanism=" + mechanism, "--sasl.username=user"}, more...)
	}
	other := "wr0ng-" + planted
	key := "-----BEGIN ENCRYPTED PRIVATE KEY-----\n" + base64.StdEncoding.EncodeToString([]byte(planted)) + "\n-----END ENCRYPTED PRIVATE KEY-----\n"
	for _, c := range []struct {
		name  string
		args  []string
		env   []string
		ready bool
		leaks string // where it is to be found
	}{
		{"PLAIN, from the environment", sasl("plain"), []string{"SASL_USER_PASSWORD=" + planted}, true, ""},
		{"PLAIN, from a file", sasl("plain", "--sasl.password-file="+file("password", planted+"\n")), nil, true, ""},
		{"PLAIN, refused", sasl("plain"), []string{"SASL_USER_PASSWORD=" + other}, false, ""},
		{"SCRAM", sasl("scram-sha256"), []string{"SASL_USER_PASSWORD=" + planted}, true, ""},
		{"SCRAM, refused", sasl("scram-sha256"), []string{"SASL_USER_PASSWORD=" + other}, false, ""},
		{"OAUTHBEARER, a file", sasl("oauthbearer", "--sasl.oauthbearer-token-file="+file("token", planted)), nil, false, ""},
		{"OAUTHBEARER, an endpoint that repeats what it is sent", sasl("oauthbearer", "--sasl.oauthbearer-token-url="+tokens.URL),
			[]string{"SASL_USER_PASSWORD=" + planted}, false, ""},
		{"a key that is not read", []string{"--kafka.server=" + open.ListenAddrs()[0], "--tls.enabled",
			"--tls.cert-file=" + file("cert.pem", key), "--tls.key-file=" + file("key.pem", key)}, nil, false, ""},
		{"a password of the page", []string{"--kafka.server=" + open.ListenAddrs()[0],
			"--web.config.file=" + file("web.yaml", "basic_auth_users:\n  user: "+planted+"\n")}, nil, false, ""},
		{"PLAIN, on the command line, as everybody may see there", sasl("plain", "--sasl.password="+planted), nil, true, "the list of processes"},
	} {
		for _, format := range []string{"logfmt", "json"} {
			t.Run(c.name+", "+format, func(t *testing.T) {
				seen := everythingSeen(t, append(c.args, "--log.level=debug", "--log.enable-sarama", "--log.format="+format), c.env, c.ready)
				if c.leaks != "" && !strings.Contains(seen[c.leaks], planted) {
					t.Errorf("%s does not have it: %s", c.leaks, seen[c.leaks])
				}
				for where, text := range seen {
					if where == c.leaks {
						continue
					}
					for _, form := range append(forms(planted), forms(other)...) {
						if i := strings.Index(text, form); i >= 0 {
							t.Errorf("%s has the secret as %q: …%s…", where, form, text[max(0, i-100):min(len(text), i+100)])
						}
					}
				}
			})
		}
	}
}

// everythingSeen runs the program and returns everything that can be seen of it.
func everythingSeen(t *testing.T, args, env []string, ready bool) map[string]string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	command := func(verb string, logs io.Writer, more ...string) *exec.Cmd {
		cmd := exec.Command(self, append(append([]string{verb}, args...), more...)...)
		cmd.Env = append(append(os.Environ(), beTheExporter+"=1"), env...)
		cmd.Stdout, cmd.Stderr = logs, logs
		return cmd
	}
	seen := map[string]string{}
	var check bytes.Buffer
	_ = command("check", &check, "--check.timeout=2s").Run() // it may fail, and says why
	seen["check"] = check.String()

	logs := &clitest.Buffer{}
	cmd := command("serve", logs, "--web.listen-address=127.0.0.1:0", "--sample.interval=200ms")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { defer close(ended); _ = cmd.Wait() }()
	defer func() { _ = cmd.Process.Kill(); <-ended }()
	if line, err := os.ReadFile(filepath.Join("/proc", fmt.Sprint(cmd.Process.Pid), "cmdline")); err == nil {
		seen["the list of processes"] = string(line)
	}
	listening := regexp.MustCompile(`127\.0\.0\.1:\d+`)
	address := func() string {
		for line := range strings.Lines(logs.String()) {
			if strings.Contains(line, "Listening on") {
				return listening.FindString(line)
			}
		}
		return ""
	}
	deadline := time.After(20 * time.Second)
	for address() == "" {
		select {
		case <-ended: // it does not start with that
			seen["the log"] = logs.String()
			return seen
		case <-deadline:
			t.Fatalf("no address:\n%s", logs)
		case <-time.After(20 * time.Millisecond):
		}
	}
	base := "http://" + address()
	get := func(path string) (int, string) {
		r, err := http.Get(base + path)
		if err != nil {
			return 0, err.Error()
		}
		defer r.Body.Close()
		text, _ := io.ReadAll(r.Body)
		return r.StatusCode, fmt.Sprint(r.Header, string(text))
	}
	for done := false; !done; {
		code, _ := get("/-/ready")
		done = ready && code == http.StatusOK ||
			!ready && (strings.Contains(logs.String(), "failed") || strings.Contains(logs.String(), "TLS"))
		select {
		case <-deadline:
			t.Fatalf("ready: %v, and that did not come:\n%s", ready, logs)
		case <-time.After(20 * time.Millisecond):
		}
	}
	for _, path := range []string{"/", "/metrics", "/groups", "/group/x", "/-/healthy", "/-/ready", "/desired/x", "/nothing", "/debug/pprof/cmdline"} {
		_, seen[path] = get(path)
	}
	seen["the log"] = logs.String()
	return seen
}

func TestNoSecretInErrors(t *testing.T) {
	for _, args := range [][]string{
		{"--sasl.enabled", "--sasl.username=u", "--sasl.password", "my", "hunter2"},
		{"--sasl.enabled", "--sasl.username=u", "--sasl.password=hunter2", "--sasl.mechanism=none"},
		{"--sasl.enabled", "--sasl.username=u", "--sasl.password=hunter2", "--web.listen-address=nowhere"},
		{"--sasl.enabled", "--sasl.password=hunter2", "--sasl.mechanism=gssapi"},
	} {
		code, stdout, stderr := tryRun(t, args...)
		if code != 1 || strings.Contains(stdout+stderr, "hunter2") {
			t.Errorf("%v: exit code %d: %s%s", args, code, stdout, stderr)
		}
	}
}
