package cli

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"lockquake/checker"
	"lockquake/results"
)

// outcome is what became of a cell.
type outcome struct {
	name      results.CellName
	judgement checker.Judgement
	// thresholds are those that were asked for.
	thresholds []results.Threshold
	cut        string // why the history is not whole
	garbled    bool
	took       time.Duration
	lasted     time.Duration // in the cell's own time, until the last event
	virtual    bool          // that was virtual time
	err        error         // the harness failed: there is no judgement
	unsaved    error         // the judgement could not be stored
	skipped    bool
}

// word is the cell's outcome in one word.
func (o outcome) word() string {
	switch {
	case o.err != nil, o.judgement.Harness:
		return "FAILED"
	case o.judgement.Validity == checker.Invalid:
		return "BROKEN"
	case o.judgement.Validity == checker.Unknown, results.Met(o.thresholds) == checker.Unknown:
		return "unknown"
	case results.Met(o.thresholds) == checker.Invalid:
		return "missed"
	}
	return "held"
}

// grade is the cell's; a cell that failed has none.
func (o outcome) grade() checker.Grade {
	if o.err != nil {
		return checker.Ungraded
	}
	return o.judgement.Grade
}

// judge judges a stored history and stores the judgement.
func (a app) judge(stored *results.Cell, checkers []checker.Checker, p checker.Promise) outcome {
	want, err := wantOf(stored.Record().Asked)
	if err != nil {
		return outcome{err: err}
	}
	h, err := stored.ReadHistory()
	if err != nil {
		return outcome{err: err}
	}
	o := outcome{lasted: h.Last(), judgement: checker.Judge(h, checkers, p, want), cut: h.Cut, garbled: h.Garbled}
	o.unsaved = stored.Finish(h, o.judgement)
	o.thresholds = stored.Record().Thresholds
	return o
}

// tellOf prints a cell's line.
func (a app) tellOf(n, total int, o outcome) {
	fmt.Fprintf(a.out, "cell %*d/%d  %-7s  %-13s  %s", len(fmt.Sprint(total)), n, total, o.word(), o.grade(), o.name)
	switch {
	case o.virtual && o.lasted > 0:
		fmt.Fprintf(a.out, "  (%v in %.1f s)", o.lasted.Round(time.Second), o.took.Seconds())
	case o.took > 0:
		fmt.Fprintf(a.out, "  (%.1f s)", o.took.Seconds())
	}
	fmt.Fprintln(a.out)
	if o.err != nil {
		fmt.Fprintf(a.out, "      %v\n", o.err)
	}
	if o.unsaved != nil {
		fmt.Fprintf(a.out, "      not stored: %v\n", o.unsaved)
	}
	if o.cut != "" {
		fmt.Fprintf(a.out, "      history: %s\n", o.cut)
	}
	for _, v := range telling(o.judgement) {
		fmt.Fprintf(a.out, "      %s %s: %s\n", v.Checker, v.Validity, v.Why)
	}
	for _, t := range notMet(o.thresholds) {
		fmt.Fprintf(a.out, "      %s %s: %s\n", t.Name, t.Word(), t.Why)
	}
}

// telling are the verdicts that a reader of one line a cell must see: all that are not valid.
func telling(j checker.Judgement) []checker.Verdict {
	return slices.DeleteFunc(slices.Clone(j.Verdicts), func(v checker.Verdict) bool { return v.Validity == checker.Valid })
}

// tally counts outcomes.
type tally struct {
	total, done                                     int
	held, missed, broken, unknown, failed, badInput int
	unsaved                                         int
	letPass                                         bool // what is not known, once it was judged
	outcomes                                        []outcome
}

func (t *tally) add(o outcome) {
	if o.skipped {
		return
	}
	t.done++
	t.outcomes = append(t.outcomes, o)
	switch o.word() {
	case "held":
		t.held++
	case "missed":
		t.missed++
	case "BROKEN":
		t.broken++
	case "FAILED":
		t.failed++
	default:
		t.unknown++
	}
	if o.garbled {
		t.badInput++
	}
	if o.unsaved != nil {
		t.unsaved++
	}
}

// code is the exit code; nothing judged is nothing known.
func (t tally) code() int {
	code, unknown := exitHeld, t.unknown
	if t.letPass {
		unknown = 0
	}
	for _, c := range []struct{ count, code int }{
		{t.broken, exitBroken}, {t.failed + t.unsaved, exitHarness}, {t.badInput, exitUsage}, {unknown, exitUnknown}, {t.total - t.done, exitUnknown}, {t.missed, exitThreshold},
	} {
		if c.count > 0 {
			code = worse(code, c.code)
		}
	}
	if t.done == 0 {
		code = worse(code, exitUnknown)
	}
	return code
}

func (t tally) String() string {
	parts := []string{fmt.Sprintf("%d of %d cells held", t.held, t.total)}
	unknown := "unknown"
	if t.letPass {
		unknown = "unknown and let pass"
	}
	for _, p := range []struct {
		count int
		what  string
	}{{t.broken, "broken"}, {t.missed, "missed a threshold"}, {t.unknown, unknown}, {t.failed, "failed"}, {t.unsaved, "not stored"}, {t.total - t.done, "not done"}} {
		if p.count > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", p.count, p.what))
		}
	}
	return strings.Join(parts, ", ")
}

// matrix shows the grade of each strategy under each fault and, where there are several, in all. The longer
// list goes down.
func (t tally) matrix() string {
	if len(t.outcomes) == 0 {
		return ""
	}
	var strategies, faults []string
	for _, o := range t.outcomes {
		strategies = appendNew(strategies, o.name.Strategy)
		faults = appendNew(faults, o.name.Fault)
	}
	if len(faults) > 1 {
		faults = append(faults, weakest)
	}
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	if len(faults) <= max(len(strategies), widest) {
		t.write(w, "STRATEGY", strategies, faults, t.field)
	} else {
		t.write(w, "FAULT", faults, strategies, func(fault, strategy string) string { return t.field(strategy, fault) })
	}
	w.Flush()
	return b.String() + "\n"
}

const (
	weakest = "weakest" // stands for all faults
	widest  = 8         // columns that a terminal has room for
)

func (tally) write(w io.Writer, corner string, rows, columns []string, field func(row, column string) string) {
	fmt.Fprintf(w, "%s\t%s\n", corner, strings.ToUpper(strings.Join(columns, "\t")))
	for _, name := range rows {
		row := []string{name}
		for _, column := range columns {
			row = append(row, field(name, column))
		}
		fmt.Fprintln(w, strings.Join(row, "\t"))
	}
}

// field is what the matrix shows of a strategy under a fault: the weakest grade, with a mark if not all
// cells held.
func (t tally) field(strategy, fault string) string {
	var grades []checker.Grade
	words := map[string]bool{}
	for _, o := range t.outcomes {
		if o.name.Strategy == strategy && (o.name.Fault == fault || fault == weakest) {
			grades = append(grades, o.grade())
			words[o.word()] = true
		}
	}
	if len(grades) == 0 {
		return "-" // left out
	}
	field := checker.Weakest(grades...).String()
	for _, word := range []string{"BROKEN", "FAILED", "unknown", "missed"} {
		if words[word] && field != word {
			return field + " (" + word + ")"
		}
	}
	return field
}

func appendNew(list []string, s string) []string {
	if slices.Contains(list, s) {
		return list
	}
	return append(list, s)
}
