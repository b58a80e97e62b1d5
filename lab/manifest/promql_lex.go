package manifest

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

type tokenKind uint8

const (
	tokEOF tokenKind = iota
	tokNumber
	tokString
	tokIdent
	tokDuration
	tokOp
)

type token struct {
	kind tokenKind
	text string
	pos  int
}

func (t token) String() string {
	if t.kind == tokEOF {
		return "the end of the query"
	}
	return strconv.Quote(t.text)
}

// lex splits a query into tokens. Comments run from # to the end of the line.
func lex(src string) ([]token, error) {
	if !utf8.ValidString(src) {
		return nil, fmt.Errorf("the query is not valid UTF-8")
	}
	var tokens []token
	for i := 0; i < len(src); {
		c := src[i]
		start := i
		switch {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
			i++
			continue
		case c == '#':
			for i < len(src) && src[i] != '\n' {
				i++
			}
			continue
		case c == '"' || c == '\'' || c == '`':
			text, end, err := lexString(src, i)
			if err != nil {
				return nil, err
			}
			tokens, i = append(tokens, token{tokString, text, start}), end
		case isDigit(c) || (c == '.' && i+1 < len(src) && isDigit(src[i+1])):
			kind, end := lexNumber(src, i)
			tokens, i = append(tokens, token{kind, src[start:end], start}), end
		case isIdentStart(c):
			for i < len(src) && (isIdentStart(src[i]) || isDigit(src[i])) {
				i++
			}
			tokens = append(tokens, token{tokIdent, src[start:i], start})
		default:
			op := lexOp(src[i:])
			if op == "" {
				return nil, fmt.Errorf("position %d: %q has no place in a query", i+1, src[i:i+1])
			}
			i += len(op)
			tokens = append(tokens, token{tokOp, op, start})
		}
	}
	return append(tokens, token{tokEOF, "", len(src)}), nil
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isIdentStart(c byte) bool {
	return c == '_' || c == ':' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
}

func lexOp(s string) string {
	for _, op := range []string{"==", "!=", ">=", "<=", "=~", "!~"} {
		if strings.HasPrefix(s, op) {
			return op
		}
	}
	if strings.IndexByte("+-*/%^(){}[],=<>@", s[0]) >= 0 {
		return s[:1]
	}
	return ""
}

// lexString reads a quoted string and its end. Back quotes take everything literally.
func lexString(src string, start int) (string, int, error) {
	quote := src[start]
	for i := start + 1; i < len(src); i++ {
		switch {
		case src[i] == '\\' && quote != '`':
			i++
		case src[i] == '\n' && quote != '`':
			return "", 0, fmt.Errorf("position %d: a string breaks off at the end of the line", start+1)
		case src[i] == quote:
			body := src[start+1 : i]
			if quote == '`' {
				return body, i + 1, nil
			}
			text, err := unescape(body)
			if err != nil {
				return "", 0, fmt.Errorf("position %d: %w", start+1, err)
			}
			return text, i + 1, nil
		}
	}
	return "", 0, fmt.Errorf("position %d: a string is not closed", start+1)
}

func unescape(body string) (string, error) {
	if !strings.Contains(body, `\`) {
		return body, nil
	}
	var out strings.Builder
	for i := 0; i < len(body); i++ {
		if body[i] != '\\' {
			out.WriteByte(body[i])
			continue
		}
		if i++; i >= len(body) {
			return "", fmt.Errorf("a string ends in a backslash")
		}
		switch body[i] {
		case '\\', '"', '\'':
			out.WriteByte(body[i])
		case 'n':
			out.WriteByte('\n')
		case 't':
			out.WriteByte('\t')
		default:
			return "", fmt.Errorf(`a string has the unknown escape \%c`, body[i])
		}
	}
	return out.String(), nil
}

// lexNumber reads a number, or a duration such as 1m30s.
func lexNumber(src string, i int) (tokenKind, int) {
	start := i
	for i < len(src) && (isDigit(src[i]) || src[i] == '.') {
		i++
	}
	if i < len(src) && (src[i] == 'e' || src[i] == 'E') {
		j := i + 1
		if j < len(src) && (src[j] == '+' || src[j] == '-') {
			j++
		}
		if j < len(src) && isDigit(src[j]) {
			for j < len(src) && isDigit(src[j]) {
				j++
			}
			return tokNumber, j
		}
	}
	if i == start || i >= len(src) || strings.IndexByte("smhdwy", src[i]) < 0 {
		return tokNumber, i
	}
	for i < len(src) && (isDigit(src[i]) || strings.IndexByte("smhdwy", src[i]) >= 0) {
		i++
	}
	return tokDuration, i
}
