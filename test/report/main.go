// Command report runs `go test` several times and says in its last lines what was skipped and why, how long each part took,
// and how many tests passed: report 'DIR ARGUMENTS…' 'DIR ARGUMENTS…' …
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"os/signal"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	r := newReport(os.Stdout)
	for _, step := range os.Args[1:] {
		fields := strings.Fields(step)
		if len(fields) == 0 {
			continue
		}
		r.step(ctx, fields[0], fields[1:])
	}
	r.summary()
	if r.bad {
		os.Exit(1)
	}
}

// event is a line of go test -json.
type event struct {
	Action, Package, Test, Output string
}

type report struct {
	out            io.Writer
	bad            bool
	passed, failed int
	skipped        map[string][]string // the tests by the reason
	took           []string
	began          time.Time
	output         map[[2]string]*strings.Builder // of tests that have not ended
	now            func() time.Time
}

func newReport(out io.Writer) *report {
	return &report{out: out, skipped: map[string][]string{}, output: map[[2]string]*strings.Builder{}, now: time.Now, began: time.Now()}
}

// step runs go test in a folder.
func (r *report) step(ctx context.Context, dir string, args []string) {
	began := r.now()
	cmd := exec.CommandContext(ctx, "go", append([]string{"test", "-json"}, args...)...)
	cmd.Dir, cmd.Stderr = dir, os.Stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	pipe, err := cmd.StdoutPipe()
	if err == nil {
		if err = cmd.Start(); err == nil {
			r.read(pipe)
			err = cmd.Wait()
		}
	}
	if err != nil {
		r.bad = true
		fmt.Fprintf(r.out, "go test in %s: %v\n", dir, err)
	}
	what := dir
	if last := args[len(args)-1]; strings.HasPrefix(last, "./") && last != "./..." {
		what = dir + " " + last
	}
	r.took = append(r.took, fmt.Sprintf("%s %s", what, r.now().Sub(began).Round(time.Second)))
}

// read takes the lines of one run in.
func (r *report) read(in io.Reader) {
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		var e event
		if json.Unmarshal(lines.Bytes(), &e) != nil {
			fmt.Fprintln(r.out, lines.Text())
			continue
		}
		r.event(e)
	}
}

func (r *report) event(e event) {
	key := [2]string{e.Package, e.Test}
	switch {
	case e.Action == "build-output", e.Action == "output" && e.Test == "" && !noise.MatchString(e.Output):
		fmt.Fprint(r.out, e.Output)
	case e.Action == "output" && e.Test != "":
		if r.output[key] == nil {
			r.output[key] = &strings.Builder{}
		}
		r.output[key].WriteString(e.Output)
	case e.Test == "":
	case e.Action == "pass":
		r.passed++
		delete(r.output, key)
	case e.Action == "fail":
		r.failed++
		r.bad = true
		fmt.Fprint(r.out, r.text(key))
	case e.Action == "skip":
		why := reason(r.text(key))
		r.skipped[why] = append(r.skipped[why], e.Test)
	}
}

// text is what a test printed.
func (r *report) text(key [2]string) string {
	b := r.output[key]
	delete(r.output, key)
	if b == nil {
		return ""
	}
	return b.String()
}

var (
	noise = regexp.MustCompile(`^(PASS|\?   \t.*\[no test files\])\n$`)
	place = regexp.MustCompile(`^\s*[a-zA-Z0-9_]+\.go:\d+: `)
)

// reason is the last thing that a skipped test said.
func reason(text string) string {
	why := "no reason given"
	for line := range strings.Lines(text) {
		if at := place.FindString(line); at != "" {
			why = strings.TrimSpace(line[len(at):])
		}
	}
	return why
}

func (r *report) summary() {
	for _, why := range slices.Sorted(maps.Keys(r.skipped)) {
		tests := r.skipped[why]
		more := ""
		if len(tests) > 3 {
			more = fmt.Sprintf(" and %d more", len(tests)-3)
		}
		fmt.Fprintf(r.out, "skipped: %s: %s%s\n", why, strings.Join(tests[:min(3, len(tests))], ", "), more)
	}
	n := 0
	for _, tests := range r.skipped {
		n += len(tests)
	}
	fmt.Fprintf(r.out, "took %s: %s\n", r.now().Sub(r.began).Round(time.Second), strings.Join(r.took, ", "))
	fmt.Fprintf(r.out, "%d passed, %d failed, %d skipped\n", r.passed, r.failed, n)
}
