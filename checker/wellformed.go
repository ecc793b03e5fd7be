package checker

import (
	"fmt"
	"slices"

	"lockquake/checker/history"
)

// WellFormed asks whether the history itself is sound. One that is not is a failure of lockquake,
// and says nothing about the lock. A history that was cut short, or an operation that never
// returned, is sound.
type WellFormed struct{}

// Check gives the verdict "well-formed".
func (WellFormed) Check(h history.History) Verdict {
	v := Verdict{Checker: "well-formed", Judged: len(h.Ops) + len(h.Infos)}
	defects := slices.Clone(h.Defects)
	for _, find := range []func(*history.History) []string{intervals, clock, processes, references, nested} {
		defects = append(defects, find(&h)...)
	}
	switch {
	case len(defects) > 0:
		v.Validity, v.Harness = Invalid, true
		v.Why = fmt.Sprintf("%s (%s in all)", defects[0], count(len(defects), "defect"))
		v.Story = defects[:min(len(defects), mostLines)]
	case v.Judged == 0:
		v.Why = "an empty history"
	default:
		v.Validity, v.Why = Valid, fmt.Sprintf("%s and %s in order", count(len(h.Ops), "operation"), count(len(h.Infos), "observation"))
	}
	return v
}

// intervals looks at each operation by itself, and at their order.
func intervals(h *history.History) (defects []string) {
	call := int64(0)
	for i := range h.Ops {
		o := &h.Ops[i]
		switch {
		case o.Call <= call:
			defects = append(defects, describe(o, "is out of order"))
		case o.Return <= o.Call || o.ReturnAt < o.CallAt:
			defects = append(defects, describe(o, "returned before it was invoked"))
		case o.Return == history.Open && o.Outcome != history.Unknown:
			defects = append(defects, describe(o, "has an outcome and never returned"))
		}
		call = o.Call
	}
	return defects
}

// clock checks that each sequence number was given once, and that times never fall as they rise.
func clock(h *history.History) (defects []string) {
	var last history.Moment
	for m := range h.Moments() {
		switch {
		case m.Seq == last.Seq:
			defects = append(defects, fmt.Sprintf("two events are number %d", m.Seq))
		case m.Seq < last.Seq:
			defects = append(defects, fmt.Sprintf("event %d stands behind event %d", m.Seq, last.Seq))
		case m.At < last.At:
			defects = append(defects, fmt.Sprintf("event %d is at %s and event %d at %s, earlier", last.Seq, seconds(last.At), m.Seq, seconds(m.At)))
		}
		last = m
	}
	return defects
}

// processes checks that each does one thing at a time, and nothing after an unknown outcome or its
// crash. The nemesis is exempt: its injections overlap, and their evidence may be missing.
func processes(h *history.History) (defects []string) {
	crashed := map[int32]int64{}
	for i := range h.Infos {
		if e := &h.Infos[i]; e.Op == history.Crash {
			crashed[e.Process] = e.Seq
		}
	}
	latest := map[int32]*history.Operation{}
	for i := range h.Ops {
		o := &h.Ops[i]
		if o.Process == history.Nemesis {
			continue
		}
		before, crash := latest[o.Process], crashed[o.Process]
		switch {
		case before != nil && before.Return > o.Call:
			defects = append(defects, describe(o, "was invoked while another operation of its process was open"))
		case before != nil && before.Outcome == history.Unknown:
			defects = append(defects, describe(o, "belongs to a process that had to end after an unknown outcome"))
		case crash != 0 && crash < o.Call:
			defects = append(defects, describe(o, "belongs to a process that had crashed"))
		}
		latest[o.Process] = o
	}
	return defects
}

// references checks that what belongs to a hold names an earlier acquire of the same key, and a heal
// its injection.
func references(h *history.History) (defects []string) {
	for i := range h.Ops {
		o := &h.Ops[i]
		switch o.Op {
		case history.Release, history.Read, history.Write:
			unlocked := o.Op == history.Read && o.Hold == 0 // the last one, where the lock could not be had
			if !unlocked && !names(h, i, o.Hold, o.Call, o.Key) {
				defects = append(defects, describe(o, fmt.Sprintf("names %d, no earlier acquire of %s", o.Hold, o.Key)))
			}
		case history.Heal:
			if i := h.Find(o.Hold); i == nil || i.Op != history.Inject {
				defects = append(defects, describe(o, fmt.Sprintf("names %d, no injection", o.Hold)))
			}
		}
	}
	for i := range h.Infos {
		if e := &h.Infos[i]; e.Op == history.Lost && !names(h, len(h.Ops), e.Hold, e.Seq, e.Key) {
			defects = append(defects, fmt.Sprintf("lost (event %d, %s) names %d, no earlier acquire of %s", e.Seq, seconds(e.At), e.Hold, e.Key))
		}
	}
	return defects
}

// nested checks that what was acquired again was held by then.
func nested(h *history.History) (defects []string) {
	outer := h.Nesting()
	for i := range h.Ops {
		if o := &h.Ops[i]; o.Op == history.Acquire && o.Mode == history.Nested && outer[o.ID()] == 0 {
			defects = append(defects, describe(o, "is nested, and its client held nothing"))
		}
	}
	return defects
}

// names tells whether an operation at a place, or an observation, names an acquire that returned before it.
func names(h *history.History, place int, hold history.OpID, before int64, key string) bool {
	i, ok := h.FindNear(place, hold)
	if !ok {
		return false
	}
	a := &h.Ops[i]
	return a.Op == history.Acquire && a.Return < before && (key == "" || a.Key == key)
}

func describe(o *history.Operation, what string) string {
	return fmt.Sprintf("%s %v of %s (event %d, %s) %s", clientName(o.Client), o.Op, o.Key, o.Call, seconds(o.CallAt), what)
}
