package checker

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"lockquake/checker/history"
)

// Progress asks whether, after the last heal, every waiter resolved, and whether no key stayed locked with
// nobody holding it. Without an injection it asks from the moment at which the workload wound down.
//
// A waiter may wait for Header.Settle. One that was served later is not accused: behind many others it has to
// wait, and that is measured, not judged. One that gave up, or waits still, is. One that crashed waits no
// more.
type Progress struct{}

// Check gives the verdict "progress".
func (Progress) Check(h history.History) Verdict {
	v := Verdict{Checker: "progress"}
	if h.Cut != "" {
		v.Why = "the history was cut short: " + h.Cut
		return v
	}
	from, why := settling(&h)
	if why != "" {
		v.Why = why
		return v
	}
	w := waiters{h: &h, from: from, last: h.Last(), final: map[string]*history.Operation{}, crashed: map[int32]bool{}}
	w.cutOff, w.cutShort = earlyStop(&h)
	for i := range h.Infos {
		if e := &h.Infos[i]; e.Op == history.Crash {
			w.crashed[e.Process] = true
		}
	}
	for i := range h.Ops {
		if o := &h.Ops[i]; o.Op == history.Acquire {
			v.Judged++
			w.judge(o)
		}
	}
	return w.verdict(v)
}

// settling is the time from which waiters are judged, or why there is none.
func settling(h *history.History) (from time.Duration, why string) {
	injected := false
	for _, i := range h.Injections() {
		if i.Inject.Outcome == history.Fail {
			continue
		}
		if i.End() == history.Open {
			return 0, fmt.Sprintf("%s (%s) was never healed", i.Inject.Fault, cmp.Or(i.Inject.Note, "which may have failed"))
		}
		from, injected = max(from, i.End()), true
	}
	if injected {
		return from, ""
	}
	stop := slices.IndexFunc(h.Infos, func(e history.Observation) bool { return e.Op == history.Stop })
	if stop < 0 {
		return 0, "neither a heal nor a stop from which to judge"
	}
	return h.Infos[stop].At, ""
}

// waiters judges the acquires of one history, one after the other.
type waiters struct {
	h      *history.History
	from   time.Duration // when things should begin to settle
	last   time.Duration // the end of the history
	stuck  []*history.Operation
	untold *history.Operation // was waiting at the end, but not for long enough to be accused
	// cutShort is why the run ended before its time, and cutOff the sequence number from which on nobody had the time to
	// wait; empty: it did not.
	cutShort string
	cutOff   int64
	final    map[string]*history.Operation // the last acquire of each key that tells whether it is locked
	crashed  map[int32]bool                // by process
}

func (w *waiters) judge(o *history.Operation) {
	open := o.Return == history.Open
	hurried := w.cutShort != "" && o.Outcome != history.OK && o.Return > w.cutOff
	if tells(o) && !hurried {
		w.final[o.Key] = o
	}
	patience := max(w.from, o.CallAt) + w.h.Header.Settle
	switch {
	case o.Outcome == history.OK:
	case open && w.crashed[o.Process]:
	case min(o.ReturnAt, w.last) > patience:
		w.stuck = append(w.stuck, o)
	case open, hurried:
		w.untold = o
	}
}

// tells tells whether it is known of a key, by what became of an acquire, that it is locked or not. A try in vain
// may have met another one; and a nested acquire is of who holds the key.
func tells(o *history.Operation) bool {
	return o.Mode != history.Nested && (o.Mode != history.Tried || o.Outcome == history.OK)
}

func (w *waiters) verdict(v Verdict) Verdict {
	locked := w.locked()
	switch {
	case len(w.stuck) > 0:
		return w.accuse(v, w.stuck, w.inVain())
	case locked != nil && w.holder(locked) != "":
		v.Why = fmt.Sprintf("the last acquire of %s came out %v while %s held it", locked.Key, locked.Outcome, w.holder(locked))
	case locked != nil:
		return w.accuse(v, []*history.Operation{locked}, fmt.Sprintf("%s stayed locked: its last acquire, by %s at %s, came out %v",
			locked.Key, clientName(locked.Client), seconds(locked.CallAt), locked.Outcome))
	case v.Judged == 0:
		v.Why = "no acquire to judge"
	case w.untold != nil:
		v.Why = fmt.Sprintf("%s was waiting for %s when the %s, too early to tell", clientName(w.untold.Client), w.untold.Key, w.ended())
	case w.untried() != "":
		v.Why = "no acquire of " + w.untried()
	default:
		v.Validity = Valid
		v.Why = fmt.Sprintf("%s resolved in time, the last of every key succeeded", count(v.Judged, "acquire"))
	}
	return v
}

func (w *waiters) ended() string {
	if w.cutShort != "" {
		return "run was " + w.cutShort
	}
	return "history ended"
}

func (w *waiters) inVain() string {
	o := w.stuck[0]
	until := min(o.ReturnAt, w.last)
	return fmt.Sprintf("%s waited for %s in vain from %s to %s, %s after things should have begun to settle (%s in all)",
		clientName(o.Client), o.Key, seconds(o.CallAt), seconds(until), seconds(until-w.from), count(len(w.stuck), "waiter"))
}

// accuse tells of the first waiters, and of who held the key last.
func (w *waiters) accuse(v Verdict, stuck []*history.Operation, why string) Verdict {
	v.Validity, v.Why = Invalid, why
	stuck = stuck[:min(len(stuck), 8)]
	last, grants := w.lastHold(stuck[0])
	ops := slices.Clone(stuck)
	if last != nil {
		ops = append(ops, last.Acquire, last.Release)
	}
	v.Evidence = evidence(ops...)
	v.Story = waitStory(w.h, stuck, last, grants)
	return v
}

// lastHold is the last hold of the key that a waiter waited for, begun before it gave up; nil: none. Grants
// counts the holds of the key that began while it waited.
func (w *waiters) lastHold(o *history.Operation) (last *history.Hold, grants int) {
	for _, hold := range w.h.Holds() {
		if hold.Acquire.Key != o.Key || hold.Start > o.Return {
			continue
		}
		last = &hold
		if hold.Start > o.Call {
			grants++
		}
	}
	return last, grants
}

// locked is the last acquire of a key that did not succeed, nil if all did. An open one is not
// meant: judge decides about those.
func (w *waiters) locked() *history.Operation {
	for _, key := range w.keys() {
		if o := w.final[key]; o != nil && o.Outcome != history.OK && o.Return != history.Open {
			return o
		}
	}
	return nil
}

// holder is who believed in a hold of the key when an acquire returned; empty: nobody, or not as many as may.
func (w *waiters) holder(o *history.Operation) string {
	left := max(w.h.Header.Permits, 1)
	for _, hold := range w.h.Holds() {
		if hold.Acquire.Key == o.Key && hold.Start < o.Return && o.Return < hold.End {
			if left--; left == 0 {
				return clientName(hold.Acquire.Client)
			}
		}
	}
	return ""
}

func (w *waiters) untried() string {
	for _, key := range w.keys() {
		if w.final[key] == nil {
			return key
		}
	}
	return ""
}

// keys are those that the header announces and those that were used, in order.
func (w *waiters) keys() []string {
	keys := slices.Clone(w.h.Header.Keys)
	for key := range w.final {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}
