package cli

import (
	"fmt"
	"strings"
	"unicode"
)

// Printable replaces what a terminal could take for a command in text from outside, such as escape sequences, by its
// Go escape, and bytes that are no UTF-8 by U+FFFD. Line breaks and tabs stay.
func Printable(s string) string {
	s = strings.ToValidUTF8(s, "\ufffd")
	hidden := func(r rune) bool { return r != '\n' && r != '\t' && !unicode.IsPrint(r) }
	if strings.IndexFunc(s, hidden) < 0 {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		switch {
		case !hidden(r):
			b.WriteRune(r)
		case r < 0x80:
			fmt.Fprintf(&b, `\x%02x`, r)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}
