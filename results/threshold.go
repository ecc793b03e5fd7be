package results

import (
	"fmt"
	"slices"
	"time"

	"lockquake/checker"
	"lockquake/checker/history"
)

// Asked is what a cell has to give.
type Asked struct {
	Want   string `json:"want,omitempty"` // of its guarantee, as the command line has it
	Limits Limits `json:"limits,omitzero"`
}

// Limits are thresholds that a cell has to keep besides its guarantee. A zero field asks for nothing.
type Limits struct {
	MaxP99 time.Duration `json:"max_p99_ns,omitzero"` // 99 % of acquires take no longer
	MaxGap time.Duration `json:"max_gap_ns,omitzero"` // there is never a longer time without a grant
	MinOps int           `json:"min_ops,omitzero"`    // there are at least so many acquires
}

// Threshold is how a cell came out against one of its limits.
type Threshold struct {
	Name     string           `json:"name"`     // max-p99, max-gap or min-ops
	Validity checker.Validity `json:"validity"` // valid: met; invalid: missed
	Why      string           `json:"why"`      // what was measured, where, and by how much it is missed
	Limit    float64          `json:"limit"`
	Measured *float64         `json:"measured"` // nil: nothing
	Unit     string           `json:"unit"`     // ms, or acquires
}

// Word says how it came out: met, missed or unknown.
func (t Threshold) Word() string {
	return [...]string{checker.Unknown: "unknown", checker.Valid: "met", checker.Invalid: "missed"}[t.Validity]
}

// Judge holds a history against the limits. Like the statistics, it looks at the measured window only.
func (l Limits) Judge(h history.History) []Threshold {
	if l == (Limits{}) {
		return nil
	}
	s := unmarked(&h)
	return l.judge(s, s.measure(), h.Cut != "")
}

// judge knows nothing of the rest of a history that is cut short.
func (l Limits) judge(s *scene, st Stats, cut bool) (all []Threshold) {
	if l.MaxP99 > 0 {
		all = append(all, l.p99(s, st, cut))
	}
	if l.MaxGap > 0 {
		all = append(all, l.gap(st, cut))
	}
	if l.MinOps > 0 {
		all = append(all, l.ops(st, cut))
	}
	return all
}

// p99 counts as too long also what waited for longer than the limit in vain. Else a lock would do well that lets one
// client in again and again, and the others never.
func (l Limits) p99(s *scene, st Stats, cut bool) Threshold {
	t := Threshold{Name: "max-p99", Unit: "ms", Limit: inMs(l.MaxP99)}
	waited, vain := s.patience(st, l.MaxP99)
	switch {
	case cut:
		t.Why = "the history is cut short: how long the rest took is not known"
	case st.Unstable():
		t.Why = fmt.Sprintf("a backlog of %d acquires that were due: how long they took says only how long it was measured", st.Backlog)
	case waited.Count == 0:
		t.Why = "nobody acquired the lock in the measured time"
	default:
		t.Why = fmt.Sprintf("99 %% of %d acquires took up to %s", waited.Count, words(waited.P99))
		if waited.Count == 1 {
			t.Why = "the only acquire took " + words(waited.P99)
		}
		if vain > 0 {
			t.Why += fmt.Sprintf(" (%d of them in vain)", vain)
		}
		t.hold(waited.P99, l.MaxP99)
	}
	return t
}

// patience is how long acquires took that came out ok, and those that waited in vain for more than a limit.
func (s *scene) patience(st Stats, limit time.Duration) (waited Latency, vain int) {
	latencies := newHistogram()
	for i := range s.h.Ops {
		o := &s.h.Ops[i]
		end := min(o.ReturnAt, s.last)
		took := end - o.Due()
		ok := o.Outcome == history.OK
		if !waits(o) || !st.measured(end) && o.Return != history.Open || !ok && took <= limit {
			continue
		}
		if !ok {
			vain++
		}
		latencies.record(took)
	}
	return latencies.latency(), vain
}

func (l Limits) gap(st Stats, cut bool) Threshold {
	t := Threshold{Name: "max-gap", Unit: "ms", Limit: inMs(l.MaxGap)}
	t.Why = fmt.Sprintf("nobody was granted the lock for %s from %.3f s on", words(st.LongestGap), st.LongestGapAt.Seconds())
	t.hold(st.LongestGap, l.MaxGap)
	switch {
	case t.Validity == checker.Invalid: // a longer gap than the limit is one, whatever came then
	case cut:
		t.Validity = checker.Unknown
		t.Why += "; the history is cut short"
	case st.Acquired == 0:
		t.Validity = checker.Unknown
		t.Why += "; that is all that was measured"
	}
	return t
}

func (l Limits) ops(st Stats, cut bool) Threshold {
	got := float64(st.Acquired)
	t := Threshold{Name: "min-ops", Unit: "acquires", Limit: float64(l.MinOps), Measured: &got, Validity: checker.Valid}
	t.Why = fmt.Sprintf("%d acquired in %s, at least %d", st.Acquired, words(st.To-st.From), l.MinOps)
	if st.Acquired < l.MinOps {
		t.Validity = checker.Invalid
		t.Why = fmt.Sprintf("%d acquired in %s, %d fewer than %d", st.Acquired, words(st.To-st.From), l.MinOps-st.Acquired, l.MinOps)
	}
	if t.Validity == checker.Invalid && cut {
		t.Validity = checker.Unknown
		t.Why += "; the history is cut short"
	}
	return t
}

// hold notes what was measured and holds it against the most that there may be.
func (t *Threshold) hold(measured, most time.Duration) {
	value := inMs(measured)
	t.Measured, t.Validity = &value, checker.Valid
	if measured <= most {
		t.Why += fmt.Sprintf(", within %s", words(most))
		return
	}
	over := measured - most
	t.Validity = checker.Invalid
	t.Why += fmt.Sprintf(", %s (%.0f %%) more than %s", words(over), 100*float64(over)/float64(most), words(most))
}

func inMs(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// Met tells of thresholds together whether they are: what is not known of one is not known of all, even if another one
// is missed. None are met.
func Met(thresholds []Threshold) checker.Validity {
	validity := checker.Valid
	for _, t := range thresholds {
		switch t.Validity {
		case checker.Unknown:
			return checker.Unknown
		case checker.Invalid:
			validity = checker.Invalid
		}
	}
	return validity
}

// Missed tells whether one of several thresholds surely is, whatever is not known of others.
func Missed(thresholds []Threshold) bool {
	return slices.ContainsFunc(thresholds, func(t Threshold) bool { return t.Validity == checker.Invalid })
}

// doubt makes unknown what was measured on a history that is not sound.
func doubt(thresholds []Threshold) {
	for i := range thresholds {
		thresholds[i].Validity = checker.Unknown
		thresholds[i].Why += "; but lockquake failed"
	}
}

// telling is the threshold that says most of a cell that did not meet all; false: it did.
func telling(thresholds []Threshold) (Threshold, bool) {
	validity := Met(thresholds)
	i := slices.IndexFunc(thresholds, func(t Threshold) bool { return t.Validity == validity })
	if i < 0 || validity == checker.Valid {
		return Threshold{}, false
	}
	return thresholds[i], true
}
