package browser

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// drawn is true once every chart of the page has a line.
const drawn = `[...document.querySelectorAll("[data-chart]")].every((f) => f.querySelector("path"))`

// TestTheFirstScreen: what a reader sees on a common screen without scrolling.
func TestTheFirstScreen(t *testing.T) {
	for _, scenario := range []string{"food-delivery", "ride-hailing"} {
		t.Run(scenario, func(t *testing.T) {
			d := startDemo(t, "--scenario="+scenario)
			b := openTab(t)
			b.see(look{"", "light", 1440, 900, 1})
			b.run(chromedp.Navigate(d.url+"/demo/"), chromedp.WaitReady(`.plot path.most`, chromedp.ByQuery))
			b.await("charts", drawn)
			if n := eval[int](b, `[...document.querySelectorAll(".service")].filter((s) => s.getBoundingClientRect().bottom <= innerHeight).length`); n < 3 {
				t.Errorf("%d services are in sight, want 3", n)
			}
			for what, selector := range map[string]string{"the switch": ".switch", "the first minute": "#guide", "a burst": `form[action="./burst"]`} {
				if !eval[bool](b, fmt.Sprintf(`document.querySelector(%q).getBoundingClientRect().bottom < innerHeight`, selector)) {
					t.Errorf("%s is out of sight", what)
				}
			}
			if got := eval[[]string](b, `[...document.querySelectorAll(".switch button")].map((b) => b.textContent)`); !slices.Equal(got,
				[]string{"KEDA's kafka trigger", "log2×7", "desired replicas"}) {
				t.Errorf("the switch has %q", got)
			}
			if got := eval[string](b, `document.querySelector(".switch [aria-pressed=true]").textContent`); got != "desired replicas" {
				t.Errorf("the demo starts on %s", got)
			}
			if got := eval[[]string](b, `[...document.querySelector(".service").querySelectorAll("figcaption span")].map((s) => s.textContent)`); !slices.Equal(got,
				[]string{"Lag", "Age", "Burndown", "Replicas", "Rate"}) {
				t.Errorf("a service's charts are %q", got)
			}
			b.clean(d.url)
		})
	}
}

// TestEveryLineHasItsColour, in both schemes: two lines of one colour cannot be told apart in the legend.
func TestEveryLineHasItsColour(t *testing.T) {
	d := startDemo(t)
	b := openTab(t)
	for _, scheme := range []string{"light", "dark"} {
		b.see(look{"", scheme, 1440, 900, 1})
		b.run(chromedp.Navigate(d.url+"/demo/"), chromedp.WaitReady(`.plot path.used`, chromedp.ByQuery))
		seen := map[string]string{}
		for _, line := range []string{"lag", "age", "burndown", "pods", "made", "used"} {
			c := eval[string](b, fmt.Sprintf(`getComputedStyle(document.querySelector(".plot path.%s:not(.area)")).stroke`, line))
			if other, ok := seen[c]; ok || !strings.HasPrefix(c, "rgb") {
				t.Errorf("%s: %s and %s are both %s", scheme, line, other, c)
			}
			seen[c] = line
		}
	}
}

// TestTheCountersBeginTogether: consumers do not work off a backlog that the start itself has made.
func TestTheCountersBeginTogether(t *testing.T) {
	d := startDemo(t, "--speed=10")
	const produced, consumed = 5, 6
	d.await("rates", "order-consumer", func(float64, int, int) bool {
		for _, s := range d.state().Services {
			n := 0
			for _, p := range s.Points {
				if p[produced] != nil && p[consumed] != nil {
					n++
				}
			}
			if n < 10 {
				return false
			}
		}
		return true
	})
	for _, s := range d.state().Services {
		for _, p := range s.Points {
			if in, out := p[produced], p[consumed]; in != nil && out != nil && *out > 1.5**in+5 {
				t.Errorf("%s: %.1f/s in, %.1f/s out at %.0f s", s.Name, *in, *out, *p[0])
			}
		}
	}
}

// TestTheSwitchAndTheFirstMinute follows the page's own steps.
func TestTheSwitchAndTheFirstMinute(t *testing.T) {
	d := startDemo(t, "--speed=20")
	b := openTab(t)
	const service = "restaurant-consumer"
	d.await("consumption", service, func(lag float64, ready, _ int) bool { return ready >= 1 && lag < 100 })
	b.see(look{"", "light", 1440, 900, 1})
	b.run(chromedp.Navigate(d.url + "/demo/"))
	// At least: a service that answers late may be well again at the same moment.
	step := func(n int) string {
		return fmt.Sprintf(`((done) => done >= %d && [...document.querySelectorAll("#guide li")].findIndex((i) => i.getAttribute("aria-current") === "step") === done)
			(document.querySelectorAll("#guide li.done").length)`, n)
	}
	b.await("the first step is next", step(0))
	b.run(chromedp.Click(`form[action="./burst"] button`))
	b.await("the second", step(1))
	b.await("the third, once replicas follow", step(2))
	b.await("the fourth, once the burst is over", step(3))

	b.run(chromedp.Click(`[data-candidate="lag"] button`))
	b.await("the page says what changed", `document.getElementById("said").textContent.includes("KEDA's kafka trigger from now on: 3 ScaledObjects changed")`)
	b.await("the switch stands there", `document.querySelector(".switch [aria-pressed=true]").textContent === "KEDA's kafka trigger"`)
	b.await("the log says so", `/restaurant-consumer.*switch.*its HPA are replaced: KEDA's kafka trigger/.test(
		[...document.querySelectorAll("#decisions tr")].map((r) => r.textContent).join("\n"))`)
	b.run(chromedp.Click(`form[action="./burst"] button`))
	b.await("all steps done", `document.querySelectorAll("#guide li.done").length === 4`)

	// The next burst meets the maximum: six partitions.
	for range 2 {
		b.run(chromedp.Click(`form[action="./burst"] button`))
	}
	d.await("as many replicas as partitions", service, func(_ float64, _, desired int) bool { return desired == 6 })
	const card = `document.querySelector('[data-service="restaurant-consumer"].service')`
	b.await("the page says that it is at its maximum", card+`.querySelector(".note").textContent === "at its maximum: 6 partitions"`)
	b.await("the chart says why", card+`.querySelector('[data-chart="pods"] .why').textContent === "6 partitions: more replicas would idle"`)
	// The line of the maximum and the line of six replicas are at one height.
	y := func(path string) string {
		return card + `.querySelector('[data-chart="pods"] path.` + path + `').getAttribute("d")`
	}
	b.await("six replicas are ready", card+`.querySelector('[data-chart="pods"] output').textContent.startsWith("6 of 6")`)
	var most, last float64
	if _, err := fmt.Sscanf(eval[string](b, y("most")), "M0 %fH100", &most); err != nil {
		t.Fatal(err)
	}
	steps := strings.Split(eval[string](b, y("wanted")), "V")
	if _, err := fmt.Sscan(steps[len(steps)-1], &last); err != nil || math.Abs(most-last) > 0.1 {
		t.Errorf("the maximum is drawn at %.1f, six replicas at %.1f (%v)", most, last, err)
	}
	var by []string
	for _, dec := range d.state().Decisions {
		by = append(by, dec.By)
	}
	if !slices.Contains(by, "switch") || !slices.Contains(by, "HPA") {
		t.Errorf("the log is by %v", by)
	}
	b.clean(d.url)
}
