package scenario

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// ParseError is what is wrong at one place of a file. Its Error shows that place:
//
//	flaky.yaml:4:12: every: give a duration such as 5s
//	  3 |   - fault: pause-holder
//	  4 |     every: 5
//	    |            ^
type ParseError struct {
	File         string
	Line, Column int    // from 1; a column is a character
	What         string // in one sentence, with what would be right
	text         []string
}

func (m *ParseError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s:%d:%d: %s\n", m.File, m.Line, m.Column, m.What)
	digits := len(fmt.Sprint(m.Line))
	start := max(0, m.Column-1-widest/2)
	for n := max(1, m.Line-1); n <= m.Line && n <= len(m.text); n++ {
		fmt.Fprintln(&b, strings.TrimRight(fmt.Sprintf("  %*d | %s", digits, n, visible(m.text[n-1], start)), " "))
	}
	fmt.Fprintf(&b, "  %*s | %*s", digits, "", m.Column-start, "^")
	return b.String()
}

// widest is how much of a long line is shown.
const widest = 100

// visible is the part of a line that is shown, each character as one that a terminal prints and does
// not obey.
func visible(line string, start int) string {
	runes := []rune(line)
	start = min(start, len(runes))
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t':
			return ' '
		case isUnprintable(r):
			return unicode.ReplacementChar
		}
		return r
	}, string(runes[start:min(start+widest, len(runes))]))
}

// mostShown is how many mistakes are shown at once.
const mostShown = 10

// inOrder joins mistakes as they stand in the file.
func inOrder(mistakes []*ParseError) error {
	slices.SortStableFunc(mistakes, func(m, n *ParseError) int {
		return cmp.Or(m.Line-n.Line, m.Column-n.Column)
	})
	var errs []error
	for _, m := range mistakes[:min(len(mistakes), mostShown)] {
		errs = append(errs, m)
	}
	return errors.Join(errs...)
}
