package results

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// BenchTable is a bench as a person reads it, the rows in which one thing is varied.
type BenchTable struct {
	Head []string
	Rows []BenchLine
}

// BenchLine is a row of it.
type BenchLine struct {
	Fields []string
	Marks  string // beside them
}

// Tables are a bench's, one for each thing that was varied.
func (b *Bench) Tables() (tables []BenchTable) {
	for _, what := range b.varied() {
		rows := slices.DeleteFunc(slices.Clone(b.Rows), func(row BenchRow) bool { return first(row.Varied()) != what })
		tables = append(tables, b.table(what, rows))
	}
	return tables
}

func (b *Bench) table(what string, rows []BenchRow) (t BenchTable) {
	columns := slices.DeleteFunc(b.columns(what), func(c benchColumn) bool {
		return !slices.ContainsFunc(rows, func(row BenchRow) bool { return c.of(row) != "" })
	})
	for _, c := range columns {
		t.Head = append(t.Head, c.head)
	}
	for _, row := range rows {
		var fields []string
		for _, c := range columns {
			fields = append(fields, cmp.Or(c.of(row), "-"))
		}
		t.Rows = append(t.Rows, BenchLine{fields, strings.Join(row.Marks(), ", ")})
	}
	return t
}

// benchColumn is a column of a table. One that has nothing in any row is left out.
type benchColumn struct {
	head string
	of   func(BenchRow) string
}

func (b *Bench) columns(what string) []benchColumn {
	ms := func(of func(BenchRow) Spread) func(BenchRow) string {
		return func(row BenchRow) string { return of(row).spelled(milliseconds) }
	}
	number := func(of func(BenchRow) Spread) func(BenchRow) string {
		return func(row BenchRow) string { return of(row).spelled(digits) }
	}
	return []benchColumn{
		{"STRATEGY", func(row BenchRow) string { return row.Strategy }},
		{strings.ToUpper(what), func(row BenchRow) string { return second(row.Varied()) }},
		{"OFFERED/S", BenchRow.offered},
		{"ACQ/S (RANGE)", func(row BenchRow) string { return row.Rate.withRange() }},
		{"x " + strings.ToUpper(b.Reference), func(row BenchRow) string { return row.Ratio.spelled() }},
		{"GAP MS", ms(func(row BenchRow) Spread { return row.Gap })},
		{"P50 MS", ms(func(row BenchRow) Spread { return row.ifStable(row.AcquireP50) })},
		{"P99 MS", ms(func(row BenchRow) Spread { return row.ifStable(row.AcquireP99) })},
		{"LATE P99", ms(func(row BenchRow) Spread { return row.LateP99 })},
		{"HANDOFF MS", ms(func(row BenchRow) Spread { return row.Handoff })},
		{"x FLOOR", number(func(row BenchRow) Spread { return row.OfFloor })},
		{"PROP", number(func(row BenchRow) Spread { return row.Proposals })},
		{"REQ", number(func(row BenchRow) Spread { return row.Requests })},
		{"WATCH", number(func(row BenchRow) Spread { return row.Watches })},
		{"EVENTS", number(func(row BenchRow) Spread { return row.Events })},
		{"IDLE", func(row BenchRow) string {
			return row.Idle.spelled(func(share float64) string { return fmt.Sprintf("%.0f%%", 100*share) })
		}},
	}
}

func (row BenchRow) offered() string {
	if row.Offered == 0 {
		return ""
	}
	return digits(row.Offered)
}

// ifStable leaves out how long acquires took where that says only for how long they were measured.
func (row BenchRow) ifStable(s Spread) Spread {
	if row.Unstable {
		return Spread{}
	}
	return s
}

// withRange is a median with the range of the repeats.
func (s Spread) withRange() string {
	switch s.N {
	case 0:
		return ""
	case 1:
		return digits(s.Median)
	}
	return fmt.Sprintf("%s (%s-%s)", digits(s.Median), digits(s.Low), digits(s.High))
}

func (s Spread) spelled(spell func(float64) string) string {
	if s.N == 0 {
		return ""
	}
	return spell(s.Median)
}

func (r Ratio) spelled() string {
	switch {
	case r.Of == 0:
		return ""
	case !r.Claimed:
		return "~" + digits(r.Of)
	}
	return digits(r.Of)
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
