package checker

import (
	"fmt"
	"strings"

	"lockquake/checker/history"
)

// Fencing asks whether the protected resource took harm: accepted a write made under a token older than one
// already seen, let two writes replace the same value, or lost an acknowledged update.
type Fencing struct{}

// Check gives the verdict "fencing". Its Why begins with "stale write accepted", "acknowledged
// update lost" or "fork", the first that applies; its Story tells of that, or of a stale write refused.
func (Fencing) Check(h history.History) Verdict {
	v := Verdict{Checker: "fencing"}
	all := registers(&h)
	var stale, lost, forks []harm
	var unread []string
	for _, r := range all {
		if r.strange != 0 {
			return disagreement(v, fmt.Sprintf("%s held %d, which nobody wrote", r.key, r.strange))
		}
		for range r.writes {
			v.Judged++
		}
		stale = append(stale, r.stale()...)
		forks = append(forks, r.forks()...)
		if last := r.lastRead(); last != nil {
			lost = append(lost, r.lost(last)...)
		} else {
			unread = append(unread, r.key)
		}
	}
	refused := Refused(h)
	switch {
	case len(stale)+len(lost)+len(forks) > 0:
		return harmed(&h, v, stale, lost, forks)
	case v.Judged == 0:
		v.Why = "no write to judge"
	case h.Cut != "":
		v.Why = "no harm seen, but the history was cut short"
	case len(unread) > 0:
		v.Why = "no harm seen, but no last read of " + strings.Join(unread, ", ")
	default:
		v.Validity = Valid
		v.Why = unharmed(v.Judged, len(refused))
	}
	v.Story = refusedStory(&h, refused)
	return v
}

func unharmed(writes, refused int) string {
	why := count(writes, "write") + ", none stale, none lost"
	if refused > 0 {
		why += ", " + count(refused, "stale write") + " refused"
	}
	return why
}

// harmed tells of the first harm of the gravest sort: a stale write is the cause, a loss the
// damage, a fork what led to it.
func harmed(h *history.History, v Verdict, stale, lost, forks []harm) Verdict {
	v.Validity = Invalid
	sorts := [][]harm{stale, lost, forks}
	names := []string{"stale", "lost", "forked"}
	var counts []string
	for i, found := range sorts {
		if len(found) > 0 {
			counts = append(counts, fmt.Sprintf("%d %s", len(found), names[i]))
		}
		if len(found) > 0 && v.Why == "" {
			v.Why = found[0].why
			v.Evidence = harmEvidence(h, found[0])
			v.Story = harmStory(h, found[0], i == 0)
		}
	}
	v.Why += fmt.Sprintf(" (of %s: %s)", count(v.Judged, "write"), strings.Join(counts, ", "))
	return v
}

func harmEvidence(h *history.History, x harm) []history.OpID {
	ops := []*history.Operation{x.write, find(h, x.write.Hold)}
	for _, o := range x.witnesses {
		ops = append(ops, o, find(h, o.Hold))
	}
	return evidence(ops...)
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
