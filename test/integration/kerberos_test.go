package integration

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

const realm = "BURNDOWN.TEST"

// kdc is a Kerberos realm of its own on loopback.
type kdc struct {
	dir, config string
}

// startKDC starts a key distribution centre with the principals of a broker on 127.0.0.1 and of a user. It returns nil
// where Kerberos is not installed, with the name of the missing program.
func startKDC(t *testing.T, user, password string) (k *kdc, missing string) {
	t.Helper()
	for _, name := range []string{"krb5kdc", "kdb5_util", "kadmin.local"} {
		if program(name) == "" {
			return nil, name
		}
	}
	port := freePort(t)
	dir := t.TempDir()
	k = &kdc{dir: dir, config: filepath.Join(dir, "krb5.conf")}
	k.write(t, "krb5.conf", fmt.Sprintf(`[libdefaults]
 default_realm = %[1]s
 dns_lookup_kdc = false
 dns_lookup_realm = false
 udp_preference_limit = 1
 rdns = false
[realms]
 %[1]s = {
  kdc = 127.0.0.1:%[2]d
 }
`, realm, port))
	k.write(t, "kdc.conf", fmt.Sprintf(`[kdcdefaults]
 kdc_listen = 127.0.0.1:%[2]d
 kdc_tcp_listen = 127.0.0.1:%[2]d
[realms]
 %[1]s = {
  database_name = %[3]s/principal
  key_stash_file = %[3]s/stash
  acl_file = %[3]s/acl
 }
`, realm, port, dir))
	k.run(t, "kdb5_util", "create", "-s", "-r", realm, "-P", "master")
	k.run(t, "kadmin.local", "-r", realm, "-q", "addprinc -pw "+password+" "+user)
	k.run(t, "kadmin.local", "-r", realm, "-q", "ktadd -norandkey -k "+k.keytab(user)+" "+user)
	k.run(t, "kadmin.local", "-r", realm, "-q", "addprinc -randkey kafka/127.0.0.1")
	k.run(t, "kadmin.local", "-r", realm, "-q", "ktadd -k "+k.keytab("broker")+" kafka/127.0.0.1")

	server := k.command("krb5kdc", "-n", "-r", realm, "-P", filepath.Join(dir, "pid"))
	server.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = server.Process.Kill()
		_ = server.Wait()
	})
	err := eventually(t.Context(), 10*time.Second, func() (bool, error) {
		conn, err := net.Dial("tcp", fmt.Sprint("127.0.0.1:", port))
		if err != nil {
			return false, err
		}
		return true, conn.Close()
	})
	if err != nil {
		t.Fatalf("krb5kdc does not listen: %v", err)
	}
	return k, ""
}

func (k *kdc) keytab(name string) string { return filepath.Join(k.dir, name+".keytab") }

func (k *kdc) write(t *testing.T, name, content string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(k.dir, name), []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func (k *kdc) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(program(name), args...)
	cmd.Env = append(os.Environ(), "KRB5_CONFIG="+k.config, "KRB5_KDC_PROFILE="+filepath.Join(k.dir, "kdc.conf"))
	return cmd
}

func (k *kdc) run(t *testing.T, name string, args ...string) {
	t.Helper()
	if out, err := k.command(name, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s %s: %v: %s", name, strings.Join(args, " "), err, out)
	}
}

// brokerProperties let a listener accept the realm's tickets.
func (k *kdc) brokerProperties(prefix string) map[string]string {
	return map[string]string{
		prefix + "gssapi.sasl.jaas.config": fmt.Sprintf("com.sun.security.auth.module.Krb5LoginModule required "+
			"useKeyTab=true storeKey=true keyTab=%q principal=%q;", k.keytab("broker"), "kafka/127.0.0.1@"+realm),
		prefix + "sasl.kerberos.service.name": "kafka",
	}
}

// program finds a program that may lie where only root's path leads; empty if it is not installed.
func program(name string) string {
	for _, candidate := range []string{name, "/usr/sbin/" + name, "/usr/local/sbin/" + name} {
		if path, err := exec.LookPath(candidate); err == nil {
			return path
		}
	}
	return ""
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}
