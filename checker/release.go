package checker

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"lockquake/checker/history"
)

// Release asks whether each incarnation of a lock's key was deleted only by its creator, by its lease's end
// or by an injected fault. It judges the ground truth, a watch in revision order, against what clients were
// doing; whoever had nothing to do with a key and deleted it broke the lock, whether or not anybody was hurt.
type Release struct{}

// Check gives the verdict "release". Judged counts deletions.
func (r Release) Check(h history.History) Verdict { return r.judgeBy(newTruth(&h)) }

func (Release) judgeBy(t *truth) Verdict {
	v := Verdict{Checker: "release"}
	acquired, leased := grants(t.h)
	switch {
	case acquired == 0:
		v.Why = "no acquire succeeded"
		return v
	case leased == 0:
		v.Validity, v.Why = Valid, "no lock had a lease, so there are no keys to judge"
		return v
	}
	return t.verdict(v)
}

func (t *truth) verdict(v Verdict) Verdict {
	unsure := t.missing()
	var victims []*history.Observation
	by := map[string]int{}
	for i := range t.h.Infos {
		e := &t.h.Infos[i]
		if e.Op != history.Deleted {
			continue
		}
		v.Judged++
		own, why := t.judge(e)
		switch own {
		case Valid:
			by[why]++
		case Invalid:
			victims = append(victims, e)
		default:
			unsure = cmp.Or(unsure, why)
		}
	}
	switch {
	case len(victims) > 0:
		return t.accuse(v, victims[0], len(victims))
	case unsure != "":
		v.Why = unsure
	default:
		v.Validity, v.Why = Valid, deletedBy(v.Judged, by)
	}
	return v
}

// deletedBy says who deleted how many keys.
func deletedBy(all int, by map[string]int) string {
	var parts []string
	for _, who := range slices.Sorted(maps.Keys(by)) {
		parts = append(parts, fmt.Sprintf("%d by %s", by[who], who))
	}
	if parts == nil {
		return "no key was deleted"
	}
	return count(all, "key") + " deleted: " + strings.Join(parts, ", ")
}

func grants(h *history.History) (acquired, leased int) {
	for i := range h.Ops {
		if o := &h.Ops[i]; o.Op == history.Acquire && o.Outcome == history.OK {
			acquired++
			if o.Lease != 0 {
				leased++
			}
		}
	}
	return acquired, leased
}

// judge says whether a deletion was the doing of the key's owner, its lease's end or a fault, and of which;
// why it is Unknown.
func (t *truth) judge(e *history.Observation) (Validity, string) {
	owner, known := t.owner(e)
	own := Invalid
	if known {
		own = t.couldDelete(owner, e)
	}
	switch {
	case own == Valid, known && e.Outcome == history.Unknown && t.givenBack(e):
		return Valid, "their owners"
	case e.Outcome == history.Unknown && t.fault(e) != "":
		return Valid, t.fault(e)
	case e.Outcome == history.Fail:
		return Valid, cmp.Or(t.fault(e), "their leases' end")
	case !known:
		return Unknown, fmt.Sprintf("nobody is known to own %s (token %d)", e.Note, e.Token)
	case own == Unknown:
		return Unknown, fmt.Sprintf("%s (token %d) was deleted, perhaps by a late request of its owner %s", e.Note, e.Token, clientName(owner))
	case e.Outcome == history.Unknown:
		return Unknown, fmt.Sprintf("%s (token %d) was deleted, by its lease's end or by a stranger", e.Note, e.Token)
	}
	return Invalid, ""
}

func (t *truth) accuse(v Verdict, e *history.Observation, strangers int) Verdict {
	owner, _ := t.owner(e)
	culprits := t.culprits(owner, e)
	v.Validity = Invalid
	key := fmt.Sprintf("%s's key %s (token %d)", clientName(owner), e.Note, e.Token)
	if culprits != nil {
		v.Culprit = byStrategy
		v.Why = fmt.Sprintf("%s deleted %s at %s, its lease alive", suspects(culprits), key, seconds(e.At))
	} else {
		v.Culprit = cmp.Or(t.fault(e), byEtcd)
		v.Why = fmt.Sprintf("%s was deleted at %s, its lease alive, and no client had asked for that: %s did it", key, seconds(e.At), v.Culprit)
	}
	if strangers > 1 {
		v.Why += fmt.Sprintf(", the first of %d such deletions", strangers)
	}
	v.Evidence = evidence(append(culprits, t.acquire(e))...)
	v.Story = strangerStory(t, e, culprits)
	return v
}

// suspects names at most three operations of which one did it.
func suspects(culprits []*history.Operation) string {
	var names []string
	for _, o := range culprits[:min(len(culprits), 3)] {
		names = append(names, fmt.Sprintf("%s's %v%s", clientName(o.Client), o.Op, credentials(o.Token, 0)))
	}
	return strings.Join(slices.Compact(names), " or ")
}

func strangerStory(t *truth, e *history.Observation, culprits []*history.Operation) []string {
	s := &story{h: t.h}
	from := e.Seq
	if a := t.acquire(e); a != nil {
		s.acquired(a, "")
		from = a.Return
	}
	for _, o := range culprits {
		s.say(o.Call, o.CallAt, "%s began to %v %s%s", clientName(o.Client), o.Op, o.Key, credentials(o.Token, 0))
		s.acquired(t.h.Find(o.Hold), "")
		from = min(from, o.Call)
	}
	s.say(e.Seq, e.At, "%s (token %d) was deleted, its lease alive%s", e.Note, e.Token, atRevision(e.Pos))
	s.faults(from, e.Seq)
	return s.text()
}
