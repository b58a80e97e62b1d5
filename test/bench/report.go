package main

import (
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// row is one exporter's line of the table, in the units of its columns.
type row struct {
	name, version, missing, note string
	figures                      []figure
}

type figure struct {
	column string
	text   string  // as shown
	value  float64 // as written to the CSV; seconds, bytes or a count
	known  bool
}

func rowOf(m *measurement) row {
	r := row{name: m.exporter.name, version: m.version, missing: m.missing}
	if len(m.scrapes) > 0 && m.encoding == "" {
		r.note = "; it does not compress"
	}
	add := func(column string, known bool, value float64, text string) {
		r.figures = append(r.figures, figure{column: column, text: text, value: value, known: known})
	}
	duration := func(column string, all []time.Duration, q float64) {
		d, ok := quantile(all, q)
		add(column, ok, d.Seconds(), seconds(d))
	}
	memory := func(column string, all []int64) {
		b, ok := quantile(all, 0.5)
		add(column, ok, float64(b), fmt.Sprintf("%.0f MB", float64(b)/1e6))
	}
	size := func(column string, all []int64) {
		b, ok := quantile(all, 0.5)
		add(column, ok, float64(b), fmt.Sprintf("%.2f MB", float64(b)/1e6))
	}
	duration("scrape gzip p50", m.scrapes, 0.5)
	duration("scrape gzip max", m.scrapes, 1)
	duration("100 scrapes spread over the interval, p50", m.spread, 0.5)
	duration("100 scrapes spread over the interval, max", m.spread, 1)
	duration("scrape plain p50", m.identity, 0.5)
	duration("sample → snapshot", m.samples, 0.5)
	duration("CPU per scrape", m.scrapeCPU, 0.5)
	duration("CPU per sample + scrape", m.cycleCPU, 0.5)
	duration("CPU per sample + scrape, one in ten moves", m.tenth.cpu, 0.5)
	duration("scrape protobuf p50", m.protobuf.scrapes, 0.5)
	duration("scrape protobuf max", m.protobuf.scrapes, 1)
	duration("CPU per sample + scrape, protobuf beside text", m.protobuf.cpu, 0.5)
	// What is not above the broker's own work is not known.
	broker, known := quantile(m.brokerCPU, 0.5)
	add("broker CPU per sample", known && broker > 0, broker.Seconds(), seconds(broker))
	memory("resident", m.resident)
	memory("peak", m.peak)
	memory("resident, protobuf too", m.protobuf.resident)
	perCycle := 0.0
	for _, n := range m.requests {
		perCycle += float64(n)
	}
	if m.requestCycles > 0 {
		perCycle /= float64(m.requestCycles)
	}
	add("Kafka requests per sample", m.requestCycles > 0, perCycle, fmt.Sprintf("%.1f", perCycle))
	size("bytes gzip", m.bytes)
	size("bytes plain", m.rawBytes)
	size("bytes protobuf", m.protobuf.bytes)
	kept := min(m.made/max(m.due, 1), 1)
	add("samples made of those due", m.due > 0, kept, fmt.Sprintf("%.0f %%", 100*kept))
	series, known := quantile(m.series, 0.5)
	add("series", known, float64(series), fmt.Sprint(series))
	add("failed scrapes", m.missing == "", float64(m.errors), fmt.Sprint(m.errors))
	return r
}

// quantile returns the q-quantile (nearest rank) of unsorted values.
func quantile[T time.Duration | int64](all []T, q float64) (T, bool) {
	if len(all) == 0 {
		return 0, false
	}
	sorted := slices.Sorted(slices.Values(all))
	return sorted[min(int(q*float64(len(sorted))), len(sorted)-1)], true
}

func seconds(d time.Duration) string {
	switch {
	case d < time.Millisecond:
		return fmt.Sprintf("%.2f ms", float64(d)/1e6)
	case d < 10*time.Millisecond:
		return fmt.Sprintf("%.1f ms", float64(d)/1e6)
	case d < time.Second:
		return fmt.Sprintf("%.0f ms", float64(d)/1e6)
	default:
		return fmt.Sprintf("%.2f s", d.Seconds())
	}
}

// writeMarkdown writes the table with one row per figure and one column per exporter, and what it was measured on.
func writeMarkdown(dir, caption string, rows []row) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n|", caption)
	for _, r := range rows {
		fmt.Fprintf(&b, " | %s", r.name)
	}
	b.WriteString(" |\n|---")
	for range rows {
		b.WriteString("|---:")
	}
	b.WriteString("|\n")
	for i := range rows[0].figures {
		fmt.Fprintf(&b, "| %s", rows[0].figures[i].column)
		for _, r := range rows {
			text := r.figures[i].text
			if !r.figures[i].known {
				text = "–"
			}
			fmt.Fprintf(&b, " | %s", text)
		}
		b.WriteString(" |\n")
	}
	b.WriteString("\n")
	for _, r := range rows {
		if r.missing != "" {
			fmt.Fprintf(&b, "- %s was not measured: %s.\n", r.name, r.missing)
		} else {
			fmt.Fprintf(&b, "- %s: %s%s.\n", r.name, r.version, r.note)
		}
	}
	return os.WriteFile(filepath.Join(dir, "peers.md"), []byte(b.String()), 0o644)
}

func writeCSV(dir string, rows []row) error {
	f, err := os.Create(filepath.Join(dir, "peers.csv"))
	if err != nil {
		return err
	}
	defer f.Close()
	w := csv.NewWriter(f)
	header := []string{"exporter", "version", "missing"}
	for _, fig := range rows[0].figures {
		header = append(header, fig.column)
	}
	_ = w.Write(header)
	for _, r := range rows {
		record := []string{r.name, r.version, r.missing}
		for _, fig := range r.figures {
			text := ""
			if fig.known {
				text = fmt.Sprintf("%g", fig.value)
			}
			record = append(record, text)
		}
		_ = w.Write(record)
	}
	w.Flush()
	return w.Error()
}
