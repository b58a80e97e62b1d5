package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/twmb/franz-go/pkg/kfake"

	"kafka_burndown_exporter/internal/cli/clitest"
)

// program is run() in the background.
type program struct {
	t      *testing.T
	cancel context.CancelFunc
	code   chan int
	logs   *clitest.Buffer
	url    string
}

var listening = regexp.MustCompile(`msg="Listening on" address=(\S+)`)

// start runs the program until the test ends and waits for its address.
func start(t *testing.T, args ...string) *program {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	p := &program{t: t, cancel: cancel, code: make(chan int, 1), logs: &clitest.Buffer{}}
	go func() {
		p.code <- run(ctx, append(args, "--web.listen-address=127.0.0.1:0", "--sample.interval=200ms"), p.logs, p.logs)
	}()
	t.Cleanup(func() { p.stop() })
	p.eventually("an address", func() bool {
		m := listening.FindStringSubmatch(p.logs.String())
		if m != nil {
			p.url = "http://" + m[1]
		}
		return m != nil
	})
	return p
}

func (p *program) eventually(what string, ok func() bool) {
	p.t.Helper()
	for range 600 {
		if ok() {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	p.t.Fatalf("no %s:\n%s", what, p.logs)
}

func (p *program) stop() int {
	p.cancel()
	select {
	case code := <-p.code:
		p.code <- code
		return code
	case <-time.After(20 * time.Second):
		p.t.Error("does not stop")
		return -1
	}
}

func (p *program) get(path string) (int, string) {
	p.t.Helper()
	r, err := http.Get(p.url + path)
	if err != nil {
		p.t.Fatal(err)
	}
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return r.StatusCode, string(text)
}

func (p *program) waitReady() {
	p.t.Helper()
	p.eventually("readiness", func() bool { code, _ := p.get("/-/ready"); return code == http.StatusOK })
}

func fakeCluster(t *testing.T, opts ...kfake.Opt) *kfake.Cluster {
	t.Helper()
	c, err := kfake.NewCluster(append(opts, kfake.NumBrokers(2), kfake.SeedTopics(3, "orders"))...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func TestServeEndToEnd(t *testing.T) {
	c := fakeCluster(t)
	p := start(t, "--kafka.server="+c.ListenAddrs()[0], "--group.expect=billing=orders", "--kafka.labels=cluster=blue",
		"--topic.workers=3", "--sasl.password=hunter2")
	p.waitReady()
	p.eventually("the expected group", func() bool { // the first sample of a busy machine may lack it
		_, text := p.get("/metrics")
		return strings.Contains(text, "\nkafka_group_backlog{")
	})
	code, text := p.get("/metrics")
	if code != http.StatusOK {
		t.Fatalf("status %d: %s", code, text)
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]float64{
		"kafka_brokers": 2, "kafka_topic_partitions": 3, "kafka_group_members": 0, "kafka_group_backlog": 0,
		"kafka_group_partitions_uncommitted": 3, "kafka_group_useful_members": 3, name + "_cluster_up": 1,
	} {
		mf := families[name]
		if mf == nil {
			t.Errorf("%s: absent", name)
			continue
		}
		m := mf.Metric[0]
		if got := m.GetGauge().GetValue(); got != want {
			t.Errorf("%s is %v, want %v", name, got, want)
		}
		if !strings.Contains(m.String(), `"blue"`) {
			t.Errorf("%s lacks the constant label: %v", name, m)
		}
	}
	for _, name := range []string{"go_goroutines", "process_cpu_seconds_total", name + "_build_info"} {
		if families[name] == nil {
			t.Errorf("%s: absent", name)
		}
	}
	if families["kafka_group_lag"] != nil {
		t.Error("a group without a commit has a lag")
	}
	for path, want := range map[string]int{"/": 200, "/healthz": 200, "/-/healthy": 200, "/debug/pprof/": 404} {
		if code, _ := p.get(path); code != want {
			t.Errorf("%s: status %d, want %d", path, code, want)
		}
	}
	if code := p.stop(); code != 0 {
		t.Errorf("exit code %d after the end was asked for", code)
	}
	if logs := p.logs.String(); strings.Contains(logs+text, "hunter2") || strings.Count(logs, "--topic.workers") != 1 {
		t.Errorf("a secret, or not one warning of an ignored flag, in:\n%s", logs)
	}
}

func TestServeStartsBeforeKafkaDoes(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	p := start(t, "--kafka.server="+address, "--log.format=logfmt")
	if code, _ := p.get("/-/ready"); code != http.StatusServiceUnavailable {
		t.Errorf("ready without a cluster: %d", code)
	}
	p.eventually("cluster_up 0", func() bool {
		code, text := p.get("/metrics")
		return code == 200 && strings.Contains(text, name+"_cluster_up 0") && !strings.Contains(text, "kafka_brokers")
	})
	_, port, _ := net.SplitHostPort(address)
	n := 0
	for _, d := range port {
		n = n*10 + int(d-'0')
	}
	c, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.Ports(n), kfake.SeedTopics(1, "late"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	p.waitReady()
}

func TestServerTLS(t *testing.T) {
	certFile, keyFile, pool := certificate(t)
	c := fakeCluster(t)
	p := start(t, "--kafka.server="+c.ListenAddrs()[0], "--server.tls.enabled", "--server.tls.cert-file="+certFile,
		"--server.tls.key-file="+keyFile)
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, ServerName: "localhost"}}}
	r, err := client.Get(strings.Replace(p.url, "http:", "https:", 1) + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	r.Body.Close()
	if r.StatusCode != http.StatusOK {
		t.Errorf("status %d", r.StatusCode)
	}
	client.CloseIdleConnections()
}

// TestHandshakeFailuresAreLogLines: a client that does not speak TLS is a line in the chosen format, whichever flags turned TLS
// on.
func TestHandshakeFailuresAreLogLines(t *testing.T) {
	cert, key, _ := certificate(t)
	config := writeFile(t, "web.yml", "tls_server_config:\n  cert_file: "+cert+"\n  key_file: "+key+"\n")
	for name, flags := range map[string][]string{
		"server.tls":      {"--server.tls.enabled", "--server.tls.cert-file=" + cert, "--server.tls.key-file=" + key},
		"web.config.file": {"--web.config.file=" + config},
	} {
		t.Run(name, func(t *testing.T) {
			p := start(t, append(flags, "--kafka.server=127.0.0.1:1")...)
			conn, err := net.Dial("tcp", strings.TrimPrefix(p.url, "http://"))
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			if _, err := conn.Write([]byte("GET / HTTP/1.0\r\n\r\n")); err != nil {
				t.Fatal(err)
			}
			line := regexp.MustCompile(`(?m)^level=warn .*msg="http: TLS handshake error`)
			p.eventually("log line about the handshake", func() bool { return line.MatchString(p.logs.String()) })
		})
	}
}

// TestClosedConnectionsSayWhatTheListenerWants: a listener that hangs up names the flags that are probably missing.
func TestClosedConnectionsSayWhatTheListenerWants(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_ = conn.Close()
		}
	}()
	p := start(t, "--kafka.server="+l.Addr().String())
	p.eventually("hint", func() bool {
		return strings.Contains(p.logs.String(), "the listener probably wants --tls.enabled or --sasl.enabled")
	})
}

func TestWebConfigFileBasicAuth(t *testing.T) {
	// The hash is of "secret", bcrypt with the least cost.
	config := writeFile(t, "web.yml",
		"basic_auth_users:\n  prometheus: $2a$04$VD5xMenvuxcqdkOJDDmiZulCXic7aI3TokeElldjh/Aj/aBUS9Uty\n")
	c := fakeCluster(t)
	p := start(t, "--kafka.server="+c.ListenAddrs()[0], "--web.config.file="+config)
	if code, _ := p.get("/metrics"); code != http.StatusUnauthorized {
		t.Errorf("status %d without a password, want 401", code)
	}
	for password, want := range map[string]int{"secret": http.StatusOK, "wrong": http.StatusUnauthorized} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.url+"/metrics", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.SetBasicAuth("prometheus", password)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("status %d with the password %q, want %d", resp.StatusCode, password, want)
		}
	}
}

func TestCheckAgainstACluster(t *testing.T) {
	c := fakeCluster(t)
	code, stdout, stderr := tryRun(t, "check", "--kafka.server="+c.ListenAddrs()[0])
	if code != 0 || !strings.Contains(stdout, "Brokers: 2") {
		t.Errorf("exit code %d\n%s\n%s", code, stdout, stderr)
	}
}

func TestCheckReportsAllMistakesAtOnce(t *testing.T) {
	code, _, stderr := tryRun(t, "check", "--server.tls.enabled", "--group.expect=y", "--refresh.members=1m", "--metrics.disable=z")
	if code != 1 || strings.Count(stderr, name+": error: --") != 4 {
		t.Errorf("exit code %d\n%s", code, stderr)
	}
}

// certificate makes one for localhost that is its own authority.
func certificate(t *testing.T) (certFile, keyFile string, pool *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true,
		BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	certPEM := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	pool = x509.NewCertPool()
	pool.AppendCertsFromPEM(certPEM)
	keyPEM := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER})
	return writeFile(t, "tls.crt", string(certPEM)), writeFile(t, "tls.key", string(keyPEM)), pool
}
