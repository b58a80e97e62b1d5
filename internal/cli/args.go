package cli

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/alecthomas/kingpin/v2"
)

// normalize rewrites --flag=true and --flag=false of boolean flags, which charts for kafka_exporter pass, to the forms
// that kingpin knows: --flag and --no-flag.
func normalize(app *kingpin.ApplicationModel, args []string) ([]string, error) {
	booleans := map[string]bool{}
	for _, f := range app.Flags {
		booleans[f.Name] = f.IsBoolFlag()
	}
	for _, c := range app.Commands {
		for _, f := range c.Flags {
			booleans[f.Name] = f.IsBoolFlag()
		}
	}
	out := slices.Clone(args)
	for i, arg := range args {
		if arg == "--" {
			break
		}
		flag, value, ok := strings.Cut(strings.TrimPrefix(arg, "--"), "=")
		if !ok || !strings.HasPrefix(arg, "--") {
			continue
		}
		name, negated := strings.CutPrefix(flag, "no-")
		if !booleans[name] {
			continue
		}
		on, err := strconv.ParseBool(value)
		if err != nil {
			return nil, fmt.Errorf("--%s: %q is neither true nor false; use --%s or --no-%s", flag, value, name, name)
		}
		out[i] = "--" + name
		if on == negated {
			out[i] = "--no-" + name
		}
	}
	return out, nil
}

var (
	unknownFlag = regexp.MustCompile(`^unknown (?:long|short) flag '(.*)'$`)
	needsValue  = regexp.MustCompile(`^expected argument for flag '(.*)'$`)
	repeated    = regexp.MustCompile(`^flag '(.*)' cannot be repeated$`)
	unexpected  = regexp.MustCompile(`^unexpected (?:argument )?'?(.*?)'?$`)
	notACommand = regexp.MustCompile(`^expected command but got "(.*)"$`)
	notAChoice  = regexp.MustCompile(`^enum value must be one of (.*), got '(.*)'$`)
)

// explain turns kingpin's words into ours: the flag, what is wrong, the remedy. It repeats no value of a flag.
func explain(err error, args []string, app *kingpin.ApplicationModel, elsewhere map[string]string) error {
	msg := err.Error()
	if m := unknownFlag.FindStringSubmatch(msg); m != nil {
		return strayFlag(m[1], args, app, elsewhere)
	}
	if m := notAChoice.FindStringSubmatch(msg); m != nil {
		return fmt.Errorf("%s: %q is unknown; use one of %s", flagOf(m[2], args), m[2], strings.ReplaceAll(m[1], ",", ", "))
	}
	if m := needsValue.FindStringSubmatch(msg); m != nil {
		return fmt.Errorf("%s: the value is missing; write %s=VALUE", m[1], m[1])
	}
	if m := repeated.FindStringSubmatch(msg); m != nil {
		return fmt.Errorf("--%s: given more than once; give it once", m[1])
	}
	for _, re := range []*regexp.Regexp{notACommand, unexpected} {
		if m := re.FindStringSubmatch(msg); m != nil {
			return strayArgument(m[1], args, app)
		}
	}
	return err
}

// strayArgument does not repeat what may be a secret that fell out of its quotes.
func strayArgument(arg string, args []string, app *kingpin.ApplicationModel) error {
	var names []string
	for _, c := range app.Commands {
		if c.Name == arg {
			return fmt.Errorf("%s: the command must come first; write %s %s --flags", arg, app.Name, arg)
		}
		if c.Name != "help" {
			names = append(names, c.Name)
		}
	}
	secret := slices.ContainsFunc(args, func(s string) bool { return strings.HasPrefix(s, "--sasl.password") })
	if secret {
		return errors.New("an argument is neither a flag nor a command; put values with blanks into quotes")
	}
	if len(names) == 0 {
		return fmt.Errorf("%q: not expected; %s takes flags only, --help lists them", arg, app.Name)
	}
	return fmt.Errorf("%q: unknown command; the commands are %s", arg, strings.Join(names, ", "))
}

// strayFlag names the command that takes the flag, if another one does, or else the flag that was most likely meant.
func strayFlag(flag string, args []string, app *kingpin.ApplicationModel, elsewhere map[string]string) error {
	taken, command := app.Flags, ""
	for _, c := range app.Commands {
		if len(args) > 0 && c.Name == args[0] || command == "" && c.Default {
			taken, command = append(slices.Clone(app.Flags), c.Flags...), c.Name
		}
	}
	name := strings.TrimLeft(flag, "-")
	named := func(flags []*kingpin.FlagModel) bool {
		return slices.ContainsFunc(flags, func(f *kingpin.FlagModel) bool {
			return !f.Hidden && (f.Name == name || f.IsBoolFlag() && "no-"+f.Name == name)
		})
	}
	for _, c := range app.Commands {
		if c.Name != command && named(c.Flags) {
			return fmt.Errorf("%s: unknown flag; it belongs to %s %s", flag, app.Name, c.Name)
		}
	}
	if owner := elsewhere[strings.TrimPrefix(name, "no-")]; owner != "" {
		return fmt.Errorf("%s: unknown flag; it belongs to %s", flag, owner)
	}
	hint := ""
	if near := nearest(name, taken); near != "" {
		hint = "did you mean --" + near + "? "
	}
	help := "--help"
	if command != "" && len(args) > 0 && args[0] == command {
		help = app.Name + " " + command + " --help"
	}
	return fmt.Errorf("%s: unknown flag; %s%s lists them all", flag, hint, help)
}

// flagOf is the flag that was given a value, or the value's place where that is not clear.
func flagOf(value string, args []string) string {
	for i, a := range args {
		if flag, v, ok := strings.Cut(a, "="); ok && v == value && strings.HasPrefix(flag, "-") {
			return flag
		}
		if a == value && i > 0 && strings.HasPrefix(args[i-1], "--") {
			return args[i-1]
		}
	}
	return "a flag"
}

// nearest is the flag that a mistyped one most likely means: the one with the fewest letters to change, at most two.
func nearest(name string, flags []*kingpin.FlagModel) string {
	best, least := "", 3
	for _, f := range flags {
		if d := distance(name, f.Name); d < least && !f.Hidden {
			best, least = f.Name, d
		}
	}
	return best
}

// distance is the Levenshtein distance of two words.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(diagonal+cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
