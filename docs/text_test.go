package docs

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"kafka_burndown_exporter/collector"
)

// The limits of a text: words a sentence on average, and in its longest one.
const (
	averageWords = 17.0
	longestWords = 45
)

// TestSentences measures the README, the documents and the HELP texts.
func TestSentences(t *testing.T) {
	texts := map[string]string{"HELP": helpTexts()}
	for _, pattern := range []string{"*.md", "../*.md"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			if name := filepath.Base(file); name != "flags.md" && name != "metrics.md" && name != "CHANGELOG.md" {
				texts[name] = read(t, file)
			}
		}
	}
	if len(texts) < 15 {
		t.Fatalf("only %d texts", len(texts))
	}
	for name, text := range texts {
		for _, problem := range judge(name, text) {
			t.Error(problem)
		}
	}
}

// helpTexts are the HELP texts, a paragraph each.
func helpTexts() string {
	var b strings.Builder
	for _, f := range append(collector.Families(), collector.SelfFamilies()...) {
		b.WriteString(f.Help + "\n\n")
	}
	return b.String()
}

// judge says what is wrong with a text's sentences.
func judge(name, text string) (problems []string) {
	total, longest, worst := 0, 0, ""
	list := sentences(text)
	for _, s := range list {
		n := len(strings.Fields(s))
		total += n
		if n > longest {
			longest, worst = n, s
		}
	}
	if len(list) == 0 {
		return []string{name + ": no sentences"}
	}
	average := float64(total) / float64(len(list))
	if average > averageWords+0.05 {
		problems = append(problems, fmt.Sprintf("%s: %.1f words a sentence, at most %.1f", name, average, averageWords))
	}
	if longest > longestWords {
		problems = append(problems, fmt.Sprintf("%s: a sentence of %d words, at most %d: %s", name, longest, longestWords, worst))
	}
	return problems
}

var (
	code     = regexp.MustCompile("(?s)```.*?```")
	table    = regexp.MustCompile(`(?m)^\s*\|.*$`)
	heading  = regexp.MustCompile(`(?m)^#+ .*$`)
	image    = regexp.MustCompile(`!\[[^\]]*\]\([^)]*\)`)
	link     = regexp.MustCompile(`\[([^\]]*)\]\([^)]*\)`)
	verbatim = regexp.MustCompile("`[^`]*`")
	bullet   = regexp.MustCompile(`(?m)^\s*(?:[-*]|\d+\.)\s+`)
	end      = regexp.MustCompile(`[.!?][)"*]*(?:\s+|$)`)
	short    = regexp.MustCompile(`\b(e\.g|i\.e|etc|vs)\.`)
)

// sentences takes a Markdown text apart. Code blocks, tables and headings are left out, code within a sentence counts as
// one word, and a bullet begins a sentence.
func sentences(text string) []string {
	for _, gone := range []*regexp.Regexp{code, table, heading, image} {
		text = gone.ReplaceAllString(text, "\n")
	}
	text = verbatim.ReplaceAllString(link.ReplaceAllString(text, "$1"), "CODE")
	text = short.ReplaceAllString(text, "$1")
	var out []string
	for paragraph := range strings.SplitSeq(bullet.ReplaceAllString(text, "\n\n"), "\n\n") {
		for _, s := range end.Split(strings.Join(strings.Fields(paragraph), " "), -1) {
			if strings.ContainsFunc(s, func(r rune) bool { return r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' }) {
				out = append(out, s)
			}
		}
	}
	return out
}

// TestSentencesAreSeen: a planted bad sentence is found, and what is not prose is not counted.
func TestSentencesAreSeen(t *testing.T) {
	good := "# A heading of no account\n\nIt reads Kafka. A `flag with many words in it` counts once.\n\n| a | table |\n```\ncode\n```\n- one\n- two, e.g. this\n"
	if problems := judge("planted", good); len(problems) > 0 {
		t.Error(problems)
	}
	if list := sentences(good); len(list) != 4 {
		t.Errorf("%q", list)
	}
	bad := good + "\n" + strings.Repeat("word ", longestWords+1) + "end.\n"
	if problems := judge("planted", bad); len(problems) != 1 || !strings.Contains(problems[0], "a sentence of 47 words") {
		t.Errorf("the long sentence: %q", problems)
	}
	if problems := judge("planted", strings.Repeat(strings.Repeat("word ", 19)+"end.\n\n", 5)); len(problems) != 1 || !strings.Contains(problems[0], "20.0 words a sentence") {
		t.Errorf("the long average: %q", problems)
	}
}
