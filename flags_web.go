package main

import (
	"crypto/tls"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/alecthomas/kingpin/v2"
	"github.com/prometheus/exporter-toolkit/web"
	"github.com/prometheus/exporter-toolkit/web/kingpinflag"
)

// webFlags say where and how HTTP is served.
type webFlags struct {
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

func addWebFlags(cmd *kingpin.CmdClause) *webFlags { return addWebFlagsAt(cmd, ":9308") }

func addWebFlagsAt(cmd *kingpin.CmdClause, address string) *webFlags {
	f := &webFlags{toolkit: kingpinflag.AddFlags(cmd, address)}
	declare(cmd, &f.path, "web.telemetry-path", "/metrics", "Path of the metrics.", parsePath)
	declare(cmd, &f.maxRequests, "web.max-requests", "40", "How many scrapes are answered at a time; 0: any number.",
		parseCount[int])
	cmd.Flag("web.enable-pprof", "Serve Go profiles under "+pathPprof+".").BoolVar(&f.pprof)
	cmd.Flag("server.tls.enabled", "Serve HTTPS. --web.config.file can do more.").BoolVar(&f.tls.enabled)
	cmd.Flag("server.tls.mutual-auth-enabled", "Ask clients for a certificate.").BoolVar(&f.tls.mutual)
	cmd.Flag("server.tls.ca-file", "File of the authority that signs clients' certificates.").StringVar(&f.tls.caFile)
	cmd.Flag("server.tls.cert-file", "File of the server's certificate.").StringVar(&f.tls.certFile)
	cmd.Flag("server.tls.key-file", "File of the server's key.").StringVar(&f.tls.keyFile)
	return f
}

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

// check reports what cannot work, and returns the TLS settings of the --server.tls flags, nil without them.
func (f *webFlags) check() (*tls.Config, error) {
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
