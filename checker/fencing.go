package checker

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"lockquake/checker/history"
)

// Fencing asks whether the protected resource took harm: accepted a write made under a token older than one
// already seen, let two writes replace the same value, or lost an acknowledged update. Reads, shared or not, do
// no harm. A workload that writes nothing (Header.NoWrites) is valid.
type Fencing struct{}

// Check gives the verdict "fencing". Its Why begins with "stale write accepted", "acknowledged
// update lost" or "fork", the first that applies; its Evidence and Story tell of that, or of a stale
// write refused.
func (Fencing) Check(h history.History) Verdict {
	v := Verdict{Checker: "fencing"}
	d := surveyDamage(&h)
	refused := Refused(h)
	v.Judged = d.writes
	v.Evidence, v.Story = refusal(&h, refused)
	switch {
	case d.strange != "":
		return disagreement(v, d.strange)
	case len(d.stale)+len(d.lost)+len(d.forks) > 0:
		return d.accuse(&h, v)
	case d.writes == 0 && !h.Header.NoWrites:
		v.Why = "no write to judge"
	case h.Cut != "":
		v.Why = "no harm seen, but the history was cut short"
	case d.writes == 0:
		v.Validity, v.Why = Valid, cmp.Or(h.Header.Workload, "this workload")+" writes nothing: there is no harm to be done"
	case len(d.unread) > 0:
		v.Why = "no harm seen, but no last read of " + strings.Join(d.unread, ", ")
	default:
		v.Validity, v.Why = Valid, unharmed(d.writes, len(refused))
	}
	return v
}

// damage is what was found in all resources of a history.
type damage struct {
	writes             int // that took effect
	acknowledged       int // of these
	stale, lost, forks []harm
	unread             []string // keys without a last read
	strange            string   // what cannot be, empty: nothing
}

func surveyDamage(h *history.History) damage {
	var d damage
	for _, r := range registers(h) {
		if r.strange != 0 {
			d.strange = fmt.Sprintf("%s held %d, which nobody wrote", r.key, r.strange)
		}
		for _, w := range r.writes {
			d.writes++
			if w.Outcome == history.OK {
				d.acknowledged++
			}
		}
		d.stale = append(d.stale, r.stale()...)
		d.forks = append(d.forks, r.forks()...)
		if last := r.lastRead(); last != nil {
			d.lost = append(d.lost, r.lost(last)...)
		} else {
			d.unread = append(d.unread, r.key)
		}
	}
	return d
}

func unharmed(writes, refused int) string {
	why := count(writes, "write") + ", none stale, none lost"
	if refused > 0 {
		why += ", " + count(refused, "stale write") + " refused"
	}
	return why
}

// accuse tells of the first harm of the gravest sort: a stale write is the cause, a loss the
// damage, a fork what led to it.
func (d damage) accuse(h *history.History, v Verdict) Verdict {
	v.Validity = Invalid
	names := []string{"stale", "lost", "forked"}
	wrong := []string{"stale write accepted", "acknowledged, and lost", "a second write over that value"}
	var counts []string
	for i, found := range [][]harm{d.stale, d.lost, d.forks} {
		if len(found) == 0 {
			continue
		}
		if counts == nil {
			v.Why = found[0].why
			v.Evidence = harmEvidence(h, found[0])
			v.Story = harmStory(h, found[0], wrong[i])
		}
		counts = append(counts, fmt.Sprintf("%d %s", len(found), names[i]))
	}
	v.Why += fmt.Sprintf(" (of %s: %s)", count(d.writes, "write"), strings.Join(counts, ", "))
	if len(d.lost) > 0 {
		v.Why += fmt.Sprintf("; lost were %.1f %% of %s", 100*float64(len(d.lost))/float64(d.acknowledged), count(d.acknowledged, "acknowledged update"))
	}
	return v
}

func harmEvidence(h *history.History, x harm) []history.OpID {
	return evidence(withHolds(h, append(x.witnesses, x.write)...)...)
}

// withHolds adds to operations on the resource the acquires behind them.
func withHolds(h *history.History, ops ...*history.Operation) []*history.Operation {
	for _, o := range slices.Clone(ops) {
		ops = append(ops, h.Find(o.Hold))
	}
	return ops
}

// Harmful lists the writes that were accepted though they were stale, or replaced a value that
// another write had replaced before, in the order of Call.
func Harmful(h history.History) []history.Operation {
	var found []history.Operation
	for _, r := range registers(&h) {
		seen := map[history.OpID]bool{}
		for _, x := range append(r.stale(), r.forks()...) {
			if !seen[x.write.ID()] {
				seen[x.write.ID()] = true
				found = append(found, *x.write)
			}
		}
	}
	slices.SortFunc(found, func(a, b history.Operation) int { return cmp.Compare(a.Call, b.Call) })
	return found
}

// Refused lists the stale writes that the resource refused: made under a token older than that
// of an operation on the same key which it had carried out, or was carrying out.
func Refused(h history.History) []history.Operation {
	refused := refusedWrites(&h)
	if refused == nil {
		return nil
	}
	marks := map[string][]mark{}
	for i := range h.Ops {
		o := &h.Ops[i]
		if (o.Op == history.Read || o.Op == history.Write) && o.Outcome == history.OK {
			marks[o.Key] = append(marks[o.Key], mark{o.Call, o.Token, i})
		}
	}
	for key, m := range marks {
		marks[key] = newHighWater(m)
	}
	var stale []history.Operation
	for _, w := range refused {
		seen, ok := highWater(marks[w.Key]).before(w.Return)
		if ok && w.Token < seen.value {
			stale = append(stale, *w)
		}
	}
	return stale
}

func refusedWrites(h *history.History) []*history.Operation {
	var refused []*history.Operation
	for i := range h.Ops {
		if o := &h.Ops[i]; o.Op == history.Write && o.Outcome == history.Fail {
			refused = append(refused, o)
		}
	}
	return refused
}
