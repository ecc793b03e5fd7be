package checker

import (
	"cmp"
	"container/heap"
	"fmt"
	"maps"
	"slices"

	"lockquake/checker/history"
)

// Knossos asks whether a history is linearizable as Knossos, Jepsen's checker, reads it: a mutex without
// owners, locked or free; an operation that failed did not happen, not even in its client's mind; one that
// ended unknown may happen at any later time, or never.
//
// That is stricter than Exclusion where a client gave up a hold that was lost (its release failed, and
// still it did not believe any more), and laxer where somebody else's release opened the lock.
//
// The scan is exact. Operations of one kind differ in nothing but their intervals, so it decides as late as
// possible, at each return: what returns must have happened by now. If the lock does not allow
// that, one open operation of the other kind must have come before, and best the one that returns first.
// Any legal order can be turned into the one found, step by step, by exchanging two operations of
// a kind that are both open: the one that returns later can take the later place. The tests hold it
// against porcupine.
type Knossos struct{}

// Check gives the verdict "knossos".
func (Knossos) Check(h history.History) Verdict {
	v := Verdict{Checker: "knossos"}
	if others := kinds(&h); len(others) > 0 {
		key := slices.Min(slices.Collect(maps.Keys(others)))
		v.Why = fmt.Sprintf("Knossos' mutex is held by one, and once; %s is %s", key, others[key].name(h.Header.Permits))
		return v
	}
	locks := map[string]*ownerless{}
	for _, t := range turns(&h) {
		l := locks[t.o.Key]
		if l == nil {
			l = &ownerless{placed: map[history.OpID]bool{}}
			locks[t.o.Key] = l
		}
		if !t.returns {
			v.Judged++
			heap.Push(&l.open[kindOf(t.o)], t.o)
			continue
		}
		if !l.place(t.o) {
			return l.accuse(&h, v, t.o)
		}
	}
	if v.Why = "no operation to judge"; v.Judged > 0 {
		v.Validity, v.Why = Valid, count(v.Judged, "operation")+", in an order that a mutex allows"
	}
	return v
}

// turn is the beginning of an operation, or its return.
type turn struct {
	seq     int64
	returns bool
	o       *history.Operation
}

// turns are those of acquires and releases, in their order. What ended unknown never returns.
func turns(h *history.History) []turn {
	var all []turn
	for i := range h.Ops {
		o := &h.Ops[i]
		if o.Op != history.Acquire && o.Op != history.Release || o.Outcome == history.Fail {
			continue
		}
		all = append(all, turn{o.Call, false, o})
		if o.Outcome == history.OK {
			all = append(all, turn{o.Return, true, o})
		}
	}
	slices.SortFunc(all, func(a, b turn) int { return cmp.Compare(a.seq, b.seq) })
	return all
}

// ownerless is a lock of which one knows only whether it is locked.
type ownerless struct {
	locked bool
	last   *history.Operation // what made it so, nil at first
	open   [2]byReturn        // acquires and releases that have begun and have no place yet
	placed map[history.OpID]bool
}

func kindOf(o *history.Operation) int {
	if o.Op == history.Acquire {
		return 0
	}
	return 1
}

// place finds a place for an operation that returns, and tells whether there is one.
func (l *ownerless) place(o *history.Operation) bool {
	if l.placed[o.ID()] {
		delete(l.placed, o.ID())
		return true
	}
	allowed := 0
	if l.locked {
		allowed = 1
	}
	if kindOf(o) != allowed {
		if l.open[allowed].Len() == 0 {
			return false
		}
		between := heap.Pop(&l.open[allowed]).(*history.Operation)
		if between.Outcome == history.OK {
			l.placed[between.ID()] = true
		}
		l.locked = !l.locked
	}
	// Of its kind, what has no place yet and returns now returns first.
	heap.Pop(&l.open[kindOf(o)])
	l.locked, l.last = !l.locked, o
	return true
}

func (l *ownerless) accuse(h *history.History, v Verdict, o *history.Operation) Verdict {
	v.Validity = Invalid
	did, state, way := "released", "free", "acquire"
	if o.Op == history.Acquire {
		did, state, way = "acquired", "locked", "release"
	}
	v.Why = fmt.Sprintf("%s %s %s by %s, though it was %s and no %s was under way", clientName(o.Client), did, o.Key, seconds(o.ReturnAt), state, way)
	v.Evidence = evidence(l.last, o)
	s := &story{h: h}
	s.did(o, ", the lock "+state+" and no "+way+" under way")
	from := int64(0)
	if l.last != nil {
		s.did(l.last, "")
		from = l.last.Call
	}
	s.dropped(from, o)
	s.nemesis(from, o.Return)
	v.Story = s.text()
	return v
}

// did tells of an acquire or a release.
func (s *story) did(o *history.Operation, more string) {
	verb := map[history.Op]string{history.Acquire: "acquired", history.Release: "released"}[o.Op]
	s.say(o.Return, o.ReturnAt, "%s %s %s%s%s", clientName(o.Client), verb, o.Key, credentials(o.Token, 0), more)
}

// dropped tells of releases that failed after a sequence number, and before o returned: they would
// explain it, had they happened.
func (s *story) dropped(from int64, o *history.Operation) {
	for i := range s.h.Ops {
		r := &s.h.Ops[i]
		if r.Op == history.Release && r.Outcome == history.Fail && r.Hold != 0 && r.Key == o.Key && r.Call > from && r.Call < o.Return {
			s.say(r.Return, r.ReturnAt, "%s could not release %s%s: dropped", clientName(r.Client), r.Key, remark(r.Error))
		}
	}
}

// byReturn is a heap of operations, the one that returns first on top. What ended unknown never
// returns.
type byReturn []*history.Operation

func (b byReturn) Len() int           { return len(b) }
func (b byReturn) Less(i, j int) bool { return returned(b[i]) < returned(b[j]) }
func (b byReturn) Swap(i, j int)      { b[i], b[j] = b[j], b[i] }

// Push adds an operation.
func (b *byReturn) Push(o any) { *b = append(*b, o.(*history.Operation)) }

// Pop takes the last operation away.
func (b *byReturn) Pop() any {
	last := (*b)[len(*b)-1]
	*b = (*b)[:len(*b)-1]
	return last
}

func returned(o *history.Operation) int64 {
	if o.Outcome == history.Unknown {
		return history.Open
	}
	return o.Return
}
