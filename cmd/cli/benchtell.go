package cli

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

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

// benchTable is a bench for a person: a table for each thing that was varied, and what must be known to read it.
func benchTable(b results.Bench) string {
	var out strings.Builder
	var whats []string
	for _, row := range b.Rows {
		what, _ := row.Varied()
		whats = appendNew(whats, what)
	}
	for _, what := range whats {
		rows := slices.DeleteFunc(slices.Clone(b.Rows), func(row results.BenchRow) bool {
			of, _ := row.Varied()
			return of != what
		})
		writeBench(&out, b, what, rows)
	}
	for _, note := range b.Notes() {
		out.WriteString(note + "\n")
	}
	if len(b.Rows) > 0 {
		out.WriteString("\n")
	}
	return out.String()
}

// benchColumn is a column of the table. One that is empty in all rows is left out.
type benchColumn struct {
	head string
	of   func(results.BenchRow) string
}

func benchColumns(b results.Bench, what string) []benchColumn {
	ms := func(of func(results.BenchRow) results.Spread) func(results.BenchRow) string {
		return func(row results.BenchRow) string { return ofSpread(of(row), milliseconds) }
	}
	number := func(of func(results.BenchRow) results.Spread) func(results.BenchRow) string {
		return func(row results.BenchRow) string { return ofSpread(of(row), digits) }
	}
	return []benchColumn{
		{"STRATEGY", func(row results.BenchRow) string { return row.Strategy }},
		{strings.ToUpper(what), func(row results.BenchRow) string { _, value := row.Varied(); return value }},
		{"OFFERED/S", func(row results.BenchRow) string {
			if row.Offered == 0 {
				return ""
			}
			return digits(row.Offered)
		}},
		{"ACQ/S (RANGE)", func(row results.BenchRow) string { return rate(row.Rate) }},
		{"x " + strings.ToUpper(b.Reference), func(row results.BenchRow) string { return times(row.Ratio) }},
		{"GAP MS", ms(func(row results.BenchRow) results.Spread { return row.Gap })},
		{"P50 MS", ms(func(row results.BenchRow) results.Spread { return ifStable(row, row.AcquireP50) })},
		{"P99 MS", ms(func(row results.BenchRow) results.Spread { return ifStable(row, row.AcquireP99) })},
		{"LATE P99", ms(func(row results.BenchRow) results.Spread { return row.LateP99 })},
		{"HANDOFF MS", ms(func(row results.BenchRow) results.Spread { return row.Handoff })},
		{"x FLOOR", number(func(row results.BenchRow) results.Spread { return row.OfFloor })},
		{"PROP", number(func(row results.BenchRow) results.Spread { return row.Proposals })},
		{"REQ", number(func(row results.BenchRow) results.Spread { return row.Requests })},
		{"WATCH", number(func(row results.BenchRow) results.Spread { return row.Watches })},
		{"EVENTS", number(func(row results.BenchRow) results.Spread { return row.Events })},
		{"IDLE", func(row results.BenchRow) string {
			return ofSpread(row.Idle, func(share float64) string { return fmt.Sprintf("%.0f%%", 100*share) })
		}},
		{"", func(row results.BenchRow) string { return strings.Join(row.Marks(), ", ") }},
	}
}

func writeBench(out *strings.Builder, b results.Bench, what string, rows []results.BenchRow) {
	columns := slices.DeleteFunc(benchColumns(b, what), func(c benchColumn) bool {
		return !slices.ContainsFunc(rows, func(row results.BenchRow) bool { return c.of(row) != "" })
	})
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	var head []string
	for _, c := range columns {
		head = append(head, c.head)
	}
	fmt.Fprintln(w, strings.Join(head, "\t"))
	for _, row := range rows {
		var fields []string
		for _, c := range columns {
			fields = append(fields, cmp.Or(c.of(row), "-"))
		}
		if columns[len(columns)-1].head == "" && fields[len(fields)-1] == "-" {
			fields[len(fields)-1] = ""
		}
		fmt.Fprintln(w, strings.Join(fields, "\t"))
	}
	w.Flush()
	out.WriteString("\n")
}

// ifStable leaves out how long acquires took where that says only for how long they were measured.
func ifStable(row results.BenchRow, s results.Spread) results.Spread {
	if row.Unstable {
		return results.Spread{}
	}
	return s
}

// rate is a median with the range of the repeats.
func rate(s results.Spread) string {
	switch s.N {
	case 0:
		return ""
	case 1:
		return digits(s.Median)
	}
	return fmt.Sprintf("%s (%s-%s)", digits(s.Median), digits(s.Low), digits(s.High))
}

func times(r results.Ratio) string {
	switch {
	case r.Of == 0:
		return ""
	case !r.Claimed:
		return "~" + digits(r.Of)
	}
	return digits(r.Of)
}

func ofSpread(s results.Spread, spell func(float64) string) string {
	if s.N == 0 {
		return ""
	}
	return spell(s.Median)
}

// digits has three digits of what is less than a hundred.
func digits(v float64) string {
	switch {
	case v == 0:
		return "0"
	case v >= 99.95:
		return fmt.Sprintf("%.0f", v)
	case v >= 9.995:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.2f", v)
}

// milliseconds are those of nanoseconds.
func milliseconds(ns float64) string { return digits(time.Duration(ns).Seconds() * 1000) }
