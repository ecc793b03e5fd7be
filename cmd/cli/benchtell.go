package cli

import (
	"fmt"
	"strings"
	"text/tabwriter"

	"lockquake/results"
)

// tellOfBench gives what prints a cell's line: how fast its lock was, or what else is to be told.
func (a app) tellOfBench(run *results.Run) func(n, total int, o outcome) {
	return func(n, total int, o outcome) {
		stored, err := run.Cell(o.name)
		if o.word() != "held" || o.unsaved != nil || err != nil {
			a.tellOf(n, total, o)
			return
		}
		measured, err := stored.Stats()
		if err != nil {
			a.tellOf(n, total, o)
			return
		}
		a.tellLine(n, total, field{fmt.Sprintf("%-7s", o.word()), o.tone()}, field{fmt.Sprintf("%7.1f/s", measured.PerSecond), inkTone}, o.name.String(), o.lastedIn())
		e := o.event(n, total)
		e.PerSecond = measured.PerSecond
		a.tells(e)
	}
}

// unlessHeld is the matrix of grades, if it says more than that all was well.
func (a app) unlessHeld(t tally) string {
	if t.held == t.done {
		return ""
	}
	return a.matrix(t)
}

// benchTables are a bench for a person, with what must be known to read it.
func benchTables(b results.Bench) string {
	var out strings.Builder
	for _, t := range b.Tables() {
		w := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, strings.Join(t.Head, "\t"))
		for _, row := range t.Rows {
			fmt.Fprintln(w, strings.Join(append(row.Fields, row.Marks), "\t"))
		}
		w.Flush()
		out.WriteString("\n")
	}
	for _, note := range b.Notes() {
		out.WriteString(note + "\n")
	}
	if len(b.Rows) > 0 {
		out.WriteString("\n")
	}
	return out.String()
}
