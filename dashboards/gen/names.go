package main

import (
	"fmt"
	"regexp"

	"go.yaml.in/yaml/v3"

	"kafka_burndown_exporter/collector"
	"kafka_burndown_exporter/dashboards"
	"kafka_burndown_exporter/rules"
)

// knownNames are the exporter's table and the records of the rules.
func knownNames() (map[string]bool, error) {
	known := map[string]bool{}
	for _, n := range collector.Names() {
		known[n] = true
	}
	for _, file := range []string{rules.BaseBurndownExporter, rules.Recording} {
		data, err := rules.Files.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("read rules: %w", err)
		}
		var f struct {
			Groups []struct {
				Rules []struct {
					Record string `yaml:"record"`
				} `yaml:"rules"`
			} `yaml:"groups"`
		}
		if err := yaml.Unmarshal(data, &f); err != nil {
			return nil, fmt.Errorf("parse %s: %w", file, err)
		}
		for _, g := range f.Groups {
			for _, r := range g.Rules {
				known[r.Record] = true
			}
		}
	}
	return known, nil
}

// checkNames fails on a Kafka series in an expression that nothing publishes.
func checkNames(d dashboards.Dashboard, known map[string]bool) error {
	name := regexp.MustCompile(`([a-z_]+:)?\bkafka_[a-z0-9_]+(:[a-z0-9]+)?`)
	bucket := regexp.MustCompile(`_bucket$`)
	for _, p := range d.AllPanels() {
		for _, t := range p.Targets {
			for _, n := range name.FindAllString(t.Expr, -1) {
				if !known[n] && !known[bucket.ReplaceAllString(n, "")] {
					return fmt.Errorf("%s, panel %q: nothing publishes %s", d.UID, p.Title, n)
				}
			}
		}
	}
	return nil
}
