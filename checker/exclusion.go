package checker

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/anishathalye/porcupine"

	"lockquake/checker/history"
)

// Exclusion asks whether two holds of one key ever overlapped, as the clients saw it.
//
// Two methods answer: a scan over the believed holds, which is exact, and porcupine (Wing and Gong's search as
// refined by Lowe) on the mutex model. That they disagree is a failure of this package, and said to be one.
type Exclusion struct {
	// Timeout is how long porcupine may search, per key; 0: 10 s. Then the answer is Unknown.
	Timeout time.Duration
	// Limit is how many operations of one key porcupine is given; 0: 60 000. Its memory grows with the
	// square, to about half a gigabyte there. Beyond, the answer is Unknown.
	Limit int
}

// Check gives the verdict "exclusion".
func (e Exclusion) Check(h history.History) Verdict {
	holds := h.Holds()
	v := Verdict{Checker: "exclusion", Judged: len(holds)}
	if len(holds) == 0 {
		v.Why = "no hold to judge"
		return v
	}
	if o, n := first(overlaps(holds)); n > 0 {
		return e.confirmOverlap(&h, v, o, n)
	}
	return e.confirmNone(&h, v)
}

// confirmOverlap asks porcupine about the two owners only. A legal history stays legal without
// the operations of any owner, so what is illegal of the two is illegal of all; and a search through all
// of an illegal history can take 20 s and 8 GB where this takes four operations.
func (e Exclusion) confirmOverlap(h *history.History, v Verdict, o overlap, n int) Verdict {
	pair := attempts(h, func(a *history.Operation) bool {
		return a.ID == o.older.Acquire.ID || a.ID == o.newer.Acquire.ID
	})
	if e.search(pair[o.newer.Acquire.Key]) != porcupine.Illegal {
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
	byKey := attempts(h, func(*history.Operation) bool { return true })
	for _, key := range slices.Sorted(maps.Keys(byKey)) {
		ops := byKey[key]
		if len(ops) > cmp.Or(e.Limit, 60_000) {
			v.Why = fmt.Sprintf("%d operations on %s are too many for porcupine", len(ops), key)
			return v
		}
		switch e.search(ops) {
		case porcupine.Illegal:
			return disagreement(v, "porcupine saw an overlap on "+key+", the scan did not")
		case porcupine.Unknown:
			v.Why = fmt.Sprintf("porcupine timed out after %v on %s", e.timeout(), key)
			return v
		}
	}
	v.Validity = Valid
	v.Why = fmt.Sprintf("%s, no overlap", count(v.Judged, "hold"))
	return v
}

func (e Exclusion) timeout() time.Duration { return cmp.Or(e.Timeout, 10*time.Second) }

func (e Exclusion) search(ops []porcupine.Operation) porcupine.CheckResult {
	return porcupine.CheckOperationsTimeout(mutex, ops, e.timeout())
}

func disagreement(v Verdict, why string) Verdict {
	v.Validity, v.Harness, v.Why = Unknown, true, why
	return v
}
