package cli

import (
	"fmt"
	"slices"
	"strings"

	"lockquake/checker"
	"lockquake/checker/history"
	"lockquake/harness/repro"
)

// finding compares what was expected of a reproduction with what was seen.
type finding struct {
	Asked    string `json:"asked"` // a checker or a measured fact
	Expected string `json:"expected"`
	Seen     string `json:"seen"`
	Why      string `json:"why,omitempty"`
	State    state  `json:"state"`
}

// state is what came of a comparison.
type state string

const (
	agrees  state = "agrees"
	differs state = "differs"
	untold  state = "unknown"
)

// findings are those of one trial.
func findings(v repro.Variant, j checker.Judgement, facts []repro.Fact) []finding {
	var all []finding
	for _, e := range v.Expect {
		all = append(all, compareVerdict(e, verdict(j, e.Checker)))
	}
	for _, b := range v.Bounds {
		i := slices.IndexFunc(facts, func(f repro.Fact) bool { return f.Name == b.Fact })
		if i < 0 {
			all = append(all, finding{Asked: b.Fact, Expected: boundText(b), Seen: "not measured", State: untold})
			continue
		}
		all = append(all, compareFact(b, facts[i].Value))
	}
	return all
}

func compareVerdict(e repro.Expectation, v checker.Verdict) finding {
	f := finding{Asked: e.Checker, Expected: culpritText(string(e.Verdict), e.Culprit), Seen: v.Validity.String(), Why: v.Why, State: differs}
	if e.Culprit != "" {
		f.Seen = culpritText(f.Seen, v.Culprit)
	}
	switch {
	case v.Validity == checker.Unknown:
		f.State = untold
	case f.Seen == f.Expected && strings.Contains(v.Why, e.Why):
		f.State = agrees
	}
	return f
}

func culpritText(verdict, culprit string) string {
	if culprit == "" {
		return verdict
	}
	return verdict + " by " + culprit
}

func compareFact(b repro.Bound, value float64) finding {
	f := finding{Asked: b.Fact, Expected: boundText(b), Seen: fmt.Sprintf("%.4g", value), State: differs}
	if b.AtLeast <= value && value <= b.AtMost {
		f.State = agrees
	}
	return f
}

func boundText(b repro.Bound) string {
	switch {
	case b.AtLeast == b.AtMost:
		return fmt.Sprintf("%g", b.AtLeast)
	case b.AtLeast == 0:
		return fmt.Sprintf("at most %g", b.AtMost)
	}
	return fmt.Sprintf("at least %g", b.AtLeast)
}

// worstOf is the state of several findings together: what is known to differ does.
func worstOf(all []finding) state {
	for _, s := range []state{differs, untold} {
		if slices.ContainsFunc(all, func(f finding) bool { return f.State == s }) {
			return s
		}
	}
	return agrees
}

// expectedOf is what is expected, in a line.
func expectedOf(v repro.Variant) string {
	var all []finding
	for _, e := range v.Expect {
		all = append(all, finding{Asked: e.Checker, Expected: culpritText(string(e.Verdict), e.Culprit)})
	}
	for _, b := range v.Bounds {
		all = append(all, finding{Asked: b.Fact, Expected: boundText(b)})
	}
	return inLine(all, func(f finding) string { return f.Expected })
}

// seenOf is what was seen, in the same form.
func seenOf(all []finding) string { return inLine(all, func(f finding) string { return f.Seen }) }

// inLine lists what is broken, then what was measured, then what holds. That the faults left evidence goes without
// saying.
func inLine(all []finding, said func(finding) string) string {
	var broken, measured, held []string
	for _, f := range all {
		validity, culprit, _ := strings.Cut(said(f), " by ")
		switch {
		case f.Asked == "evidence" && validity == string(repro.Valid):
		case validity == string(repro.Valid):
			held = append(held, f.Asked)
		case validity == string(repro.Invalid) && culprit != "":
			broken = append(broken, fmt.Sprintf("%s (%s)", f.Asked, culprit))
		case validity == string(repro.Invalid):
			broken = append(broken, f.Asked)
		default:
			measured = append(measured, f.Asked+": "+validity)
		}
	}
	var parts []string
	for _, part := range []struct {
		lead  string
		names []string
	}{{"broken: ", broken}, {"", measured}, {"holds: ", held}} {
		if part.names != nil {
			parts = append(parts, part.lead+strings.Join(part.names, ", "))
		}
	}
	return strings.Join(parts, "; ")
}

// storyOf is that of the first broken checker which the variant names. Where none was broken it is all that the
// clients and the nemesis did.
func storyOf(v repro.Variant, j checker.Judgement, h *history.History) []string {
	for _, e := range v.Expect {
		if told := verdict(j, e.Checker); told.Validity == checker.Invalid && len(told.Story) > 0 {
			return told.Story
		}
	}
	return tale(h)
}

// tale is a whole history in words, a line an event. Of the renewals of a lease it has the last one.
func tale(h *history.History) []string {
	last := map[int64]int64{}
	for i := range h.Infos {
		if e := &h.Infos[i]; e.Op == history.Renewed {
			last[e.Lease] = e.Seq
		}
	}
	var lines []string
	for m := range h.Moments() {
		var what string
		switch {
		case m.Info == nil:
			what = told(m)
		case m.Info.Op == history.Granted, m.Seq == last[m.Info.Lease]:
			what = fmt.Sprintf("c%d's lease %x was %v", m.Info.Client, m.Info.Lease, m.Info.Op)
		case m.Info.Op == history.Lost, m.Info.Op == history.Crash:
			what = fmt.Sprintf("c%d: %v %s", m.Info.Client, m.Info.Op, m.Info.Key)
		}
		if what != "" {
			lines = append(lines, fmt.Sprintf("%.3f s  %s", m.At.Seconds(), what))
		}
	}
	return lines
}

// told is the beginning or the end of an operation in words; empty: it is of no use to a reader.
func told(m history.Moment) string {
	o := m.Op
	switch {
	case o.Client == history.Nemesis && !m.Ends:
		return ""
	case o.Client == history.Nemesis:
		return fmt.Sprintf("%v %s: %s", o.Op, o.Fault, o.Note)
	case !m.Ends:
		return fmt.Sprintf("c%d begins to %v %s", o.Client, o.Op, o.Key)
	}
	what := fmt.Sprintf("c%d's %v of %s came out %v", o.Client, o.Op, o.Key, o.Outcome)
	if o.Error != "" {
		what += ": " + o.Error
	}
	return what
}
