package demo

import (
	"context"
	"fmt"
	"io"
	"math"
	"os"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/term"

	"kafka_burndown_exporter/internal/human"
)

const (
	refreshTerminal = time.Second
	refreshPlain    = 5 * time.Second
	// The screen is made for the smallest terminal in use.
	screenWidth  = 80
	screenHeight = 24
	barWidth     = 16
)

// Show writes what goes on to w until ctx ends: one screen that refreshes on a terminal, a line per service every few
// seconds elsewhere.
func (d *Demo) Show(ctx context.Context, w io.Writer, url, metricsPath string) {
	file, ok := w.(*os.File)
	onTerminal := ok && term.IsTerminal(int(file.Fd()))
	every := refreshPlain
	if onTerminal {
		every = refreshTerminal
	}
	fmt.Fprintf(w, "The demo runs at %s%s (metrics at %s). Ctrl-C ends it.\n", url, Path, url+metricsPath)
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			s := d.state(math.Inf(1))
			if !onTerminal {
				fmt.Fprint(w, s.lines())
				continue
			}
			width, height, err := term.GetSize(int(file.Fd()))
			if err != nil {
				width, height = screenWidth, screenHeight
			}
			fmt.Fprint(w, "\x1b[H\x1b[J"+s.screen(url+Path, width, height))
		}
	}
}

// screen is the whole state as one page of text of at most that size.
func (s State) screen(url string, width, height int) string {
	lines := []string{
		fmt.Sprintf("%s  %s, %g times as fast as life", s.Scenario, s.Clock, s.Speed),
		url,
		"",
		fmt.Sprintf("%-24s %9s %-*s %9s  %s", "service", "lag", barWidth, "", "age", "replicas"),
	}
	top := 1.0
	for _, v := range s.Services {
		if v.Lag != nil {
			top = max(top, *v.Lag)
		}
	}
	for _, v := range s.Services {
		lines = append(lines, v.line(top))
	}
	lines = append(lines, "", "last decisions")
	for _, v := range s.Services {
		if d, ok := s.last(v.Name); ok {
			lines = append(lines, fmt.Sprintf("%s %s %d → %d  %s", d.Clock, d.Service, d.From, d.To, d.Why))
		}
	}
	if len(s.Decisions) == 0 {
		lines = append(lines, "none yet")
	}
	for len(lines) > height-3 {
		lines = lines[:len(lines)-1]
	}
	lines = append(lines, "", "Ctrl-C ends it.")
	var b strings.Builder
	for _, line := range lines {
		b.WriteString(cut(line, width-1) + "\n")
	}
	return b.String()
}

// line is a service with its lag as a bar against the largest.
func (v ServiceState) line(top float64) string {
	drawn := ""
	if v.Lag != nil {
		drawn = bar(*v.Lag/top, barWidth)
	}
	note := ""
	switch {
	case v.Stopped:
		note = " stopped"
	case v.Ready > v.Most:
		note = fmt.Sprintf(" %d idle", v.Ready-v.Most)
	case v.Desired >= v.Ceiling.Replicas:
		note = " max"
	}
	return fmt.Sprintf("%-24s %9s %-*s %9s  %2d of %-2d %s%s", cut(v.Name, 24), human.Compact(orNaN(v.Lag)), barWidth,
		drawn, human.CompactSpan(orNaN(v.Age)), v.Ready, v.Desired, strings.Repeat("▪", min(v.Ready, 8)), note)
}

// bar draws a share of a width in eighths of a character.
func bar(share float64, width int) string {
	eighths := int(math.Round(min(max(share, 0), 1) * float64(width) * 8))
	out := strings.Repeat("█", eighths/8)
	if rest := eighths % 8; rest > 0 {
		out += string([]rune("▏▎▍▌▋▊▉")[rest-1])
	}
	return out
}

// last is a service's newest decision.
func (s State) last(service string) (DecisionLine, bool) {
	for _, d := range s.Decisions {
		if d.Service == service {
			return d, true
		}
	}
	return DecisionLine{}, false
}

// cut shortens a line to a width.
func cut(line string, width int) string {
	if utf8.RuneCountInString(line) <= width {
		return line
	}
	return string([]rune(line)[:max(width-1, 0)]) + "…"
}

// orNaN is NaN where there is no value.
func orNaN(v *float64) float64 {
	if v == nil {
		return math.NaN()
	}
	return *v
}

// lines is the state as one line per service, its numbers as programs read them.
func (s State) lines() string {
	var b strings.Builder
	for _, v := range s.Services {
		fmt.Fprintf(&b, "%s service=%s lag=%s age=%s replicas=%d/%d", s.Clock, v.Name, exact(v.Lag, ""), exact(v.Age, "s"),
			v.Ready, v.Desired)
		if d, ok := s.last(v.Name); ok {
			fmt.Fprintf(&b, " last=%q", fmt.Sprintf("%s %d → %d: %s", d.Clock, d.From, d.To, d.Why))
		}
		b.WriteString("\n")
	}
	return b.String()
}

func exact(v *float64, unit string) string {
	if v == nil {
		return human.Unknown
	}
	return fmt.Sprintf("%.0f%s", *v, unit)
}
