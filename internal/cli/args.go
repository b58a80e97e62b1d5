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
)

// explain turns kingpin's words into ours: the flag, what is wrong, the remedy. It repeats no value of a flag.
func explain(err error, args []string, app *kingpin.ApplicationModel) error {
	msg := err.Error()
	if m := unknownFlag.FindStringSubmatch(msg); m != nil {
		hint := ""
		if near := nearest(m[1], app); near != "" {
			hint = "did you mean --" + near + "? "
		}
		return fmt.Errorf("%s: unknown flag; %s--help lists them all", m[1], hint)
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

// nearest is the flag that a mistyped one most likely means: the one with the fewest letters to change, at most two.
func nearest(flag string, app *kingpin.ApplicationModel) string {
	flag = strings.TrimLeft(flag, "-")
	best, least := "", 3
	consider := func(flags []*kingpin.FlagModel) {
		for _, f := range flags {
			if d := distance(flag, f.Name); d < least && !f.Hidden {
				best, least = f.Name, d
			}
		}
	}
	consider(app.Flags)
	for _, c := range app.Commands {
		consider(c.Flags)
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
