package exporter

import (
	"crypto/tls"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/prometheus/exporter-toolkit/web"
	"github.com/prometheus/exporter-toolkit/web/kingpinflag"

	"kafka_burndown_exporter/internal/cli"
)

// WebFlags say where and how HTTP is served.
type WebFlags struct {
	toolkit     *web.FlagConfig
	path        string
	maxRequests int
	pprof       bool
	tls         serverTLS
}

// serverTLS are kafka_exporter's flags for HTTPS.
type serverTLS struct {
	enabled, mutual           bool
	caFile, certFile, keyFile string
}

// The paths that are taken.
const (
	pathHealthy = "/-/healthy"
	pathHealthz = "/healthz"
	pathReady   = "/-/ready"
	pathPprof   = "/debug/pprof/"
)

// AddWebFlags declares them all.
func AddWebFlags(cmd cli.Flags, address string) *WebFlags {
	f := &WebFlags{toolkit: kingpinflag.AddFlags(cmd, address)}
	f.addServing(cmd)
	cmd.Flag("server.tls.enabled", "Serve HTTPS. --web.config.file can do more.").BoolVar(&f.tls.enabled)
	cmd.Flag("server.tls.mutual-auth-enabled", "Ask clients for a certificate.").BoolVar(&f.tls.mutual)
	cmd.Flag("server.tls.ca-file", "File of the authority that signs clients' certificates.").StringVar(&f.tls.caFile)
	cmd.Flag("server.tls.cert-file", "File of the server's certificate.").StringVar(&f.tls.certFile)
	cmd.Flag("server.tls.key-file", "File of the server's key.").StringVar(&f.tls.keyFile)
	return f
}

// AddPlainWebFlags declares those of a server that speaks plain HTTP without a login, for itself.
func AddPlainWebFlags(cmd cli.Flags, address string) *WebFlags {
	f := &WebFlags{toolkit: &web.FlagConfig{WebListenAddresses: new([]string), WebSystemdSocket: new(bool),
		WebConfigFile: new(string)}}
	cmd.Flag("web.listen-address", "Address (host:port) of the pages and the metrics. Repeatable.").
		Default(address).StringsVar(f.toolkit.WebListenAddresses)
	f.addServing(cmd)
	return f
}

func (f *WebFlags) addServing(cmd cli.Flags) {
	cli.Declare(cmd, &f.path, "web.telemetry-path", "/metrics", "Path of the metrics.", parsePath)
	cli.Declare(cmd, &f.maxRequests, "web.max-requests", "40", "How many scrapes, and how many pages, are answered at a time; 0: any number.",
		cli.ParseCount[int])
	cmd.Flag("web.enable-pprof", "Serve Go profiles under "+pathPprof+".").BoolVar(&f.pprof)
}

// Addresses are those to listen on.
func (f *WebFlags) Addresses() []string { return *f.toolkit.WebListenAddresses }

// MetricsPath is the path of the metrics.
func (f *WebFlags) MetricsPath() string { return f.path }

func parsePath(s string) (string, error) {
	if !strings.HasPrefix(s, "/") || strings.ContainsAny(s, "{} ?#") {
		return "", fmt.Errorf("%q is not a path; write e.g. /metrics", s)
	}
	taken := []string{pathHealthy, pathHealthz, pathReady}
	if slices.Contains(taken, s) || strings.HasPrefix(s, pathPprof) {
		return "", fmt.Errorf("%q is taken; choose another path", s)
	}
	return s, nil
}

// Check reports what cannot work, and returns the TLS settings of the --server.tls flags, nil without them.
func (f *WebFlags) Check() (*tls.Config, error) {
	file := *f.toolkit.WebConfigFile
	if file != "" {
		if f.tls.enabled {
			return nil, errors.New("--server.tls.enabled: cannot be combined with --web.config.file; " +
				"put tls_server_config into that file")
		}
		if err := web.Validate(file); err != nil {
			return nil, fmt.Errorf("--web.config.file: %w", err)
		}
	}
	if !f.tls.enabled {
		return nil, nil
	}
	return f.tls.config()
}

// config makes of the flags what the same settings in a --web.config.file would make. The certificate is read again for
// every connection.
func (t serverTLS) config() (*tls.Config, error) {
	switch {
	case t.certFile == "" || t.keyFile == "":
		return nil, errors.New("--server.tls.enabled: needs both --server.tls.cert-file and --server.tls.key-file")
	case t.mutual && t.caFile == "":
		return nil, errors.New("--server.tls.mutual-auth-enabled: needs --server.tls.ca-file")
	}
	for _, f := range []struct{ flag, path string }{
		{"cert-file", t.certFile}, {"key-file", t.keyFile}, {"ca-file", t.caFile},
	} {
		if f.path == "" || f.flag == "ca-file" && !t.mutual {
			continue
		}
		if _, err := os.ReadFile(f.path); err != nil {
			return nil, fmt.Errorf("--server.tls.%s: %w", f.flag, err)
		}
	}
	c := &web.TLSConfig{TLSCertPath: t.certFile, TLSKeyPath: t.keyFile, MinVersion: tls.VersionTLS12}
	if t.mutual {
		c.ClientAuth, c.ClientCAs = "RequireAndVerifyClientCert", t.caFile
	}
	config, err := web.ConfigToTLSConfig(c)
	if err != nil {
		return nil, fmt.Errorf("--server.tls.cert-file, --server.tls.key-file: %w", err)
	}
	return config, nil
}
