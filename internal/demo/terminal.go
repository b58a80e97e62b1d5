package demo

import (
	"context"
	"fmt"
	"io"
	"math"
	"os"
	"strings"
	"time"

	"golang.org/x/term"
)

const (
	refreshTerminal = time.Second
	refreshPlain    = 5 * time.Second
	barWidth        = 24
)

// Show writes what goes on to w until ctx ends: one screen that refreshes on a terminal, a line per service every few
// seconds elsewhere.
func (d *Demo) Show(ctx context.Context, w io.Writer, url string) {
	file, ok := w.(*os.File)
	screen := ok && term.IsTerminal(int(file.Fd()))
	every := refreshPlain
	if screen {
		every = refreshTerminal
	}
	fmt.Fprintf(w, "The demo runs at %s/ (metrics at %s/metrics). Ctrl-C ends it.\n", url, url)
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			s := d.state(math.Inf(1))
			if screen {
				fmt.Fprint(w, "\x1b[H\x1b[2J"+s.screen(url))
			} else {
				fmt.Fprint(w, s.lines())
			}
		}
	}
}

// screen is the whole state as one page of text.
func (s State) screen(url string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s · %s at %gx · %s/\n\n", s.Scenario, clockText(s.Elapsed), s.Speed, url)
	fmt.Fprintf(&b, "%-24s %8s  %-*s %8s %9s  %s\n", "service", "lag", barWidth, "", "age", "replicas", "pods")
	top := 1.0
	for _, v := range s.Services {
		if v.Lag != nil {
			top = max(top, *v.Lag)
		}
	}
	for _, v := range s.Services {
		bar := ""
		if v.Lag != nil {
			bar = strings.Repeat("█", int(*v.Lag/top*barWidth))
		}
		fmt.Fprintf(&b, "%-24s %8s  %-*s %8s %5d/%-3d  %s\n", v.Name, number(v.Lag, ""), barWidth, bar, number(v.Age, "s"),
			v.Ready, v.Desired, strings.Repeat("■", min(v.Ready, 80)))
	}
	b.WriteString("\n")
	for i, d := range s.Decisions {
		if i == 6 {
			break
		}
		fmt.Fprintf(&b, "%s %s %s: %s\n", clockText(d.At), d.By, d.Service, d.Why)
	}
	b.WriteString("\nCtrl-C ends it.\n")
	return b.String()
}

// lines is the state as one line per service.
func (s State) lines() string {
	var b strings.Builder
	for _, v := range s.Services {
		fmt.Fprintf(&b, "%s service=%s lag=%s age=%s replicas=%d/%d", clockText(s.Elapsed), v.Name, number(v.Lag, ""),
			number(v.Age, "s"), v.Ready, v.Desired)
		for _, d := range s.Decisions {
			if d.Service == v.Name {
				fmt.Fprintf(&b, " last=%q", d.Why)
				break
			}
		}
		b.WriteString("\n")
	}
	return b.String()
}

func number(v *float64, unit string) string {
	if v == nil {
		return "?"
	}
	return fmt.Sprintf("%.0f%s", *v, unit)
}

func clockText(seconds float64) string {
	d := time.Duration(seconds * float64(time.Second)).Round(time.Second)
	return fmt.Sprintf("%02d:%02d:%02d", int(d.Hours()), int(d.Minutes())%60, int(d.Seconds())%60)
}
