package checker

import (
	"fmt"

	"lockquake/checker/history"
)

// Ownership asks whether every release that succeeded gave back what its own process held. It is for
// histories from outside, in which a release names no hold by itself: there, Exclusion and Ownership
// together say whether a mutex with owners could have told its clients what it did.
//
// A stray release may be a successor's that cleans up after a process whose operation ended unknown. Then the
// answer is Unknown.
type Ownership struct{}

// Check gives the verdict "ownership".
func (Ownership) Check(h history.History) Verdict {
	v := Verdict{Checker: "ownership"}
	var strays []*history.Operation
	for i := range h.Ops {
		o := &h.Ops[i]
		if o.Op != history.Release || o.Outcome != history.OK {
			continue
		}
		v.Judged++
		if o.Hold == 0 {
			strays = append(strays, o)
		}
	}
	switch {
	case v.Judged == 0:
		v.Validity, v.Why = Valid, "no release succeeded"
	case len(strays) == 0:
		v.Validity, v.Why = Valid, count(v.Judged, "release")+", each of its own hold"
	default:
		return stray(&h, v, strays)
	}
	return v
}

// stray accuses the first release, if nothing that was left behind explains it.
func stray(h *history.History, v Verdict, strays []*history.Operation) Verdict {
	o := strays[0]
	who := clientName(o.Client)
	v.Why = fmt.Sprintf("%s released %s at %s and was told ok, but held nothing", who, o.Key, seconds(o.ReturnAt))
	if len(strays) > 1 {
		v.Why += fmt.Sprintf(" (the first of %d such releases)", len(strays))
	}
	v.Evidence = evidence(o)
	if left := leftBehind(h, o); left != nil {
		v.Why += fmt.Sprintf("; it may have cleaned up after %s, whose %v at %s ended unknown", clientName(left.Client), left.Op, seconds(left.CallAt))
		return v
	}
	v.Validity = Invalid
	s := &story{h: h}
	for _, hold := range h.Holds() {
		if hold.Acquire.Key == o.Key && hold.Start < o.Return && o.Call < hold.End {
			s.acquired(hold.Acquire, "")
		}
	}
	s.say(o.Return, o.ReturnAt, "%s released %s, which it did not hold, and was told ok", who, o.Key)
	s.nemesis(o.Call, o.Return)
	v.Story = s.text()
	return v
}

// leftBehind is an operation that ended unknown, and by which the lock may still have been held when o
// gave it back.
func leftBehind(h *history.History, o *history.Operation) *history.Operation {
	returned := map[history.OpID]bool{}
	for i := range h.Ops {
		if r := &h.Ops[i]; r.Op == history.Release && r.Outcome == history.OK && r.Call < o.Return {
			returned[r.Hold] = true
		}
	}
	for i := range h.Ops {
		left := &h.Ops[i]
		if left.Call < o.Return && left.Outcome == history.Unknown && left.Process != o.Process && !returned[left.Hold] &&
			(left.Op == history.Acquire || left.Op == history.Release && left.Hold != 0) {
			return left
		}
	}
	return nil
}

// nemesis tells what a history from outside says of its nemesis: the latest of each kind before a
// window of sequence numbers, which may still act, and the first few within it.
func (s *story) nemesis(from, to int64) {
	const most = 8
	latest := map[string]*history.Observation{}
	within := 0
	for i := range s.h.Infos {
		e := &s.h.Infos[i]
		switch {
		case e.Op != history.Inject:
		case e.Seq < from:
			latest[e.Fault] = e
		case e.Seq <= to && within < most:
			within++
			s.struck(e)
		}
	}
	for _, e := range latest {
		s.struck(e)
	}
}

func (s *story) struck(e *history.Observation) {
	s.say(e.Seq, e.At, "nemesis %s%s", e.Fault, remark(e.Note))
}
