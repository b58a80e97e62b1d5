package cli

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/alecthomas/kingpin/v2"
)

// plain is a program without subcommands, whose command fails in two ways at once.
func plain() Program {
	return Program{Name: "tool", Description: "A tool.", Elsewhere: map[string]string{"old": "use new"},
		Register: func(app *kingpin.Application) map[string]Command {
			size := 0
			Declare(app, &size, "size", "1", "How large.", ParseCount[int])
			return map[string]Command{"": func(_ context.Context, stdout, _ io.Writer) error {
				if size == 7 {
					return errors.Join(errors.New("--size: seven"), errors.New("--size: seven"), errors.New("another"))
				}
				_, err := io.WriteString(stdout, "done\n")
				return err
			}}
		}}
}

func TestProgramWithoutSubcommands(t *testing.T) {
	for name, tc := range map[string]struct {
		args []string
		code int
		want string
	}{
		"runs":             {[]string{"--size=2"}, 0, "done\n"},
		"default":          {nil, 0, "done\n"},
		"each error once":  {[]string{"--size=7"}, 1, "tool: error: --size: seven\ntool: error: another\n"},
		"bad value":        {[]string{"--size=x"}, 1, "tool: error: --size: \"x\" is not a whole number of 0 or more\n"},
		"near miss":        {[]string{"--sise=1"}, 1, "tool: error: --sise: unknown flag; did you mean --size? --help lists them all\n"},
		"stray argument":   {[]string{"go"}, 1, "tool: error: \"go\": not expected; tool takes flags only, --help lists them\n"},
		"moved elsewhere":  {[]string{"old", "--size=x"}, 1, "tool: error: old: use new\n"},
		"elsewhere, later": {[]string{"--size=2", "old"}, 1, "tool: error: \"old\": not expected; tool takes flags only, --help lists them\n"},
	} {
		t.Run(name, func(t *testing.T) {
			var out strings.Builder
			if code := plain().Run(t.Context(), tc.args, &out, &out); code != tc.code || out.String() != tc.want {
				t.Errorf("exit code %d, want %d; printed\n%swant\n%s", code, tc.code, out.String(), tc.want)
			}
		})
	}
}

func TestPrintable(t *testing.T) {
	for in, want := range map[string]string{
		"plain ✓ lines\n\tand tabs": "plain ✓ lines\n\tand tabs", "\x1b[31mred\x07": `\x1b[31mred\x07`, "a\rb": `a\x0db`,
		"\u202eback": `\u202eback`, "\u009b1m": `\u009b1m`, "bad \xff": "bad \ufffd",
	} {
		if got := Printable(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}
