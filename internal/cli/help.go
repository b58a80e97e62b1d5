package cli

import (
	"slices"
	"strings"

	"github.com/alecthomas/kingpin/v2"
)

// Group is a heading of --help with its flags: whole names, or their part before the first full stop.
type Group struct {
	Title string
	Names []string
}

// heading is flags under a title.
type heading struct {
	Title string
	Flags []*kingpin.FlagModel
}

// helpTemplate lists the commands first and then the flags, those of the default command where none was named.
const helpTemplate = `{{define "FormatCommand" -}}
{{if .FlagSummary}} {{.FlagSummary}}{{end -}}
{{range .Args}}{{if not .Hidden}} {{if not .Required}}[{{end}}{{if .PlaceHolder}}{{.PlaceHolder}}{{else}}<{{.Name}}>{{end}}{{if not .Required}}]{{end}}{{end}}{{end -}}
{{end -}}
{{$command := .Context.SelectedCommand -}}
{{if $command -}}
usage: {{.App.Name}} {{$command}}{{template "FormatCommand" $command}}

{{$command.Help|Wrap 0}}
{{else -}}
usage: {{.App.Name}}{{if .App.Commands}} [<command>]{{end}} [<flags>]

{{.App.Help|Wrap 0}}
{{if .App.Commands -}}
Commands:
{{range .App.Commands}}{{if not .Hidden}}  {{.Name}}{{if .Default}} (default){{end}}
{{.Help|Wrap 6}}{{end}}{{end}}
{{end -}}
{{end -}}
{{if .Context.Args -}}
Arguments:
{{.Context.Args|ArgsToTwoColumns|FormatTwoColumns}}
{{end -}}
{{range Headings .App $command .Context.Flags -}}
{{.Title}}:
{{.Flags|FlagsToTwoColumns|FormatTwoColumns}}
{{end -}}
`

// headings puts flags under the headings, in the headings' order; what fits none stands under Flags, which comes first.
func (p Program) headings(app *kingpin.ApplicationModel, selected *kingpin.CmdModel, flags []*kingpin.FlagModel) []heading {
	if selected == nil {
		for _, c := range app.Commands {
			if c.Default {
				flags = append(slices.Clone(flags), c.Flags...)
			}
		}
	}
	out := []heading{{Title: "Flags"}}
	for _, g := range p.Groups {
		out = append(out, heading{Title: g.Title})
	}
	seen := map[string]bool{}
	for _, f := range flags {
		if f.Hidden || seen[f.Name] {
			continue
		}
		seen[f.Name] = true
		first, _, _ := strings.Cut(f.Name, ".")
		at := 1 + slices.IndexFunc(p.Groups, func(g Group) bool { return slices.Contains(g.Names, f.Name) })
		if at == 0 {
			at = 1 + slices.IndexFunc(p.Groups, func(g Group) bool { return slices.Contains(g.Names, first) })
		}
		out[at].Flags = append(out[at].Flags, f)
	}
	return slices.DeleteFunc(out, func(h heading) bool { return len(h.Flags) == 0 })
}
