package scenario

import (
	"errors"
	"fmt"
	"path"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// Parse reads a scenario; the package comment shows the form. The file's name without its extension is the
// scenario's. Errors are *ParseError, several joined in the order of the file, each with its place.
func Parse(file string, text []byte, known Names) (Scenario, error) {
	if len(text) > MaxSize {
		return Scenario{}, fmt.Errorf("%s: it has %d bytes: give at most %d", file, len(text), MaxSize)
	}
	source := withPlainEnds(text)
	r := &reader{file: file, lines: strings.Split(source, "\n"), known: known}
	s := Scenario{Name: nameOf(file)}
	if root := r.tree(source); root != nil {
		r.scenario(&s, root)
	}
	if err := inOrder(r.mistakes); err != nil {
		return Scenario{}, err
	}
	return s, nil
}

func nameOf(file string) string {
	base := path.Base(strings.ReplaceAll(file, `\`, "/"))
	if name := strings.TrimSuffix(base, path.Ext(base)); name != "" {
		return name
	}
	return base
}

// withPlainEnds is a text with its lines ended as here, and without the mark that some editors begin it with.
func withPlainEnds(text []byte) string {
	return strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(strings.TrimPrefix(string(text), "\uFEFF"))
}

// reader gathers mistakes while it reads.
type reader struct {
	file     string
	lines    []string
	known    Names
	mistakes []*ParseError
}

func (r *reader) mistake(line, column int, format string, args ...any) {
	line = min(max(line, 1), len(r.lines))
	column = min(max(column, 1), utf8.RuneCountInString(r.lines[line-1])+1)
	r.mistakes = append(r.mistakes, &ParseError{
		File: r.file, Line: line, Column: column, What: fmt.Sprintf(format, args...), text: r.lines,
	})
}

// wrong notes a mistake at a token.
func (r *reader) wrong(at *token.Token, format string, args ...any) {
	line, column := 1, 1
	if at != nil && at.Position != nil {
		line, column = at.Position.Line, at.Position.Column
	}
	r.mistake(line, column, format, args...)
}

// tree is the file's only document; nil: there was a mistake.
func (r *reader) tree(source string) ast.Node {
	if r.garbled() {
		return nil
	}
	tokens := lexer.Tokenize(source)
	if r.forbidden(tokens) {
		return nil
	}
	// That a key is given twice is told in our own words.
	file, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		r.malformed(err)
		return nil
	}
	if len(file.Docs) == 0 || file.Docs[0].Body == nil {
		r.mistake(1, 1, "the file is empty: give at least the line %q", "faults: []")
		return nil
	}
	return file.Docs[0].Body
}

// malformed notes what the parser did not understand.
func (r *reader) malformed(err error) {
	var known yaml.Error
	if errors.As(err, &known) {
		r.wrong(known.GetToken(), "%s", inOurWords(known.GetMessage()))
		return
	}
	r.mistake(1, 1, "%s", inOurWords(err.Error()))
}

// inOurWords says what is expected where the parser says what it found.
func inOurWords(message string) string {
	for _, m := range []struct{ theirs, ours string }{
		{"non-map value", `write "field: value", with a space after the colon`},
		{"mapping value is not allowed", "there are two colons in one line: begin a new one, or put the value in quotes"},
		{"value is not allowed", "this does not line up: indent it as the fields that it belongs to"},
		{"could not find end character", "a quote is opened here and never closed"},
		{"end token", "a bracket is opened here and never closed"},
	} {
		if strings.Contains(message, m.theirs) {
			return m.ours
		}
	}
	return "this is not YAML: " + message
}

// garbled finds what no YAML has.
func (r *reader) garbled() bool {
	for n, line := range r.lines {
		indent := line[:len(line)-len(strings.TrimLeft(line, " \t"))]
		if at := strings.IndexByte(indent, '\t'); at >= 0 {
			r.mistake(n+1, at+1, "there is a tab: indent with spaces")
			return true
		}
		if !utf8.ValidString(line) {
			good := strings.ToValidUTF8(line, "\x00")
			r.mistake(n+1, utf8.RuneCountInString(good[:strings.IndexByte(good, 0)])+1, "this is not UTF-8 text")
			return true
		}
	}
	return false
}

// deepest is how far brackets may be nested; mostTokens keeps the parser, which takes time in the square of
// them, within a tenth of a second.
const (
	deepest    = 4
	mostTokens = 10000
)

// forbidden finds the parts of YAML that a scenario has no use for, before a tree is built of them: they
// are where small files grow large.
func (r *reader) forbidden(tokens token.Tokens) bool {
	depth := 0
	for n, t := range tokens {
		switch t.Type {
		case token.SequenceStartType, token.MappingStartType:
			depth++
		case token.SequenceEndType, token.MappingEndType:
			depth--
		}
		why := refused[t.Type]
		switch {
		case t.Type == token.InvalidType:
			why = inOurWords(t.Error)
		case t.Type == token.DocumentHeaderType && n > 0:
			why = "there is one scenario in a file: put the next one in a file of its own"
		case isListInList(t):
			why = "there are no lists in lists: give one dash"
		case n == mostTokens:
			why = "the file is too long: end it here"
		case depth > deepest:
			why = "brackets are nested too deep: a scenario needs no more than three"
		}
		if why != "" {
			r.wrong(t, "%s", why)
			return true
		}
	}
	return false
}

func isListInList(t *token.Token) bool {
	return t.Type == token.SequenceEntryType && t.NextType() == token.SequenceEntryType &&
		t.Position.Line == t.Next.Position.Line
}

var refused = map[token.Type]string{
	token.AnchorType:      "there are no anchors here: write the value out wherever it is used",
	token.AliasType:       "there are no aliases here: write the value out",
	token.MergeKeyType:    "there is no merging here: write the fields out",
	token.TagType:         "there are no tags here: leave it out",
	token.MappingKeyType:  "there are no question marks before fields: leave it out",
	token.DirectiveType:   "there are no directives here: leave it out",
	token.LiteralType:     "there are no blocks of text here: write it in one line",
	token.FoldedType:      "there are no blocks of text here: write it in one line",
	token.DocumentEndType: "there is one scenario in a file: leave the dots out",
}
