// Package flagsdoc makes docs/flags.md of the flags that programs declare, for the tests that hold the file against them.
// The file has one part for each program, because no module sees the flags of all of them.
package flagsdoc

import (
	"fmt"
	"os"
	"strings"

	"github.com/alecthomas/kingpin/v2"
	"github.com/google/go-cmp/cmp"
)

// TB is what of a test is needed here.
type TB interface {
	Helper()
	Errorf(format string, args ...any)
	Fatal(args ...any)
}

// Part is a program's part of the file: the lines from the one that it begins with to the next part.
type Part string

// The parts, in their order.
const (
	Exporter Part = "# Flags\n"
	Lab      Part = "\n## kafka_burndown_lab\n"
)

// find returns the bounds of a part in the file.
func (p Part) find(text string) (from, to int, ok bool) {
	from = strings.Index(text, string(p))
	if from < 0 {
		return 0, 0, false
	}
	to = len(text)
	if p == Exporter {
		if at := strings.Index(text, string(Lab)); at >= 0 {
			to = at
		}
	}
	return from, to, true
}

// Check holds a part of the file against what it should be; update rewrites it.
func Check(t TB, path string, part Part, want string, update bool) {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text := string(raw)
	from, to, ok := part.find(text)
	if !ok {
		from, to = len(text), len(text)
	}
	want = string(part) + want
	if update {
		if err := os.WriteFile(path, []byte(text[:from]+want+text[to:]), 0o644); err != nil { //nolint:gosec // a document
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(text[from:to], want); diff != "" {
		t.Errorf("%s is not what the programs take now (make update rewrites it):\n%s", path, diff)
	}
}

// Made says where the file comes from; it stands before the first part.
const Made = "\nMade from the programs by `make update`. A flag that is on or off is turned off by `--no-NAME`; " +
	"`--NAME=true` and `--NAME=false` work as well.\n"

// Shown remembers which rows stand in which table.
type Shown map[string]string

// Commands describes a program's commands below headings of that level. Commands with the same flags share a table.
func (s Shown) Commands(heading string, app *kingpin.ApplicationModel) string {
	var b strings.Builder
	for _, c := range app.Commands {
		if !c.Hidden && c.Name != "help" {
			fmt.Fprintf(&b, "\n%s %s\n\n%s\n", heading, c.Name, c.Help)
			for _, a := range c.Args {
				fmt.Fprintf(&b, "\nArgument `%s`: %s\n", a.Name, a.Help)
			}
			b.WriteString(s.Table(c.Name, c.Flags))
		}
	}
	return b.String()
}

// Table is the table of a command's flags, without those that an earlier one shows.
func (s Shown) Table(command string, flags []*kingpin.FlagModel) string {
	var b strings.Builder
	rows := ""
	var same []string
	for _, f := range flags {
		r := row(f)
		if from, ok := s[r]; ok && from != command {
			if r != "" {
				same = append(same, "`--"+f.Name+"`")
			}
			continue
		}
		s[r] = command
		rows += r
	}
	if rows != "" {
		fmt.Fprintf(&b, "\n| flag | default | meaning |\n|---|---|---|\n%s", rows)
	}
	if len(same) > 0 {
		fmt.Fprintf(&b, "\nThe same as above: %s.\n", strings.Join(same, ", "))
	}
	return b.String()
}

func row(f *kingpin.FlagModel) string {
	if f.Hidden || f.Name == "help" || f.Name == "version" {
		return ""
	}
	def := strings.Join(f.Default, ", ")
	switch {
	case f.IsBoolFlag() && (def == "" || def == "false"):
		def = "off"
	case f.IsBoolFlag():
		def = "on"
	case def != "":
		def = "`" + def + "`"
	}
	if f.Envar != "" {
		def = strings.TrimSpace(def + " `$" + f.Envar + "`")
	}
	return fmt.Sprintf("| `--%s` | %s | %s |\n", f.Name, def, strings.ReplaceAll(f.Help, "|", "\\|"))
}
