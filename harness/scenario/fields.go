package scenario

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

// field is one that a part of a scenario may have, and what reads its value.
type field struct {
	name string
	read func(value) // nil: the value is left to the caller
}

// value is what stands behind a field's name.
type value struct {
	field string
	node  ast.Node
	at    *token.Token // where to point
}

// fields reads what a part of a scenario has, and returns the values by name.
func (r *reader) fields(node ast.Node, what string, allowed []field) map[string]value {
	given := map[string]value{}
	mapping, ok := node.(ast.MapNode)
	if !ok {
		r.wrong(node.GetToken(), "give %s: fields with their values, such as %q", what, allowed[0].name+": ...")
		return given
	}
	for pairs := mapping.MapRange(); pairs.Next(); {
		key := pairs.Key().GetToken()
		v := value{field: key.Value, node: pairs.Value(), at: first(pairs.Value())}
		if isEmpty(v.node) {
			v.at = key
		}
		before, twice := given[v.field]
		at := slices.IndexFunc(allowed, func(f field) bool { return f.name == v.field })
		switch {
		case at < 0:
			r.wrong(key, "%s", noSuchField(v.field, what, allowed))
		case twice:
			r.wrong(key, "%s: it is given twice, first in line %d", v.field, before.at.Position.Line)
		default:
			given[v.field] = v
			if allowed[at].read != nil {
				allowed[at].read(v)
			}
		}
	}
	return given
}

func noSuchField(name, what string, allowed []field) string {
	var names []string
	for _, f := range allowed {
		names = append(names, f.name)
	}
	if len(name) > longestName {
		return fmt.Sprintf("%s has the fields %s", what, strings.Join(names, ", "))
	}
	return fmt.Sprintf("%s has no %q: %s", what, name, meant(name, names, ""))
}

func isEmpty(node ast.Node) bool { return node.Type() == ast.NullType }

func (r *reader) expect(v value, format string, args ...any) {
	r.wrong(v.at, "%s: "+format, append([]any{v.field}, args...)...)
}

// longestName and longestLine are of texts, in bytes.
const (
	longestName = 80
	longestLine = 400
)

// text is a value that is text, and not a number that looks like it.
func text(v value, longest int) (string, bool) {
	s, ok := v.node.(*ast.StringNode)
	if !ok || s.Value == "" || len(s.Value) > longest || strings.ContainsFunc(s.Value, isUnprintable) {
		return "", false
	}
	return s.Value, true
}

func isUnprintable(r rune) bool { return !unicode.IsPrint(r) }

func (r *reader) line(into *string) func(value) {
	return func(v value) {
		s, ok := text(v, longestLine)
		if !ok {
			r.expect(v, "give one line of text, of at most %d characters", longestLine)
		}
		*into = s
	}
}

// name reads any name.
func (r *reader) name(into *string, such string) func(value) {
	return func(v value) {
		s, ok := text(v, longestName)
		if !ok {
			r.expect(v, "give a name such as %s", such)
		}
		*into = s
	}
}

// oneOf reads one of a few names.
func (r *reader) oneOf(into *string, names ...string) func(value) {
	return func(v value) {
		s, ok := text(v, longestName)
		switch {
		case !ok:
			r.expect(v, "give one of %s", strings.Join(names, ", "))
		case !slices.Contains(names, s):
			r.expect(v, "%s", noSuch(s, names, ""))
		default:
			*into = s
		}
	}
}

// number reads one from 1 on.
func (r *reader) number(into *int, most int) func(value) {
	return func(v value) {
		n, ok := whole(v.node)
		if !ok || n < 1 || n > uint64(most) {
			r.expect(v, "give a whole number from 1 to %d", most)
			return
		}
		*into = int(n)
	}
}

// whole is a number that is at least 0.
func whole(node ast.Node) (uint64, bool) {
	n, ok := node.(*ast.IntegerNode)
	if !ok {
		return 0, false
	}
	u, ok := n.Value.(uint64) // the parser has int64 for negative numbers only
	return u, ok
}

// share reads a number above 0, at most 1.
func (r *reader) share(into *float64) func(value) {
	return func(v value) {
		if n := number(v.node); n > 0 && n <= 1 {
			*into = n
		} else {
			r.expect(v, "give a number above 0 and at most 1, such as 0.5")
		}
	}
}

func (r *reader) rate(into *float64) func(value) {
	return func(v value) {
		if n := number(v.node); n > 0 && n <= MaxRate {
			*into = n
		} else {
			r.expect(v, "give acquires a second, above 0 and at most %v", MaxRate)
		}
	}
}

// number is 0 where there is none that is positive.
func number(node ast.Node) float64 {
	if f, ok := node.(*ast.FloatNode); ok {
		return f.Value
	}
	n, _ := whole(node)
	return float64(n)
}

func (r *reader) duration(into *time.Duration, least, most time.Duration) func(value) {
	return func(v value) {
		s, _ := text(v, longestName)
		d, err := time.ParseDuration(s)
		switch {
		case err != nil:
			r.expect(v, "give a duration such as 5s")
		case d < least:
			r.expect(v, "give at least %s", brief(least))
		case d > most:
			r.expect(v, "give at most %s", brief(most))
		default:
			*into = d
		}
	}
}

func (r *reader) span(into *Span) func(value) {
	return func(v value) {
		s, _ := text(v, longestName)
		span, err := ParseSpan(s)
		switch {
		case err != nil:
			r.expect(v, "%v", err)
		case span == Span{}:
			r.expect(v, "give more than 0s")
		default:
			*into = span
		}
	}
}

func (r *reader) hold(into *Range) func(value) {
	return func(v value) {
		s, _ := text(v, longestName)
		hold, err := ParseRange(s)
		switch {
		case err != nil:
			r.expect(v, "%v", err)
		case hold.To == 0:
			r.expect(v, "give more than 0s, such as 0s..1ms")
		default:
			*into = hold
		}
	}
}

// list reads each entry of a list.
func (r *reader) list(v value, such string, read func(value)) {
	all, ok := v.node.(*ast.SequenceNode)
	if !ok || len(all.Values) == 0 {
		r.expect(v, "give a list such as %s, or leave it out", such)
		return
	}
	for _, entry := range all.Values {
		read(value{v.field, entry, entry.GetToken()})
	}
}

// first is where a part of a scenario begins; a mapping's own token is its first colon.
func first(node ast.Node) *token.Token {
	if mapping, ok := node.(*ast.MappingNode); ok && !mapping.IsFlowStyle && len(mapping.Values) > 0 {
		return mapping.Values[0].Key.GetToken()
	}
	return node.GetToken()
}
