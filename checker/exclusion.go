package checker

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"lockquake/checker/history"
	"lockquake/checker/linear"
)

// Exclusion asks whether more clients ever held one key than may, as they saw it: two, if not both of them
// shared it; of a semaphore, more than it has permits. A nested hold is part of the one that it lies in.
//
// Two methods answer: a scan over the believed holds, which is exact, and porcupine (Wing and Gong's search as
// refined by Lowe) on pieces of the history, which linear cuts. That they disagree is a failure of this
// package, and said to be one.
type Exclusion struct {
	// Timeout is how long porcupine may search, per key; 0: one minute. Then the answer is Unknown.
	Timeout time.Duration
}

// Check gives the verdict "exclusion".
func (e Exclusion) Check(h history.History) Verdict {
	holds, met := census(&h)
	v := Verdict{Checker: "exclusion", Judged: holds}
	if holds == 0 {
		v.Why = "no hold to judge"
		return v
	}
	if met > 0 {
		o, n := first(overlaps(&h))
		return e.confirmOverlap(&h, v, o, n)
	}
	return e.confirmNone(&h, v)
}

// confirmOverlap asks porcupine about the owners that met only. A legal history stays legal without
// the operations of any owner, so what is illegal of those is illegal of all.
func (e Exclusion) confirmOverlap(h *history.History, v Verdict, o overlap, n int) Verdict {
	met := beliefs(h, func(a *history.Operation) bool {
		return slices.ContainsFunc(o.holds(), func(hold *history.Hold) bool { return hold.Acquire.ID() == a.ID() })
	})
	if r := e.search(met[o.newer.Acquire.Key]); r.Answer != linear.Invalid {
		return disagreement(v, "the scan saw that "+o.String()+", porcupine did not")
	}
	v.Validity = Invalid
	v.Why = o.String()
	if n > 1 {
		v.Why += fmt.Sprintf(", the first of %d overlaps", n)
	}
	v.Evidence = o.evidence()
	v.Story = overlapStory(h, o).text()
	return v
}

func (e Exclusion) confirmNone(h *history.History, v Verdict) Verdict {
	byKey := beliefs(h, func(*history.Operation) bool { return true })
	for _, key := range slices.Sorted(maps.Keys(byKey)) {
		switch r := e.search(byKey[key]); {
		case r.Answer == linear.Invalid:
			return disagreement(v, "porcupine saw an overlap on "+key+", the scan did not")
		case r.Broken:
			return disagreement(v, "porcupine cannot judge "+key+": "+r.Why)
		case r.Answer != linear.Valid:
			v.Why = "porcupine gave up on " + key + ": " + r.Why
			return v
		}
	}
	v.Validity = Valid
	v.Why = fmt.Sprintf("%s, no overlap", count(v.Judged, "hold"))
	return v
}

func (e Exclusion) search(b *belief) linear.Result {
	return linear.Check(b.ops, linear.Options{Lock: b.lock, Timeout: e.Timeout})
}

func disagreement(v Verdict, why string) Verdict {
	v.Validity, v.Harness, v.Why = Unknown, true, why
	return v
}
