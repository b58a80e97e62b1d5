package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// Whatever goes wrong with a server, the error is one line that a terminal can print, and never the password.
func TestPrometheusServerFaults(t *testing.T) {
	const password = "s3cr3t-pass"
	answer := func(values string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprintf(w, `{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":%s}]}}`, values)
		}
	}
	for name, c := range map[string]struct {
		handler http.HandlerFunc
		want    string
	}{
		"refused": {func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusUnauthorized) }, "401 Unauthorized"},
		"an error of the server": {func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, `{"status":"error","error":"bad \u001b[31mred\nand more"}`)
		}, `bad \x1b[31mred and more`},
		"1e308":             {answer(`[[1767225600,"1e308"]]`), "holds 1e+308"},
		"a time far out":    {answer(`[[1e15,"1"]]`), "not one in seconds"},
		"a time out":        {answer(`[[1e10,"1"]]`), "outside of the range"},
		"one time twice":    {answer(`[[1767225600,"1"],[1767225600,"1"]]`), "out of order"},
		"no answer":         {silence, "no answer within 200ms"},
		"a redirect":        {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "gopher://x/", http.StatusFound) }, "unsupported protocol"},
		"nothing of HTTP":   {func(w http.ResponseWriter, _ *http.Request) { babble(t, w) }, "malformed HTTP"},
		"a server that has": {nil, "refused"},
	} {
		t.Run(name, func(t *testing.T) {
			url := "http://user:" + password + "@127.0.0.1:1"
			if c.handler != nil {
				srv := httptest.NewServer(c.handler)
				t.Cleanup(srv.Close)
				url = strings.Replace(srv.URL, "//", "//user:"+password+"@", 1)
			}
			code, stdout, stderr := tryRun(t, "simulate", "--prometheus.url="+url, "--group=g", "--prometheus.timeout=200ms",
				"--start=1767225600", "--end=1767229200")
			if code != 1 || stdout != "" || strings.Count(stderr, "\n") != 1 || !strings.Contains(stderr, c.want) {
				t.Errorf("code %d, stdout %q, stderr %q; want one line with %q", code, stdout, stderr, c.want)
			}
			if strings.Contains(stderr, password) || strings.Contains(stderr, "\x1b") {
				t.Errorf("the password or an escape sequence is in %q", stderr)
			}
		})
	}
	for _, url := range []string{"http://user:" + password + "@ho st:1", "user:" + password + "@host:9090", "http://user:" + password + "@", "%zz" + password} {
		code, _, stderr := tryRun(t, "simulate", "--prometheus.url="+url, "--group=g")
		if code != 1 || strings.Contains(stderr, password) || !strings.Contains(stderr, "--prometheus.url: ") || strings.Count(stderr, "\n") != 1 {
			t.Errorf("code %d, stderr %q", code, stderr)
		}
	}
}

// silence reads the question and says nothing until the client gives up.
func silence(_ http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	<-r.Context().Done()
}

// babble answers with something that is not HTTP.
func babble(t *testing.T, w http.ResponseWriter) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		t.Error(err)
		return
	}
	fmt.Fprint(conn, "SSH-2.0-OpenSSH\r\n\x1b[2J")
	conn.Close()
}
