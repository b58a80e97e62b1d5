package scenario

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"kafka_burndown_exporter/lab/strictyaml"
)

// Load reads a scenario file and the files it refers to. Errors name file, line and field.
func Load(path string) (*Scenario, error) {
	dir, base := filepath.Split(path)
	if dir == "" {
		dir = "."
	}
	s, err := LoadFS(os.DirFS(dir), base)
	if err != nil {
		var e *strictyaml.Error
		if errors.As(err, &e) && e.File == base {
			e.File = path
		}
		return nil, err
	}
	s.File = path
	return s, nil
}

// LoadFS is Load from a file system, such as one that is embedded. References leave it only where the file system
// allows it.
func LoadFS(fsys fs.FS, name string) (*Scenario, error) {
	data, err := readFile(fsys, name)
	if err != nil {
		return nil, &strictyaml.Error{File: name, Msg: "cannot be read: " + err.Error(), Err: err}
	}
	s, err := Parse(name, data)
	if err != nil {
		return nil, err
	}
	return s, s.resolve(fsys)
}

// Parse reads a scenario without the files that it refers to; name stands in errors.
func Parse(name string, data []byte) (*Scenario, error) {
	d := newDecoder(name)
	docs := d.Documents(data)
	switch {
	case len(d.Errs) > 0:
		return nil, d.Errs[0]
	case len(docs) == 0:
		return nil, &strictyaml.Error{File: name, Msg: "is empty"}
	case len(docs) > 1:
		return nil, &strictyaml.Error{File: name, Msg: "holds more than one document: a scenario is one"}
	}
	s := &Scenario{File: name}
	d.decode(docs[0], "", reflect.ValueOf(s).Elem())
	if len(d.Errs) > 0 {
		return nil, d.Errs[0]
	}
	s.lines = d.lines
	if s.Start.IsZero() {
		s.Start = time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)
	}
	for i := range s.Candidates {
		for j := range s.Candidates[i].Manifests {
			if err := s.inline(&s.Candidates[i].Manifests[j], fmt.Sprintf("candidates[%d].manifests[%d]", i, j)); err != nil {
				return nil, err
			}
		}
	}
	return s, s.validate()
}

// inline writes an inline ScaledObject back to text, aliases resolved.
func (s *Scenario) inline(m *Manifest, path string) error {
	if (m.File == "") == (m.Object == nil) {
		return s.errorAt(path, "needs either file or object")
	}
	if m.Object == nil {
		return nil
	}
	text, err := yaml.Marshal(m.Object)
	if err != nil {
		return s.errorAt(path+".object", "%s", strictyaml.OneLine(err))
	}
	m.Text = text
	m.Origin = fmt.Sprintf("%s:%d", s.File, s.line(path+".object"))
	return nil
}

// resolve reads the files that the scenario refers to.
func (s *Scenario) resolve(fsys fs.FS) error {
	for i := range s.Candidates {
		for j := range s.Candidates[i].Manifests {
			m := &s.Candidates[i].Manifests[j]
			if m.File == "" {
				continue
			}
			data, err := readFile(fsys, m.File)
			if err != nil {
				return s.errorAt(fmt.Sprintf("candidates[%d].manifests[%d].file", i, j), "cannot be read: %v", err)
			}
			m.Text, m.Origin = data, m.File
		}
	}
	for i, name := range s.Pipeline.Rules {
		data, err := readFile(fsys, name)
		if err != nil {
			return s.errorAt(fmt.Sprintf("pipeline.rules[%d]", i), "cannot be read: %v", err)
		}
		s.Pipeline.RuleTexts = append(s.Pipeline.RuleTexts, RuleText{Name: name, Data: data})
	}
	for i := range s.Producers {
		c := s.Producers[i].Profile.CSV
		if c == nil {
			continue
		}
		path := fmt.Sprintf("producers[%d].profile.csv.file", i)
		data, err := readFile(fsys, c.File)
		if err != nil {
			return s.errorAt(path, "cannot be read: %v", err)
		}
		if c.series, err = ReadCSV(bytes.NewReader(data), c.Time, c.Rate); err != nil {
			return s.errorAt(path, "%s: %v", c.File, err)
		}
		if end := c.series.End(); s.Duration > end+c.series.MaxGap {
			return s.errorAt("duration", "%s is longer than the recording in %s, which has %s and is not made longer: shorten the duration",
				s.Duration, c.File, end)
		}
	}
	return nil
}

func readFile(fsys fs.FS, name string) ([]byte, error) {
	f, err := fsys.Open(filepath.ToSlash(filepath.Clean(name)))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return strictyaml.ReadAll(f)
}

// line is where a field stands, or the nearest one around it; 0 if nothing is known.
func (s *Scenario) line(path string) int {
	for path != "" {
		if n, ok := s.lines[path]; ok {
			return n
		}
		path = path[:max(strings.LastIndexAny(path, ".["), 0)]
	}
	return 0
}

func (s *Scenario) errorAt(path, format string, args ...any) error {
	return &strictyaml.Error{File: s.File, Line: s.line(path), Field: path, Msg: fmt.Sprintf(format, args...)}
}
