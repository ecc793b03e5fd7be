package checker

import (
	"fmt"
	"maps"
	"slices"

	"lockquake/checker/history"
)

// Evidence asks whether the fault that a cell is about was carried out, and each injection of it
// observed. A lock that held while nothing happened has shown nothing.
type Evidence struct{}

// Check gives the verdict "evidence". It is never Invalid: a missing fault is no fault of the lock.
func (Evidence) Check(h history.History) Verdict {
	all := h.Injections()
	v := Verdict{Checker: "evidence", Judged: len(all)}
	_, cutShort := earlyStop(&h)
	switch {
	case h.Header.Fault == calm && len(all) > 0:
		return disagreement(v, fmt.Sprintf("%s was injected into a calm cell", all[0].Inject.Fault))
	case cutShort != "":
		v.Why = "the run was " + cutShort + " before it had done what was planned"
	case h.Header.Fault == calm:
		v.Validity, v.Why = Valid, "calm, as planned"
	case len(all) == 0:
		v.Why = h.Header.Fault + " was never injected"
	default:
		v.Validity, v.Why = observed(all)
		if v.Validity == Valid && !acquiredAfter(&h, all[0].Inject.Return) {
			v.Validity, v.Why = Unknown, "no client acquired a lock after the first injection: the fault met nobody"
		}
	}
	return v
}

// earlyStop says why the workload was stopped before its time, or not waited for, and since which sequence number; empty:
// it was not.
func earlyStop(h *history.History) (since int64, why string) {
	for i := range h.Infos {
		if e := &h.Infos[i]; e.Op == history.Stop && e.Note != "" {
			return e.Seq, e.Note
		}
	}
	return 0, ""
}

// acquiredAfter tells whether a lock was acquired after a sequence number by somebody else than the
// client that only reads at the end.
func acquiredAfter(h *history.History, seq int64) bool {
	for i := range h.Ops {
		o := &h.Ops[i]
		if o.Believed() && o.Return > seq && int(o.Client) < h.Header.Clients {
			return true
		}
	}
	return false
}

// observed asks for the evidence of each injection that was made. One that was not, because there was nothing
// to strike, is made up for by another one of the same fault.
func observed(all []history.Injection) (Validity, string) {
	seen, missed := map[string]int{}, map[string]history.Operation{}
	for _, i := range all {
		switch {
		case i.Inject.Outcome == history.Fail:
			missed[i.Inject.Fault] = i.Inject
		case i.Inject.Outcome != history.OK:
			return Unknown, fmt.Sprintf("%s may or may not have been injected at %s: %s", i.Inject.Fault, seconds(i.Inject.CallAt), i.Inject.Error)
		case !i.Observed():
			return Unknown, fmt.Sprintf("%s (%s) at %s left no evidence", i.Inject.Fault, i.Inject.Note, seconds(i.Inject.CallAt))
		default:
			seen[i.Inject.Fault]++
		}
	}
	made := 0
	for _, n := range seen {
		made += n
	}
	for _, fault := range slices.Sorted(maps.Keys(missed)) {
		if seen[fault] == 0 {
			return Unknown, fmt.Sprintf("%s could not be injected at %s: %s", fault, seconds(missed[fault].CallAt), missed[fault].Error)
		}
	}
	why := count(made, "injection") + ", all observed"
	if n := len(all) - made; n > 0 {
		why += fmt.Sprintf("; %d more found nothing to strike", n)
	}
	return Valid, why
}
