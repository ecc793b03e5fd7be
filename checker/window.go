package checker

import (
	"slices"
	"time"

	"lockquake/checker/history"
)

// longestFault is how long a fault may be and still be shown from its beginning to its end: about what a
// picture can hold.
const longestFault = 10 * time.Second

// Window is the smallest stretch of time that shows what a verdict is about: its evidence from the
// first operation to the last, the holds behind it from their beginning to their end, and the faults that
// acted meanwhile. What never ended reaches to the end of the history. False: there is no evidence.
func Window(h history.History, v Verdict) (from, to time.Duration, ok bool) {
	ops := involved(&h, v)
	if len(ops) == 0 {
		return 0, 0, false
	}
	last, ends := h.Last(), endings(&h, ops)
	from = last
	for _, o := range ops {
		begin, end := o.CallAt, o.ReturnAt
		if o.Op == history.Acquire && o.Outcome == history.OK {
			begin, end = o.ReturnAt, ends[o.ID()]
		}
		from, to = min(from, begin), max(to, min(end, last))
	}
	from, to = withFaults(&h, from, to)
	return from, to, true
}

func withFaults(h *history.History, from, to time.Duration) (first, last time.Duration) {
	first, last = from, to
	for _, i := range h.Injections() {
		begin, end := i.Inject.CallAt, min(i.End(), h.Last())
		acted := i.Inject.Outcome != history.Fail && begin <= to && end >= from
		if acted && end-begin <= longestFault {
			first, last = min(first, begin), max(last, end)
		}
	}
	return first, last
}

// evidenceOps are the operations that prove a verdict, in time order.
func evidenceOps(h *history.History, v Verdict) []*history.Operation {
	var ops []*history.Operation
	for _, id := range v.Evidence {
		if o := h.Find(id); o != nil {
			ops = append(ops, o)
		}
	}
	return ops
}

// involved are the evidence and the acquires behind it, in time order.
func involved(h *history.History, v Verdict) []*history.Operation {
	v.Evidence = evidence(withHolds(h, evidenceOps(h, v)...)...)
	return evidenceOps(h, v)
}

// endings are the times at which the holds that some acquires began were no longer believed in,
// history.Open for those that were to the end.
func endings(h *history.History, ops []*history.Operation) map[history.OpID]time.Duration {
	ends, outer := map[history.OpID]time.Duration{}, h.Nesting()
	for _, o := range ops {
		if o.Op == history.Acquire {
			ends[o.ID()], ends[outer[o.ID()]] = history.Open, history.Open
		}
	}
	note := func(id history.OpID, at time.Duration) {
		if known, ok := ends[id]; ok {
			ends[id] = min(known, at)
		}
	}
	for i := range h.Ops {
		if o := &h.Ops[i]; o.Op == history.Release {
			note(o.Hold, o.CallAt)
		}
	}
	for i := range h.Infos {
		if e := &h.Infos[i]; slices.Contains([]history.Op{history.Lost, history.Crash}, e.Op) {
			note(e.Hold, e.At)
		}
	}
	for inner, in := range outer {
		note(inner, ends[in])
	}
	return ends
}
