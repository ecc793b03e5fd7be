package checker

import (
	"fmt"

	"lockquake/checker/history"
)

// Evidence asks whether the fault that a cell is about was carried out, and each injection of it
// observed. A lock that held while nothing happened has shown nothing.
type Evidence struct{}

// Check gives the verdict "evidence". It is never Invalid: a missing fault is no fault of the lock.
func (Evidence) Check(h history.History) Verdict {
	all := h.Injections()
	v := Verdict{Checker: "evidence", Judged: len(all)}
	switch {
	case h.Header.Fault == calm && len(all) > 0:
		return disagreement(v, fmt.Sprintf("%s was injected into a calm cell", all[0].Inject.Fault))
	case h.Header.Fault == calm:
		v.Validity, v.Why = Valid, "calm, as planned"
	case len(all) == 0:
		v.Why = h.Header.Fault + " was never injected"
	default:
		v.Validity, v.Why = observed(all)
	}
	return v
}

func observed(all []history.Injection) (Validity, string) {
	for _, i := range all {
		switch {
		case i.Inject.Outcome == history.Fail:
			return Unknown, fmt.Sprintf("%s could not be injected at %s: %s", i.Inject.Fault, seconds(i.Inject.CallAt), i.Inject.Error)
		case !i.Observed():
			return Unknown, fmt.Sprintf("%s (%s) at %s left no evidence", i.Inject.Fault, i.Inject.Note, seconds(i.Inject.CallAt))
		}
	}
	return Valid, count(len(all), "injection") + ", all observed"
}
