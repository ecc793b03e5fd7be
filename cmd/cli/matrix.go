package cli

import (
	"strings"

	"github.com/charmbracelet/x/ansi"

	"lockquake/checker"
)

const (
	weakest = "weakest" // stands for all faults
	widest  = 8         // columns that a terminal has room for
)

// matrix shows the grade of each strategy under each fault and, where there are several, in all. The longer
// list goes down. A cell that was not done is unknown: one that is not shown looks as if it was not asked for.
func (t tally) matrix() grid {
	if len(t.outcomes) == 0 {
		return nil
	}
	var strategies, faults []string
	for _, name := range t.undone {
		t.outcomes = append(t.outcomes, outcome{name: name})
	}
	for _, o := range t.outcomes {
		strategies = appendNew(strategies, o.name.Strategy)
		faults = appendNew(faults, o.name.Fault)
	}
	if len(faults) > 1 {
		faults = append(faults, weakest)
	}
	if len(faults) <= max(len(strategies), widest) {
		return newGrid("STRATEGY", strategies, faults, t.field)
	}
	return newGrid("FAULT", faults, strategies, func(fault, strategy string) field { return t.field(strategy, fault) })
}

// field is what the matrix shows of a strategy under a fault: the weakest grade, with a mark if not all
// cells held.
func (t tally) field(strategy, fault string) field {
	var grades []checker.Grade
	words, tones := map[string]bool{}, map[string]tone{}
	for _, o := range t.outcomes {
		if o.name.Strategy == strategy && (o.name.Fault == fault || fault == weakest) {
			grades = append(grades, o.grade())
			words[o.word()], tones[o.word()] = true, o.tone()
		}
	}
	if len(grades) == 0 {
		return field{"-", faintTone} // left out
	}
	grade := checker.Weakest(grades...)
	f := field{grade.String(), toneOf(grade)}
	for _, word := range []string{"BROKEN", "FAILED", "unknown", "missed"} {
		if words[word] && f.text != word {
			return field{f.text + " (" + word + ")", tones[word]}
		}
	}
	return f
}

// grid is a table: rows of as many fields each, the first row and column of which are names.
type grid [][]field

func newGrid(corner string, rows, columns []string, at func(row, column string) field) grid {
	head := []field{{corner, faintTone}}
	for _, column := range columns {
		head = append(head, field{strings.ToUpper(column), faintTone})
	}
	g := grid{head}
	for _, name := range rows {
		row := []field{{name, inkTone}}
		for _, column := range columns {
			row = append(row, at(name, column))
		}
		g = append(g, row)
	}
	return g
}

// text is the table as it is printed. What is wider than width, if that is not 0, goes below, with the names again.
func (g grid) text(width int, paint func(tone, string) string) string {
	var b strings.Builder
	for next := 1; next < len(g[0]); {
		if next > 1 {
			b.WriteString("\n")
		}
		from := next
		used := g.width(0)
		for next == from || next < len(g[0]) && (width == 0 || used+gap+g.width(next) <= width) {
			used += gap + g.width(next)
			next++
		}
		for _, row := range g {
			b.WriteString(g.row(row, from, next, paint) + "\n")
		}
	}
	return b.String()
}

// gap is how far columns are apart.
const gap = 2

// width is that of a column.
func (g grid) width(column int) (most int) {
	for _, row := range g {
		most = max(most, ansi.StringWidth(row[column].text))
	}
	return most
}

// row prints the name of a row and its fields from one column to another.
func (g grid) row(row []field, from, to int, paint func(tone, string) string) string {
	var b strings.Builder
	pad := 0
	for i := range row {
		if i > 0 && (i < from || i >= to) {
			continue
		}
		b.WriteString(strings.Repeat(" ", pad))
		b.WriteString(paint(row[i].tone, row[i].text))
		pad = g.width(i) - ansi.StringWidth(row[i].text) + gap
	}
	return b.String()
}

// matrix is the tally's, as wide as whoever looks has room, and an empty line.
func (a app) matrix(t tally) string {
	g := t.matrix()
	if g == nil {
		return ""
	}
	width := 0
	if s := a.stream(); s != nil && s.terminal != nil {
		width, _ = s.size()
	}
	return g.text(width, a.paint) + "\n"
}
