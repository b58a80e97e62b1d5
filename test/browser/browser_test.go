package browser

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	cdplog "github.com/chromedp/cdproto/log"
)

// patience is how long a condition may take on a busy machine.
const patience = 3 * time.Minute

// chromium finds the browser: $CHROMIUM, or the names that distributions give it.
func chromium(t *testing.T) string {
	t.Helper()
	for _, name := range []string{os.Getenv("CHROMIUM"), "chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); name != "" && err == nil {
			return path
		}
	}
	if os.Getenv("CI") == "true" {
		t.Fatal("no Chromium: install it, or name it in $CHROMIUM")
	}
	t.Skip("no Chromium: install it, or name it in $CHROMIUM")
	return ""
}

// demo is a running demo.
type demo struct {
	t   *testing.T
	url string
}

var address = regexp.MustCompile(`http://(127\.0\.0\.1:\d+)`)

// startDemo builds the program and runs its demo until the test ends, which has to be clean.
func startDemo(t *testing.T, args ...string) *demo {
	t.Helper()
	bin := filepath.Join(t.TempDir(), "lab")
	build := exec.Command("go", "build", "-o", bin, ".")
	build.Dir = filepath.Join("..", "..", "lab")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	cmd := exec.Command(bin, append([]string{"demo", "--web.listen-address=127.0.0.1:0"}, args...)...)
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var stderr strings.Builder
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(stdout)
	line, err := lines.ReadString('\n')
	found := address.FindString(line)
	if err != nil || found == "" {
		t.Fatalf("no address in %q: %v\n%s", line, err, stderr.String())
	}
	drained := make(chan struct{})
	go func() { defer close(drained); _, _ = io.Copy(io.Discard, lines) }()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGINT)
		<-drained
		if err := cmd.Wait(); err != nil {
			t.Errorf("the demo ended with %v:\n%s", err, stderr.String())
		}
	})
	return &demo{t: t, url: found}
}

// state is the part of /demo/state that the tests look at.
type state struct {
	Services []struct {
		Name           string
		Ready, Desired int
		Lag            *float64
		Note           string
		Points         [][8]*float64
	}
	Topics []struct {
		Name  string
		Burst bool
	}
	Decisions []struct{ Service, By, Why string }
}

func (d *demo) state() state {
	d.t.Helper()
	resp, err := http.Get(d.url + "/demo/state?since=-1")
	if err != nil {
		d.t.Fatal(err)
	}
	defer resp.Body.Close()
	var s state
	if err := json.NewDecoder(resp.Body).Decode(&s); err != nil {
		d.t.Fatal(err)
	}
	return s
}

// await polls until a service is as wanted, and returns the condition's last number.
func (d *demo) await(what, service string, ok func(lag float64, ready, desired int) bool) {
	d.t.Helper()
	var last string
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(200 * time.Millisecond) {
		for _, s := range d.state().Services {
			if s.Name != service || s.Lag == nil {
				continue
			}
			last = fmt.Sprintf("lag %.0f, replicas %d of %d", *s.Lag, s.Ready, s.Desired)
			if ok(*s.Lag, s.Ready, s.Desired) {
				return
			}
		}
	}
	d.t.Fatalf("%s: not within %s; last: %s", what, patience, last)
}

// tab is a browser tab that notes what must not happen.
type tab struct {
	t   *testing.T
	ctx context.Context

	mu       sync.Mutex
	problems []string
	requests []string
	statuses map[string]int64
}

// openTab starts a browser of its own, with a fresh profile.
func openTab(t *testing.T) *tab {
	t.Helper()
	options := append([]chromedp.ExecAllocatorOption{}, chromedp.NoFirstRun, chromedp.NoDefaultBrowserCheck, chromedp.Headless,
		chromedp.ExecPath(chromium(t)), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.UserDataDir(t.TempDir()),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true),
		chromedp.Flag("hide-scrollbars", true), chromedp.Flag("disable-dev-shm-usage", true),
		chromedp.WSURLReadTimeout(patience))
	allocator, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(cancel)
	ctx, cancel := chromedp.NewContext(allocator)
	t.Cleanup(cancel)
	b := &tab{t: t, ctx: ctx, statuses: map[string]int64{}}
	chromedp.ListenTarget(ctx, b.note)
	b.run(network.Enable(), cdplog.Enable())
	return b
}

func (b *tab) note(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		b.requests = append(b.requests, e.Request.URL)
	case *network.EventResponseReceived:
		b.statuses[e.Response.URL] = e.Response.Status
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.APITypeError || e.Type == runtime.APITypeWarning {
			b.problems = append(b.problems, fmt.Sprintf("console %s: %v", e.Type, e.Args))
		}
	case *runtime.EventExceptionThrown:
		b.problems = append(b.problems, "exception: "+e.ExceptionDetails.Error())
	case *cdplog.EventEntryAdded:
		if e.Entry.Level == cdplog.LevelError || e.Entry.Level == cdplog.LevelWarning {
			b.problems = append(b.problems, fmt.Sprintf("log %s: %s %s", e.Entry.Source, e.Entry.Text, e.Entry.URL))
		}
	}
}

func (b *tab) run(actions ...chromedp.Action) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	// The browser belongs to the tab's context, so the first run may not be bound to a shorter one.
	if chromedp.FromContext(b.ctx).Browser == nil {
		ctx = b.ctx
	}
	if err := chromedp.Run(ctx, actions...); err != nil {
		b.t.Fatal(err)
	}
}

// eval runs a script and returns its result.
func eval[T any](b *tab, script string) T {
	b.t.Helper()
	var out T
	b.run(chromedp.Evaluate(script, &out))
	return out
}

// clean fails the test where the console had an error, or a page asked another host for something.
func (b *tab) clean(url string) {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, p := range b.problems {
		b.t.Errorf("%s: %s", url, p)
	}
	for _, r := range b.requests {
		if !strings.HasPrefix(r, url) && !strings.HasPrefix(r, "data:") && r != "about:blank" {
			b.t.Errorf("a request to another host: %s", r)
		}
	}
	b.problems, b.requests = nil, nil
}
