package edn

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// kind is what a token is: an opening or closing bracket by itself, or one of these.
type kind byte

const (
	end     kind = 0
	set     kind = 's' // #{
	atom    kind = 'a' // a number, a symbol, nil, true, ##Inf
	keyword kind = ':'
	quoted  kind = '"'
	char    kind = '\\'
	tag     kind = '#'
	discard kind = '_'
)

func (k kind) String() string {
	return map[kind]string{'[': "vector", '(': "list", '{': "map", set: "set"}[k]
}

var closer = map[kind]kind{'[': ']', '(': ')', '{': '}', set: '}'}

// token is a token and the line that it begins on. Text is without quotes and without the colon of a
// keyword, cut off at longest.
type token struct {
	kind kind
	text string
	line int
}

// longest is how many bytes of a token are kept.
const longest = 256

// wrong is the error that something else was expected in the place of the token.
func (t token) wrong(expected string) error {
	return fmt.Errorf("line %d: expected %s, got %s", t.line, expected, t)
}

func (t token) String() string {
	switch t.kind {
	case end:
		return "the end of the file"
	case keyword:
		return ":" + printable(t.text)
	case char:
		return `\` + printable(t.text)
	case quoted:
		return strconv.Quote(t.text)
	case atom, tag:
		return printable(t.text)
	case set:
		return "#{"
	case discard:
		return "#_"
	}
	return string(rune(t.kind))
}

// printable spells out what a terminal would not show.
func printable(text string) string {
	quoted := strconv.Quote(text)
	return quoted[1 : len(quoted)-1]
}

// scanner splits EDN into tokens.
type scanner struct {
	src  io.Reader
	page []byte // what was read of src, scanned up to pos
	pos  int
	line int
	err  error // of reading, but for the end
	buf  []byte
	kept map[string]string // one copy of each word: there are many tokens and few words
}

func newScanner(r io.Reader) *scanner {
	return &scanner{src: r, page: make([]byte, 0, 1<<16), line: 1, kept: map[string]string{}}
}

// keep adds a byte to the text of the token.
func (s *scanner) keep(b byte) {
	if len(s.buf) < longest {
		s.buf = append(s.buf, b)
	}
}

// text gives what was kept, and begins anew.
func (s *scanner) text() string {
	const most = 1 << 12 // beyond that the words are numbers, and do not repeat
	text, ok := s.kept[string(s.buf)]
	if !ok {
		text = clip(string(s.buf))
		if len(s.kept) < most {
			s.kept[text] = text
		}
	}
	s.buf = s.buf[:0]
	return text
}

// clip makes a text one that can be printed, and is not longer than longest.
func clip(text string) string {
	return strings.ToValidUTF8(text[:min(len(text), longest)], "?")
}

// peek is the next byte; false: there is none.
func (s *scanner) peek() (byte, bool) {
	if s.pos == len(s.page) && !s.turn() {
		return 0, false
	}
	return s.page[s.pos], true
}

// turn reads the next page, and tells whether there is one.
func (s *scanner) turn() bool {
	n, err := io.ReadAtLeast(s.src, s.page[:cap(s.page)], 1)
	if err != nil && !errors.Is(err, io.EOF) {
		s.err = fmt.Errorf("line %d: %w", s.line, err)
	}
	s.page, s.pos = s.page[:n], 0
	return n > 0
}

// take consumes the byte that peek gave.
func (s *scanner) take(b byte) {
	s.pos++
	if b == '\n' {
		s.line++
	}
}

// next is the next token, be it a tag or a discard.
func (s *scanner) next() (token, error) {
	s.space()
	t := token{line: s.line}
	b, ok := s.peek()
	if !ok {
		return t, s.err
	}
	switch b {
	case '{', '}', '[', ']', '(', ')':
		s.take(b)
		t.kind = kind(b)
	case '"':
		s.take(b)
		return s.quoted(t)
	case '#':
		s.take(b)
		return s.dispatch(t)
	case ':', '\\':
		s.take(b)
		t.kind, t.text = kind(b), s.word(b == '\\')
	default:
		t.kind, t.text = atom, s.word(false)
	}
	return t, s.err
}

// dispatch reads what follows a #.
func (s *scanner) dispatch(t token) (token, error) {
	b, _ := s.peek()
	switch b {
	case '{':
		s.take(b)
		t.kind = set
	case '_':
		s.take(b)
		t.kind = discard
	case '#':
		t.kind, t.text = atom, "#"+s.word(false)
	default:
		t.kind, t.text = tag, "#"+s.word(false)
	}
	if s.err == nil && t.text == "#" {
		return t, t.wrong("a tag, a set or _ after #")
	}
	return t, s.err
}

// quoted reads a string whose first quote is consumed.
func (s *scanner) quoted(t token) (token, error) {
	t.kind = quoted
	for escaped := false; ; {
		b, ok := s.peek()
		if !ok {
			if s.err == nil {
				s.err = fmt.Errorf("line %d: expected the closing quote of the string that begins here", t.line)
			}
			return t, s.err
		}
		s.take(b)
		switch {
		case escaped:
			s.keep(unescaped(b))
			escaped = false
		case b == '\\':
			escaped = true
		case b == '"':
			t.text = s.text()
			return t, nil
		default:
			s.keep(b)
		}
	}
}

func unescaped(b byte) byte {
	switch b {
	case 'n':
		return '\n'
	case 't':
		return '\t'
	case 'r':
		return '\r'
	}
	return b
}

// word reads up to a delimiter; of a character, the first byte may be one.
func (s *scanner) word(character bool) string {
	for first := character; ; first = false {
		b, ok := s.peek()
		if !ok || delimits(b) && !first {
			return s.text()
		}
		s.take(b)
		s.keep(b)
	}
}

// space passes over white space, commas and comments.
func (s *scanner) space() {
	for comment := false; ; {
		b, ok := s.peek()
		switch {
		case !ok:
			return
		case b == ';':
			comment = true
		case b == '\n':
			comment = false
		case !comment && !blank(b):
			return
		}
		s.take(b)
	}
}

func blank(b byte) bool { return b == ' ' || b == ',' || b >= '\t' && b <= '\r' }

func delimits(b byte) bool {
	switch b {
	case ';', '"', '(', ')', '[', ']', '{', '}':
		return true
	}
	return blank(b)
}
