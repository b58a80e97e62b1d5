// Command home gives the repository its home: it writes the owner's name into the module path, the image, the chart, the
// examples, the documents and the runbooks' address. make home runs it, and make check-home looks for what was left over.
//
//	home DIR set OWNER
//	home DIR check
package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// repository is the last element of the module path and of the repository's address.
const repository = "kafka_burndown_exporter"

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "home:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	switch {
	case len(args) == 3 && args[1] == "set":
		return set(args[0], args[2])
	case len(args) == 2 && args[1] == "check":
		return check(args[0])
	}
	return fmt.Errorf("want DIR set OWNER or DIR check, got %q", args)
}

// edit is one kind of place that names the owner.
type edit struct {
	what  string
	files func(path string) bool
	// before finds the place before an owner is set; after is what becomes of it, with OWNER for the name.
	before *regexp.Regexp
	after  string
}

const address = "https://github.com/OWNER/" + repository

var edits = []edit{
	{"module path", isGoMod, regexp.MustCompile(`(?m)(^module |^replace |\s|=> )` + repository + `(/\S*)?( |$)`), "${1}github.com/OWNER/" + repository + "$2$3"},
	{"import", hasSuffix(".go"), regexp.MustCompile(`"` + repository + `/`), `"github.com/OWNER/` + repository + `/`},
	{"import prefix", is(".golangci.yml"), regexp.MustCompile(`\[` + repository + `\]`), "[github.com/OWNER/" + repository + "]"},
	{"runbook", hasSuffix(".yaml"), regexp.MustCompile(`runbook_url: docs/runbooks\.md`), "runbook_url: " + address + "/blob/main/docs/runbooks.md"},
	{"image", is("deploy/base/kustomization.yaml"), regexp.MustCompile(`newName: kafka-burndown-exporter`), "newName: OWNER/kafka-burndown-exporter"},
	{"image", is("deploy/helm/kafka-burndown-exporter/values.yaml"), regexp.MustCompile(`repository: kafka-burndown-exporter`), "repository: OWNER/kafka-burndown-exporter"},
	{"image", is("Makefile"), regexp.MustCompile(`(?m)^(IMAGE +\?=) kafka-burndown-exporter`), "$1 OWNER/kafka-burndown-exporter"},
	{"owner", func(string) bool { return true }, regexp.MustCompile(`\bOWNER\b([^=]|$)`), "OWNER$1"},
}

func isGoMod(path string) bool { return strings.HasSuffix(path, ".mod") }

func is(name string) func(string) bool { return func(path string) bool { return path == name } }

func hasSuffix(suffix string) func(string) bool {
	return func(path string) bool { return strings.HasSuffix(path, suffix) }
}

// ownerLine is the Makefile's variable.
var (
	ownerLine = regexp.MustCompile(`(?m)^OWNER +\?= (\S+)$`)
	validName = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
)

// set writes the owner into every file.
func set(dir, owner string) error {
	if owner == "OWNER" || !validName.MatchString(owner) {
		return fmt.Errorf("%q cannot be an owner: give a name in small letters, make home OWNER=NAME", owner)
	}
	changed := 0
	err := each(dir, func(path string, text []byte) error {
		out := apply(path, text, owner)
		if bytes.Equal(out, text) {
			return nil
		}
		changed++
		return os.WriteFile(filepath.Join(dir, path), out, 0o644) //nolint:gosec // as git has them
	})
	if err != nil {
		return err
	}
	fmt.Printf("%s: %d files changed; run make update and make test\n", owner, changed)
	return nil
}

func apply(path string, text []byte, owner string) []byte {
	if path == "Makefile" {
		text = ownerLine.ReplaceAll(text, []byte("OWNER       ?= "+owner))
	}
	for _, e := range edits {
		if e.files(path) {
			text = e.before.ReplaceAll(text, []byte(strings.ReplaceAll(e.after, "OWNER", owner)))
		}
	}
	if path == "Makefile" { // the variable's own name
		text = bytes.ReplaceAll(text, []byte("$("+owner+")"), []byte("$(OWNER)"))
		text = regexp.MustCompile(`(?m)^`+owner+`( +\?= )`).ReplaceAll(text, []byte("OWNER$1"))
	}
	return text
}

// check fails where an owner is set and something still has none.
func check(dir string) error {
	makefile, err := os.ReadFile(filepath.Join(dir, "Makefile"))
	if err != nil {
		return err
	}
	m := ownerLine.FindSubmatch(makefile)
	if m == nil {
		return errors.New("the Makefile has no line OWNER ?= NAME")
	}
	owner := string(m[1])
	if owner == "OWNER" {
		fmt.Println("no owner is set: make home OWNER=NAME sets it")
		return nil
	}
	var left []string
	err = each(dir, func(path string, text []byte) error {
		if path == "Makefile" {
			text = bytes.ReplaceAll(ownerLine.ReplaceAll(text, nil), []byte("$(OWNER)"), nil)
		}
		for i, line := range strings.Split(string(text), "\n") {
			for _, e := range edits {
				if e.files(path) && e.before.MatchString(line) {
					left = append(left, fmt.Sprintf("%s:%d: %s: %s", path, i+1, e.what, strings.TrimSpace(line)))
					break
				}
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if len(left) > 0 {
		return fmt.Errorf("%d places have no owner; make home OWNER=%s writes it:\n%s", len(left), owner, strings.Join(left, "\n"))
	}
	return nil
}

// skipped are folders that are not the repository's, and this command, which holds the placeholder.
var skipped = []string{".git", ".cache", "dist", "build", "bench-results", "deploy/home"}

// each calls f with every text file below dir.
func each(dir string, f func(path string, text []byte) error) error {
	return filepath.WalkDir(dir, func(full string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		path, err := filepath.Rel(dir, full)
		if err != nil {
			return err
		}
		path = filepath.ToSlash(path)
		switch {
		case slices.Contains(skipped, path) && d.IsDir():
			return fs.SkipDir
		case slices.Contains(skipped, path), !d.Type().IsRegular():
			return nil
		}
		text, err := os.ReadFile(full)
		if err != nil || bytes.IndexByte(text[:min(len(text), 8000)], 0) >= 0 {
			return err
		}
		return f(path, text)
	})
}
