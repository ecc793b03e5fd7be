package edn

import (
	"fmt"
	"strings"
)

// deepest is how many brackets may be open at once within an operation.
const deepest = 1000

// form is the token that the next element begins with, or a closing bracket, or the end. Tags
// and what is discarded are passed over.
func (s *scanner) form() (token, error) {
	var pending token // the tag or discard that still lacks its element
	discards := 0
	for {
		t, err := s.next()
		switch {
		case err != nil:
			return t, err
		case t.kind == discard:
			discards, pending = discards+1, t
		case t.kind == tag:
			pending = t
		case pending.kind != end && !begins(t):
			return t, t.wrong(fmt.Sprintf("an element after the %s on line %d", pending, pending.line))
		case discards == 0:
			return t, nil
		default:
			if err := s.skip(t); err != nil {
				return t, err
			}
			if discards--; discards == 0 {
				pending = token{}
			}
		}
	}
}

// isNil tells whether the token is nil, which is as good as nothing.
func (t token) isNil() bool { return t.kind == atom && t.text == "nil" }

// begins tells whether an element begins with the token.
func begins(t token) bool { return t.kind != end && t.kind != ']' && t.kind != ')' && t.kind != '}' }

// skip passes over the rest of the element that begins with t.
func (s *scanner) skip(t token) error {
	_, err := s.render(t)
	return err
}

// render passes over the rest of the element that begins with t and gives the element in a line, cut
// off at longest. Of anything but brackets, it is the text.
func (s *scanner) render(t token) (string, error) {
	switch {
	case t.isNil():
		return "", nil
	case closer[t.kind] == 0:
		return t.text, nil
	}
	var b strings.Builder
	open := []token{t}
	b.WriteString(t.String())
	for space := ""; len(open) > 0; {
		t, err := s.next()
		if err != nil {
			return "", err
		}
		if open, err = nest(open, t); err != nil {
			return "", err
		}
		if !begins(t) {
			space = ""
		}
		if b.Len() < longest {
			b.WriteString(space + t.String())
		}
		space = " "
		if closer[t.kind] != 0 {
			space = ""
		}
	}
	return clip(b.String()), nil
}

// nest opens or closes a bracket.
func nest(open []token, t token) ([]token, error) {
	last := open[len(open)-1]
	switch {
	case closer[t.kind] != 0 && len(open) == deepest:
		return nil, t.wrong(fmt.Sprintf("at most %d brackets open at once", deepest))
	case closer[t.kind] != 0:
		return append(open, t), nil
	case begins(t):
		return open, nil
	case t.kind != closer[last.kind]:
		return nil, t.unclosed(last)
	}
	return open[:len(open)-1], nil
}

// unclosed is the error that t is not what closes open.
func (t token) unclosed(open token) error {
	return t.wrong(fmt.Sprintf("%c to close the %s that begins on line %d", closer[open.kind], open.kind, open.line))
}
