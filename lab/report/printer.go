package report

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"kafka_burndown_exporter/internal/cli"
)

// Printer writes lines that are safe for a terminal, and remembers the first error.
type Printer struct {
	w   io.Writer
	err error
}

// NewPrinter writes to w.
func NewPrinter(w io.Writer) *Printer { return &Printer{w: w} }

// Err is the first error of a line.
func (p *Printer) Err() error { return p.err }

// Line writes a line.
func (p *Printer) Line(format string, args ...any) {
	if p.err == nil {
		_, p.err = io.WriteString(p.w, cli.Printable(fmt.Sprintf(strings.TrimRight(format, " ")+"\n", args...)))
	}
}

// Table writes rows with aligned columns, those that left says to the left. The first row is the head.
func (p *Printer) Table(rows [][]string, left func(int) bool) {
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	for _, row := range rows {
		var b strings.Builder
		for i, cell := range row {
			pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			if left(i) {
				b.WriteString("  " + cell + pad)
			} else {
				b.WriteString("  " + pad + cell)
			}
		}
		p.Line("%s", strings.TrimRight(b.String(), " "))
	}
}
