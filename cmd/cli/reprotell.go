package cli

import (
	"context"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"lockquake/harness/repro"
)

// code is the exit code of one trial.
func (t trial) code() int {
	switch {
	case t.err != nil:
		return exitHarness
	case worstOf(t.findings) == differs:
		return exitBroken
	case worstOf(t.findings) == untold:
		return exitUnknown
	}
	return exitHeld
}

// code is that of all trials, and agreed how many of them came out as expected.
func (s *series) code() (code, agreed int) {
	code = exitHeld
	for _, t := range s.trials {
		code = worse(code, t.code())
		if t.code() == exitHeld {
			agreed++
		}
	}
	return code, agreed
}

// telling is the trial that is told of: the first one with the worst code.
func (s *series) telling() trial {
	code, _ := s.code()
	for _, t := range s.trials {
		if t.code() == code {
			return t
		}
	}
	return s.trials[0]
}

func (s *series) longest() (most time.Duration) {
	for _, t := range s.trials {
		most = max(most, t.took)
	}
	return most
}

// outcome is how many trials came out as expected, in words.
func (s *series) outcome() string {
	code, agreed := s.code()
	if len(s.trials) > 1 {
		return fmt.Sprintf("%d of %d as expected", agreed, len(s.trials))
	}
	return map[int]string{exitHeld: "as expected", exitBroken: "DIFFERS", exitUnknown: "UNKNOWN", exitHarness: "FAILED"}[code]
}

// tellOfAll tells of each as it ends, in order, and gives the exit code.
func (a app) tellOfAll(ctx context.Context, all []*series, o reproOptions) int {
	code, agreed := exitHeld, 0
	t := newReproLines(all)
	if o.inTable {
		t.write(a, "reproduction", "expected", "seen", "seconds", "")
	}
	for _, s := range all {
		s.left.Wait()
		if ctx.Err() != nil {
			break
		}
		c, _ := s.code()
		code = worse(code, c)
		if c == exitHeld {
			agreed++
		}
		if o.inTable {
			t.tell(a, s)
		} else {
			a.tellInFull(s)
		}
		a.tells(reproductionEvent{eventOf("reproduction"), s.told()})
	}
	if ctx.Err() != nil {
		code = worse(code, exitInterrupted)
	}
	how := fmt.Sprintf("%d of %d as expected", agreed, len(all))
	fmt.Fprintf(a.out, "RESULT: %s; exit %d\n", a.paint(toneOfCode(code), how), code)
	a.tells(resultEvent{event: eventOf("result"), Exit: code, Result: how, Interrupted: ctx.Err() != nil})
	return code
}

// reproLines is a table that is printed line by line, as things end: its widths are known before.
type reproLines struct{ id, expected int }

func newReproLines(all []*series) (t reproLines) {
	for _, s := range all {
		t.id = max(t.id, len(s.ID))
		t.expected = max(t.expected, len(expectedOf(s.variant)))
	}
	return t
}

func (t reproLines) write(a app, id, expected, seen, seconds, outcome string) {
	line := fmt.Sprintf("%-*s  %-*s  %-*s  %7s  %s", t.id, id, t.expected, expected, t.expected, seen, seconds, outcome)
	fmt.Fprintln(a.out, strings.TrimRight(line, " "))
}

func (t reproLines) tell(a app, s *series) {
	worst := s.telling()
	t.write(a, s.ID, expectedOf(s.variant), seenOf(worst.findings), fmt.Sprintf("%.1f", s.longest().Seconds()), s.outcome())
	if worst.err != nil {
		fmt.Fprintf(a.out, "  %v\n", worst.err)
	}
	for _, f := range worst.findings {
		if f.State != agrees {
			fmt.Fprintf(a.out, "  %s: %s, not %s: %s\n", f.Asked, f.Seen, f.Expected, f.Why)
		}
	}
}

func (a app) tellInFull(s *series) {
	t := s.telling()
	fmt.Fprintf(a.out, "%s: %s\n  upstream: %s\n  lock:     %s\n", s.ID, s.Shows, s.Upstream, s.variant.Lock)
	fmt.Fprintln(a.out, "\nsteps")
	for _, step := range t.record.Steps {
		fmt.Fprintf(a.out, "  %6.3f s  %s\n", step.At.Seconds(), step.What)
	}
	if t.err != nil {
		fmt.Fprintf(a.out, "\n%v\n", t.err)
	} else {
		a.tellFindings(t)
	}
	fmt.Fprintf(a.out, "\n%s: %s (%.1f s)\n", s.ID, s.outcome(), s.longest().Seconds())
}

func (a app) tellFindings(t trial) {
	fmt.Fprintln(a.out)
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "verdicts\texpected\tseen")
	for _, f := range t.findings {
		fmt.Fprintf(w, "  %s\t%s\t%s\t%s\n", f.Asked, f.Expected, f.Seen, f.Why)
	}
	w.Flush()
	fmt.Fprintln(a.out, "\nstory, from the history")
	for _, line := range t.story {
		fmt.Fprintf(a.out, "  %s\n", line)
	}
}

// toldSeries is a series as --json tells of it.
type toldSeries struct {
	ID       string      `json:"id"`
	Shows    string      `json:"shows"`
	Upstream string      `json:"upstream"`
	Lock     string      `json:"lock"`
	Trials   []toldTrial `json:"trials"`
}

type toldTrial struct {
	Seconds  float64      `json:"seconds"`
	State    state        `json:"state,omitempty"`
	Findings []finding    `json:"findings,omitempty"`
	Script   repro.Record `json:"script"`
	Story    []string     `json:"story,omitempty"`
	Error    string       `json:"error,omitempty"`
}

func (s *series) told() toldSeries {
	told := toldSeries{ID: s.ID, Shows: s.Shows, Upstream: s.Upstream, Lock: s.variant.Lock}
	for _, t := range s.trials {
		told.Trials = append(told.Trials, t.told())
	}
	return told
}

func (t trial) told() toldTrial {
	told := toldTrial{Seconds: t.took.Seconds(), Script: t.record, Findings: t.findings, Story: t.story}
	if t.err != nil {
		told.Error = t.err.Error()
		return told
	}
	told.State = worstOf(t.findings)
	return told
}
