package cli

import (
	"context"
	"fmt"
	"strings"
	"text/tabwriter"

	"lockquake/results"
)

// tellOfSpecimen prints a line for a cell as it ends.
func (a app) tellOfSpecimen(o selftestOptions) func(n, total int, cell outcome) {
	return func(n, total int, cell outcome) {
		seed := o.seed + uint64(cell.name.Repeat) - 1
		sighted := a.catalogue.sighted(cell)
		name := results.CellName{Strategy: cell.name.Strategy, Fault: cell.name.Fault, Repeat: 1}
		a.tellLine(n, total, field{fmt.Sprintf("%-8s", sighted), toneOfSighted(sighted)}, field{}, fmt.Sprintf("%s, seed %d", name, seed), cell.lastedIn())
		if cell.unsaved != nil {
			a.detail("not stored: %v", cell.unsaved)
		}
		a.annotate(severityOfSighted(sighted), sighted, cell)
		e := cell.event(n, total)
		e.Outcome, e.Seed = strings.ToLower(sighted), seed
		a.tells(e)
	}
}

// sighted is what a cell says, in a word.
func (c Catalogue) sighted(o outcome) string {
	for _, p := range proofs() {
		for _, it := range p.catches {
			if it.strategy == o.name.Strategy && p.fault == o.name.Fault {
				return map[sightingState]string{notTold: "unknown", cleared: "MISSED", accused: "caught"}[it.sightingOf(o).state]
			}
		}
	}
	return map[sightingState]string{notTold: "unknown", cleared: "held", accused: "ACCUSED"}[sightingOfSound(o, c.promise(o.name.Strategy)).state]
}

func toneOfSighted(word string) tone {
	switch word {
	case "held", "caught":
		return exclusiveTone
	case "MISSED", "ACCUSED":
		return unsafeTone
	}
	return faintTone
}

func severityOfSighted(word string) severity {
	switch word {
	case "held", "caught":
		return notice
	case "MISSED", "ACCUSED":
		return failure
	}
	return warning
}

// tellOfSelftest prints what was found of each lock, and ends the command.
func (a app) tellOfSelftest(ctx context.Context, o selftestOptions, found []specimen, t tally, report string) error {
	code := exitHeld
	for _, s := range found {
		code = worse(code, s.code())
	}
	if ctx.Err() != nil {
		code = worse(code, exitInterrupted)
	}
	fmt.Fprintln(a.out)
	a.tellOfSpecimens(found, true, "BROKEN LOCK\tFAULT\tCHECKER\tCAUGHT\t95 %\tWHAT IT SAID")
	a.tellOfSpecimens(found, false, "SOUND LOCK\t\t\tACCUSED\t95 %\tWHAT IT SAID")
	fmt.Fprintf(a.out, "report: %s\nRESULT: %s; %s; exit %d\n", report, a.paint(toneOfCode(code), summary(found)), o.span(), code)
	for _, s := range found {
		a.tells(lockEvent{eventOf("lock"), s})
	}
	a.tells(resultEvent{event: eventOf("result"), Exit: code, Result: summary(found), Interrupted: ctx.Err() != nil, Counts: t.counts(), Report: report})
	return ended(code)
}

func (a app) tellOfSpecimens(found []specimen, broken bool, head string) {
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, head)
	for _, s := range found {
		if s.Broken == broken {
			line := []string{s.Strategy, s.Fault, s.Checker, s.score(), s.interval(), s.Why}
			fmt.Fprintln(w, strings.TrimRight(strings.Join(line, "\t"), "\t"))
		}
	}
	fmt.Fprintln(w)
	w.Flush()
}

func (s specimen) score() string {
	score := fmt.Sprintf("%d of %d", s.Accused, s.Cells)
	if s.Unknown > 0 {
		score += fmt.Sprintf(", %d unknown", s.Unknown)
	}
	return score
}

func (s specimen) interval() string { return fmt.Sprintf("%.0f to %.0f", 100*s.Low, 100*s.High) }

// summary counts the locks of which all came out as it should.
func summary(found []specimen) string {
	var broken, caught, sound, accused int
	for _, s := range found {
		switch {
		case s.Broken:
			broken++
			if s.code() == exitHeld {
				caught++
			}
		default:
			sound++
			if s.Accused > 0 {
				accused++
			}
		}
	}
	return fmt.Sprintf("%d of %d broken locks caught in every cell, %d of %d sound ones accused", caught, broken, accused, sound)
}
