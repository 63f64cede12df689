package clickhouse

import "strings"

// kind is the way a statement has to be run.
type kind int

const (
	kindOther  kind = iota // runs at once, its result is small: DDL, SHOW, SET
	kindSelect             // its result is streamed
	kindInsert             // rows in some input format follow the statement
)

// statement is the head of a query text, split as the server's parser does it.
type statement struct {
	kind kind
	// head is the whole statement; of an INSERT with data the part before
	// its FORMAT or VALUES.
	head string
	// settings is the offset of its SETTINGS clause in head, len(head) if it
	// has none.
	settings int
	// inputFormat is the format of the data of an INSERT.
	inputFormat string
	// data is the offset of the first byte of the data of an INSERT in the
	// text.
	data int
}

// parseStatement looks at one statement. It reads only as much SQL as is
// needed to find where the data of an INSERT begins.
func parseStatement(text string) statement {
	s := statement{head: text, data: len(text)}
	lex := lexer{text: text}
	first := lex.next()
	switch strings.ToUpper(first.text) {
	case "SELECT", "WITH", "(", "FROM":
		if !topLevel(text, "INSERT") && !topLevel(text, "OUTFILE") {
			s.kind = kindSelect
		}
		return s
	case "INSERT":
	default:
		return s
	}
	depth, settings := 0, len(text)
	for {
		token := lex.next()
		switch {
		case token.text == "":
			return s
		case token.text == "(":
			depth++
		case token.text == ")":
			depth--
		case token.text == ";" && depth <= 0:
			return s
		case depth > 0 || token.quoted:
		case keyword(token, "SELECT"), keyword(token, "WITH"), keyword(token, "WATCH"), keyword(token, "FROM"):
			// INSERT SELECT, or FROM INFILE: no data in the request.
			return s
		case keyword(token, "SETTINGS"):
			settings = token.start
		case keyword(token, "VALUES"):
			s.kind, s.inputFormat = kindInsert, "Values"
			s.head, s.data = text[:token.start], token.start+len(token.text)
			s.settings = min(settings, len(s.head))
			return s
		case keyword(token, "FORMAT"):
			name := lex.next()
			if name.text == "" || name.quoted {
				return s
			}
			s.kind, s.inputFormat = kindInsert, name.text
			s.head, s.data = text[:token.start], skipToData(text, name.start+len(name.text))
			s.settings = min(settings, len(s.head))
			return s
		}
	}
}

// topLevel tells whether a word stands in a text outside of brackets and quotes.
func topLevel(text, word string) bool {
	lex := lexer{text: text}
	for depth := 0; ; {
		switch t := lex.next(); {
		case t.text == "":
			return false
		case t.text == "(":
			depth++
		case t.text == ")":
			depth--
		case depth == 0 && keyword(t, word):
			return true
		}
	}
}

func keyword(t token, word string) bool { return strings.EqualFold(t.text, word) }

// skipToData skips blanks and one line end after the name of a format.
func skipToData(text string, i int) int {
	for i < len(text) && (text[i] == ' ' || text[i] == '\t' || text[i] == '\f') {
		i++
	}
	if i < len(text) && text[i] == '\r' {
		i++
	}
	if i < len(text) && text[i] == '\n' {
		i++
	}
	return i
}

// splitOutput splits a query at its FORMAT clause: the query before it, the
// name of the format, "" without one, and the settings that may follow it.
func splitOutput(text string) (head, format, tail string) {
	lex := lexer{text: text}
	depth, end := 0, 0
	before := token{}
	for {
		t := lex.next()
		switch {
		case t.text == "":
			return text[:end], "", ""
		case t.text == ";":
			continue
		case t.text == "(":
			depth++
		case t.text == ")":
			depth--
		case depth == 0 && keyword(t, "FORMAT") && endsExpression(before):
			name := lex.next()
			rest := lexer{text: text, pos: lex.pos}
			after := rest.next()
			if isName(name.text) && !keyword(name, "ASC") && !keyword(name, "DESC") &&
				(after.text == "" || after.text == ";" || keyword(after, "SETTINGS")) {
				head, format = text[:t.start], name.text
				if keyword(after, "SETTINGS") {
					tail = strings.TrimRight(text[after.start:], "; \t\r\n")
				}
				return head, format, tail
			}
			lex.pos = t.start + len(t.text)
		}
		before, end = t, t.start+len(t.text)
	}
}

// endsExpression tells whether a clause can begin after a token: FORMAT after
// another is the name of a column or table.
func endsExpression(t token) bool {
	if t.quoted || strings.Contains(")]}*", t.text) {
		return t.text != ""
	}
	switch strings.ToUpper(t.text) {
	case "SELECT", "DISTINCT", "BY", "AS", "FROM", "JOIN", "ON", "WHERE", "PREWHERE", "HAVING", "AND", "OR", "NOT", "IN", "LIKE", "ALL":
		return false
	}
	return isWord(t.text[0])
}

// isName tells whether a text can be the name of a format.
func isName(text string) bool {
	for i := range len(text) {
		if !isWord(text[i]) || text[i] >= 0x80 {
			return false
		}
	}
	return text != ""
}

// Split cuts a script into its statements at the semicolons between them.
// Comments and quoted text are left alone; empty statements are dropped. The
// rows of an INSERT with a format other than VALUES are the rest of the script.
func Split(script string) []string {
	var statements []string
	lex := lexer{text: script}
	start, words := 0, false
	for {
		token := lex.next()
		if token.text != "" && token.text != ";" {
			if !words && keyword(token, "INSERT") {
				if format, _, ok := InsertData(script[token.start:]); ok && !strings.EqualFold(format, "Values") {
					return append(statements, script[token.start:])
				}
			}
			words = true
			continue
		}
		if words {
			statements = append(statements, strings.TrimSpace(script[start:token.start]))
		}
		if token.text == "" {
			return statements
		}
		start, words = token.start+1, false
	}
}

// InsertData tells whether a text begins with an INSERT that takes rows, in
// which format, and the rows that follow it in the text.
func InsertData(text string) (format, rows string, ok bool) {
	s := parseStatement(text)
	return s.inputFormat, text[s.data:], s.kind == kindInsert
}

// readsOnly tells whether a statement cannot change data.
func readsOnly(text string) bool {
	lex := lexer{text: text}
	switch strings.ToUpper(lex.next().text) {
	case "SELECT", "(", "FROM", "SHOW", "DESCRIBE", "DESC", "EXPLAIN", "EXISTS", "USE", "SET":
		return true
	case "WITH":
		return !strings.Contains(strings.ToUpper(text), "INSERT")
	}
	return false
}

// token is a word, a number, a quoted text or a single other character.
type token struct {
	text   string // "" at the end of the text
	start  int
	quoted bool
}

type lexer struct {
	text string
	pos  int
}

func (l *lexer) next() token {
	l.skipBlank()
	start := l.pos
	if start >= len(l.text) {
		return token{start: len(l.text)}
	}
	switch c := l.text[start]; {
	case c == '\'' || c == '"' || c == '`':
		l.pos = quotedEnd(l.text, start)
		return token{text: l.text[start:l.pos], start: start, quoted: true}
	case c == '$':
		if end := heredocEnd(l.text, start); end > 0 {
			l.pos = end
			return token{text: l.text[start:end], start: start, quoted: true}
		}
		l.pos++
	case isWord(c):
		for l.pos < len(l.text) && isWord(l.text[l.pos]) {
			l.pos++
		}
	default:
		l.pos++
	}
	return token{text: l.text[start:l.pos], start: start}
}

// skipBlank skips white space and comments.
func (l *lexer) skipBlank() {
	for l.pos < len(l.text) {
		rest := l.text[l.pos:]
		switch {
		case strings.HasPrefix(rest, "--"), strings.HasPrefix(rest, "#!"), strings.HasPrefix(rest, "# "):
			l.skipPast("\n")
		case strings.HasPrefix(rest, "/*"):
			l.pos += 2
			l.skipPast("*/")
		case rest[0] == ' ' || rest[0] >= '\t' && rest[0] <= '\r':
			l.pos++
		case strings.HasPrefix(rest, "\u00a0"), strings.HasPrefix(rest, "\ufeff"):
			l.pos += len("\u00a0")
			if rest[0] == 0xef {
				l.pos++
			}
		default:
			return
		}
	}
}

func (l *lexer) skipPast(mark string) {
	if i := strings.Index(l.text[l.pos:], mark); i >= 0 {
		l.pos += i + len(mark)
	} else {
		l.pos = len(l.text)
	}
}

// quotedEnd returns the offset after the quoted text at start. A quote inside
// is doubled or has a backslash before it.
func quotedEnd(text string, start int) int {
	quote := text[start]
	for i := start + 1; i < len(text); i++ {
		switch {
		case text[i] == '\\':
			i++
		case text[i] == quote && i+1 < len(text) && text[i+1] == quote:
			i++
		case text[i] == quote:
			return i + 1
		}
	}
	return len(text)
}

// heredocEnd returns the offset after $tag$ … $tag$ at start, or 0.
func heredocEnd(text string, start int) int {
	i := start + 1
	for i < len(text) && isWord(text[i]) {
		i++
	}
	if i >= len(text) || text[i] != '$' {
		return 0
	}
	tag := text[start : i+1]
	if end := strings.Index(text[i+1:], tag); end >= 0 {
		return i + 1 + end + len(tag)
	}
	return 0
}

func isWord(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}
