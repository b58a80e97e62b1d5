package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/alecthomas/kingpin/v2"

	"kafka_burndown_exporter/lab/foreign"
	"kafka_burndown_exporter/lab/scenario"
)

// metricsFlags say what the simulated Prometheus has, beyond what the scenario says.
type metricsFlags struct {
	rules, series, labels []string
}

func (f *metricsFlags) add(cmd *kingpin.CmdClause) {
	cmd.Flag("rules", "Rule file that Prometheus evaluates instead of the shipped ones. Repeatable.").PlaceHolder("FILE").
		StringsVar(&f.rules)
	cmd.Flag("series", "Series of another exporter that are scraped too: a preset ("+strings.Join(foreign.Presets(), ", ")+
		"), or SIGNAL=SELECTOR, where {{group}}, {{topic}} and {{partition}} stand for the values of labels. Repeatable.").
		PlaceHolder("PRESET|SIGNAL=SELECTOR").StringsVar(&f.series)
	cmd.Flag("scrape-label", "Label that a scrape gives the exporter's series, such as namespace=kafka. Repeatable.").
		PlaceHolder("NAME=VALUE").StringsVar(&f.labels)
}

// apply puts them into a scenario.
func (f *metricsFlags) apply(sc *scenario.Scenario) error {
	p := &sc.Pipeline
	if _, err := foreign.ParseAll(f.series); err != nil {
		return err
	}
	p.Series = append(p.Series, f.series...)
	if len(f.rules) > 0 {
		p.RuleTexts = nil
	}
	for _, name := range f.rules {
		data, err := os.ReadFile(name)
		if err != nil {
			return fmt.Errorf("--rules: %w", err)
		}
		p.RuleTexts = append(p.RuleTexts, scenario.RuleText{Name: name, Data: data})
	}
	for _, item := range f.labels {
		name, value, ok := strings.Cut(item, "=")
		if !ok || name == "" {
			return fmt.Errorf("--scrape-label: %q is not of the form NAME=VALUE", item)
		}
		if p.Labels == nil {
			p.Labels = map[string]string{}
		}
		p.Labels[name] = value
	}
	return nil
}
