package cli

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/charmbracelet/x/ansi"

	"lockquake/checker"
	"lockquake/results"
)

// outcome is what became of a cell.
type outcome struct {
	name      results.CellName
	judgement checker.Judgement
	// thresholds are those that were asked for.
	thresholds []results.Threshold
	file       string // the history, where it is in no run
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

// lastedIn is how long it took, in words; empty: nobody has measured that.
func (o outcome) lastedIn() string {
	switch {
	case o.virtual && o.lasted > 0:
		return fmt.Sprintf("%v in %.1f s", o.lasted.Round(time.Second), o.took.Seconds())
	case o.took > 0:
		return fmt.Sprintf("%.1f s", o.took.Seconds())
	}
	return ""
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

// tellOf prints a cell's line, and below it what else is to be known of it.
func (a app) tellOf(n, total int, o outcome) {
	a.tellLine(n, total, field{fmt.Sprintf("%-7s", o.word()), o.tone()}, field{fmt.Sprintf("%-13s", o.grade()), o.gradeTone()}, o.name.String(), o.lastedIn())
	if o.err != nil {
		a.detail("%v", o.err)
	}
	if o.unsaved != nil {
		a.detail("not stored: %v", o.unsaved)
	}
	if o.cut != "" {
		a.detail("history: %s", o.cut)
	}
	for _, v := range telling(o.judgement) {
		a.detail("%s %s: %s", v.Checker, v.Validity, v.Why)
	}
	for _, t := range notMet(o.thresholds) {
		a.detail("%s %s: %s", t.Name, t.Word(), t.Why)
	}
	a.annotate(o.severity(), o.word(), o)
	a.tells(o.event(n, total))
}

// tellLine prints how a cell came out, in one line.
func (a app) tellLine(n, total int, word, grade field, name, took string) {
	line := fmt.Sprintf("cell %*d/%d  %s  ", len(fmt.Sprint(total)), n, total, a.paint(word.tone, word.text))
	if grade.text != "" {
		line += a.paint(grade.tone, grade.text) + "  "
	}
	line += printable(name)
	if took != "" {
		line += a.paint(faintTone, "  ("+took+")")
	}
	fmt.Fprintln(a.out, line)
}

// detail prints what belongs to the line above it: on a terminal as wide as that is, else each line in one.
func (a app) detail(format string, args ...any) {
	const indent = "      "
	text := printable(fmt.Sprintf(format, args...))
	if s := a.stream(); s != nil && s.terminal != nil {
		width, _ := s.size()
		text = ansi.Wordwrap(text, max(20, width-1-len(indent)), "")
	}
	for line := range strings.Lines(text) {
		fmt.Fprintln(a.out, indent+a.inert(strings.TrimRight(line, "\n")))
	}
}

// printable is a text without anything that would make a terminal do things: it may come from somebody's lock.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return ' '
		}
		return r
	}, text)
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
	missedBeside                                    int  // of the unknown, who missed a threshold for sure
	outcomes                                        []outcome
	undone                                          []results.CellName // planned, and never begun
}

func (t *tally) add(o outcome) {
	if o.skipped {
		t.undone = append(t.undone, o.name)
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
		if results.Missed(o.thresholds) {
			t.missedBeside++
		}
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
		{t.broken, exitBroken}, {t.failed + t.unsaved, exitHarness}, {t.badInput, exitUsage}, {unknown, exitUnknown}, {t.total - t.done, exitUnknown}, {t.missed + t.missedBeside, exitThreshold},
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

func appendNew(list []string, s string) []string {
	if slices.Contains(list, s) {
		return list
	}
	return append(list, s)
}
