package browser

import (
	"context"
	"flag"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

var update = flag.Bool("update", false, "write the screenshots of docs/images")

// look is how a reader sees a page.
type look struct {
	name, scheme  string
	width, height int64
	scale         float64
}

func looks() []look {
	return []look{{"light", "light", 1440, 900, 1}, {"dark", "dark", 1440, 900, 1}, {"phone", "light", 390, 844, 2}, {"phone-dark", "dark", 390, 844, 2}}
}

// readable finds what keeps a page from being read on a narrow screen, with a keyboard or with a screen reader.
const readable = `(() => {
	const bad = [];
	const wide = document.documentElement.scrollWidth - window.innerWidth;
	if (wide > 0) bad.push("wider than the screen by " + wide);
	if (document.querySelectorAll("h1").length !== 1) bad.push("not one h1");
	if (!document.documentElement.lang) bad.push("no language");
	if (!document.querySelector("main") || !document.querySelector("nav[aria-label]")) bad.push("no landmarks");
	for (const th of document.querySelectorAll("th")) if (!th.scope) bad.push("th without scope: " + th.textContent);
	for (const table of document.querySelectorAll("table")) if (!table.caption) bad.push("table without caption");
	for (const f of document.querySelectorAll("input:not([type=hidden]), select")) if (!f.labels.length) bad.push("no label: " + f.name);
	for (const b of document.querySelectorAll("button, a")) if (!b.textContent.trim()) bad.push("no text: " + b.outerHTML);
	for (const s of document.querySelectorAll("svg")) if (!s.closest("[aria-hidden=true], [role=img]")) bad.push("an svg without a role");
	for (const p of document.querySelectorAll("[role=img]")) if (!p.getAttribute("aria-label")) bad.push("a chart without a label");
	for (const cell of document.querySelectorAll("tbody td, tbody th")) {
		const box = cell.getBoundingClientRect();
		if (!box.width || !box.height || box.right > window.innerWidth + 1) bad.push("out of sight: " + (cell.dataset.label || cell.textContent));
	}
	const ids = [...document.querySelectorAll("[id]")].map((n) => n.id);
	if (new Set(ids).size !== ids.length) bad.push("an id twice");
	return bad;
})()`

func TestEveryPageInEveryLook(t *testing.T) {
	d := startDemo(t, "--speed=10")
	b := openTab(t)
	d.await("lag", "restaurant-consumer", func(float64, int, int) bool { return true })
	if *update {
		time.Sleep(20 * time.Second)
		b.run(chromedp.Navigate(d.url+"/demo/"), chromedp.Click(`form[action="./burst"] button`))
		d.await("a story to show", "restaurant-consumer", func(lag float64, ready, _ int) bool { return ready >= 4 && lag < 300 })
		time.Sleep(10 * time.Second)
		b.run(chromedp.Navigate(d.url+"/demo/"), chromedp.Click(`form[action="./orders"] button`), chromedp.Sleep(4*time.Second))
	}
	for _, p := range []struct{ name, path, ready string }{
		{"demo", "/demo/", `.plot[aria-label*="over the last hour, now"] path.lag`},
		{"status", "/", `tbody tr`},
		{"group", "/group?name=restaurant", `#partitions`},
	} {
		for _, l := range looks() {
			t.Run(p.name+" "+l.name, func(t *testing.T) {
				b.t = t
				b.see(l)
				b.run(chromedp.Navigate(d.url+p.path), chromedp.WaitReady(p.ready, chromedp.ByQuery))
				for _, bad := range eval[[]string](b, readable) {
					t.Error(bad)
				}
				if dark := eval[bool](b, `getComputedStyle(document.body).backgroundColor.match(/\d+/g)[0] < 128`); dark != (l.scheme == "dark") {
					t.Errorf("dark is %v in the %s look", dark, l.scheme)
				}
				if p.name == "demo" && *update {
					b.run(chromedp.Click(`form[action="./orders"] button`), chromedp.Sleep(5*time.Second))
				}
				if l.name != "phone-dark" {
					b.shoot(p.name+"-"+l.name, l)
				}
				b.clean(d.url)
			})
		}
	}
	b.t = t
	b.see(looks()[0])
	for _, path := range []string{"/", "/demo/"} {
		b.run(chromedp.Navigate(d.url+path), chromedp.KeyEvent("\t"))
		if got := eval[string](b, `document.activeElement.className`); got != "skip" {
			t.Errorf("%s: the first stop of the keyboard is %q, not the link to the content", path, got)
		}
	}
}

func (b *tab) see(l look) {
	b.t.Helper()
	b.run(emulation.SetDeviceMetricsOverride(l.width, l.height, l.scale, l.width < 500),
		emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: l.scheme},
			{Name: "prefers-reduced-motion", Value: "reduce"}}))
}

// shoot takes a screenshot of the page and writes it where -update asks for it.
func (b *tab) shoot(name string, l look) {
	b.t.Helper()
	if !*update {
		return
	}
	var png []byte
	b.run(chromedp.ActionFunc(func(ctx context.Context) (err error) {
		_, _, _, _, _, size, err := page.GetLayoutMetrics().Do(ctx)
		if err != nil {
			return err
		}
		height := min(size.Height, 2.4*float64(l.height))
		png, err = page.CaptureScreenshot().WithCaptureBeyondViewport(true).
			WithClip(&page.Viewport{Width: float64(l.width), Height: height, Scale: 1}).Do(ctx)
		return err
	}))
	dir := filepath.Join("..", "..", "docs", "images")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name+".png"), png, 0o644); err != nil {
		b.t.Fatal(err)
	}
}

// TestABurstBecomesLagBecomesReplicas is the story that the page tells, played with its buttons.
func TestABurstBecomesLagBecomesReplicas(t *testing.T) {
	d := startDemo(t, "--speed=20", "--from=43m")
	b := openTab(t)
	const service = "restaurant-consumer"
	// What is on its way between two commits is lag at rest: it grows with the scenario's rate.
	calm, rest := 0, 0.0
	d.await("calm", service, func(lag float64, ready, desired int) bool {
		calm, rest = desired, lag
		return lag < 75 && ready >= 1
	})
	b.run(chromedp.Navigate(d.url+"/demo/"), chromedp.WaitReady(`.plot path.lag`, chromedp.ByQuery),
		chromedp.Click(`form[action="./burst"] button`))
	b.await("the page says so", `document.getElementById("going").textContent.includes("more messages")`)
	b.await("the button is pressed", `document.querySelector('form[action="./burst"] button').getAttribute("aria-pressed") === "true"`)
	peak := 0.0
	d.await("lag rises", service, func(lag float64, _, _ int) bool { peak = max(peak, lag); return lag > 300+2*rest })
	d.await("replicas follow", service, func(lag float64, ready, _ int) bool { peak = max(peak, lag); return ready > calm })
	d.await("lag drains", service, func(lag float64, _, _ int) bool { peak = max(peak, lag); return lag < peak/5 })
	b.await("the burst's message ends with it", `!document.getElementById("going").textContent.includes("more messages")
		&& document.querySelector('form[action="./burst"] button').getAttribute("aria-pressed") === "false"`)
	b.await("the page shows the decision", `document.getElementById("decisions").textContent.includes("restaurant-consumer")`)

	b.run(chromedp.Click(`form[action="./orders"] button`))
	b.await("an order goes through the chain", `/is closed|was refused/.test(document.getElementById("order-about").textContent)`)

	b.run(chromedp.Click(`[data-service="status-consumer"] form[action="./stop"] button`))
	b.await("a stopped consumer is shown", `document.querySelector('[data-service="status-consumer"]').classList.contains("stopped")`)
	d.await("its lag rises", "status-consumer", func(lag float64, _, _ int) bool { peak = lag; return lag > 5000 })
	b.run(chromedp.Click(`[data-service="status-consumer"] form[action="./stop"] button`))
	d.await("and drains again", "status-consumer", func(lag float64, _, _ int) bool { return lag < peak/5 })

	b.run(chromedp.Click(`[data-service="courier-consumer"] form[action="./kill"] button`))
	b.await("the page says what was killed", `document.getElementById("said").textContent.includes("courier-consumer")`)
	b.clean(d.url)
}

// await polls a condition in the page.
func (b *tab) await(what, script string) {
	b.t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(200 * time.Millisecond) {
		if eval[bool](b, script) {
			return
		}
	}
	b.t.Fatalf("%s: not within %s", what, patience)
}

func TestOtherOriginsAreRefused(t *testing.T) {
	d := startDemo(t)
	b := openTab(t)
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte("<!DOCTYPE html><title>elsewhere</title><link rel=icon href=data:,>"))
	}))
	defer elsewhere.Close()
	for _, action := range []string{"burst", "kill", "stop", "skew", "orders"} {
		target := d.url + "/demo/" + action
		b.run(chromedp.Navigate(elsewhere.URL), chromedp.WaitReady("body", chromedp.ByQuery))
		eval[bool](b, `(() => { const f = document.createElement("form"); f.method = "post"; f.action = "`+target+`";
			f.innerHTML = "<input name=target value=orders>"; document.body.append(f); f.submit(); return true })()`)
		b.awaitStatus(target, http.StatusForbidden)
	}
	for _, topic := range d.state().Topics {
		if topic.Burst {
			t.Errorf("a burst on %s was ordered from elsewhere", topic.Name)
		}
	}
	// Another name for the loopback interface is DNS rebinding.
	req, err := http.NewRequest(http.MethodGet, d.url+"/demo/state", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Host = strings.Replace(strings.TrimPrefix(d.url, "http://"), "127.0.0.1", "attacker.test", 1)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusForbidden {
		t.Errorf("asked as %s: status %d", req.Host, resp.StatusCode)
	}
}

// awaitStatus waits for the status of an answer.
func (b *tab) awaitStatus(url string, want int64) {
	b.t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		b.mu.Lock()
		got, ok := b.statuses[url]
		b.mu.Unlock()
		if ok {
			if got != want {
				b.t.Errorf("%s: status %d, want %d", url, got, want)
			}
			return
		}
	}
	b.t.Fatalf("%s: no answer", url)
}
