package manifest

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"kafka_burndown_exporter/lab/strictyaml"
)

// source is the text of a file.
type source struct {
	name string
	data []byte
	// found says that a folder was named and not the file: it may hold what is no manifest.
	found bool
}

// files reads the named files and those of the named folders, in the order of their names. "-" is stdin.
func files(paths []string, stdin io.Reader) ([]source, error) {
	var out []source
	for _, path := range paths {
		names := []string{path}
		info, err := os.Stat(path)
		folder := path != "-" && err == nil && info.IsDir()
		if folder {
			if names, err = under(path); err != nil {
				return nil, fmt.Errorf("read the manifests: %w", err)
			}
		}
		for _, name := range names {
			data, err := readFile(name, stdin)
			if err != nil {
				return nil, fmt.Errorf("read the manifests: %w", err)
			}
			out = append(out, source{name: name, data: data, found: folder})
		}
	}
	return out, nil
}

// under lists the YAML and JSON files below a folder; hidden folders are left out.
func under(folder string) ([]string, error) {
	var out []string
	err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != folder && strings.HasPrefix(d.Name(), "."):
			return fs.SkipDir
		case !d.IsDir() && slices.Contains([]string{".yaml", ".yml", ".json"}, filepath.Ext(path)):
			out = append(out, path)
		}
		return nil
	})
	return out, err
}

func readFile(path string, stdin io.Reader) ([]byte, error) {
	in := stdin
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		in = f
	}
	data, err := strictyaml.ReadAll(in)
	if err != nil {
		err = fmt.Errorf("%s: %w", path, err)
	}
	return data, err
}
