package checker

import (
	"fmt"

	"lockquake/checker/history"
)

// register is what happened to the resource behind one key. Every write has a value of its own
// and names the value that it replaced, so the writes form a tree whose root is the initial value 0: a sound
// history is one chain.
type register struct {
	key     string
	ops     []*history.Operation // ok reads, and writes that were not refused, in the order of Call
	byValue map[int64]int        // the write (an index of ops) of a value
	// effective tells which ops took effect: the ok ones, and a write of unknown outcome if its
	// value was read, or was replaced by an effective write.
	effective []bool
	// strange is a value that was read and that nobody wrote; 0: none.
	strange int64
}

// registers are the resources of a history, in the order in which they were first used.
func registers(h *history.History) []*register {
	byKey := map[string]*register{}
	var all []*register
	for i := range h.Ops {
		o := &h.Ops[i]
		read := o.Op == history.Read && o.Outcome == history.OK
		wrote := o.Op == history.Write && o.Outcome != history.Fail
		if !read && !wrote {
			continue
		}
		r := byKey[o.Key]
		if r == nil {
			r = &register{key: o.Key, byValue: map[int64]int{}}
			byKey[o.Key] = r
			all = append(all, r)
		}
		r.add(o)
	}
	for _, r := range all {
		r.markEffective()
	}
	return all
}

func (r *register) add(o *history.Operation) {
	if o.Op == history.Write {
		r.byValue[o.Value] = len(r.ops)
	}
	r.ops = append(r.ops, o)
}

func (r *register) markEffective() {
	r.effective = make([]bool, len(r.ops))
	for i, o := range r.ops {
		switch {
		case o.Op == history.Read:
			r.effective[i] = true
			r.markBack(o.Value)
		case o.Outcome == history.OK:
			r.markBack(o.Value)
		}
	}
}

// markBack marks the write of a value and all that it was built upon.
func (r *register) markBack(value int64) {
	for value != 0 {
		i, ok := r.byValue[value]
		if !ok {
			r.strange = value
			return
		}
		if r.effective[i] {
			return
		}
		r.effective[i] = true
		value = r.ops[i].Prev
	}
}

// writes yields the effective writes in the order of Call.
func (r *register) writes(yield func(*history.Operation) bool) {
	for i, o := range r.ops {
		if r.effective[i] && o.Op == history.Write && !yield(o) {
			return
		}
	}
}

// lastRead is the last ok read, nil if a write was invoked after it began.
func (r *register) lastRead() *history.Operation {
	for i := len(r.ops) - 1; i >= 0; i-- {
		switch o := r.ops[i]; o.Op {
		case history.Read:
			return o
		case history.Write:
			return nil
		}
	}
	return nil
}

// chain is the set of values that a value was built upon, with itself.
func (r *register) chain(value int64) map[int64]bool {
	on := map[int64]bool{0: true}
	for !on[value] {
		on[value] = true
		if i, ok := r.byValue[value]; ok {
			value = r.ops[i].Prev
		}
	}
	return on
}

// harm is something that must not happen to a resource: a write, and the operations that show that
// it is wrong.
type harm struct {
	write     *history.Operation
	witnesses []*history.Operation
	why       string
}

func harmful(w *history.Operation, why string, witnesses ...*history.Operation) harm {
	return harm{w, witnesses, why}
}

// stale finds the writes that were accepted under a token older than one that the resource had already
// seen. An operation came earlier if its position says so, or if it returned before the write was
// invoked; either is a proof.
func (r *register) stale() []harm {
	var byPos, byTime []mark
	for i, o := range r.ops {
		if o.Outcome != history.OK {
			continue
		}
		byTime = append(byTime, mark{o.Return, o.Token, i})
		if o.Pos > 0 {
			byPos = append(byPos, mark{o.Pos, o.Token, i})
		}
	}
	seenByPos, seenByTime := newHighWater(byPos), newHighWater(byTime)
	first := r.firstToReplace()
	var found []harm
	for w := range r.writes {
		seen, ok := seenByTime.before(w.Call)
		if m, earlier := seenByPos.before(w.Pos); earlier && m.value > seen.value {
			seen, ok = m, true
		}
		if ok && w.Token != 0 && w.Token < seen.value {
			newer := r.ops[seen.op]
			if rival := first[w.Prev]; rival.Token > w.Token {
				newer = rival // it tells most: what one wrote over a value is lost under what the other wrote over it
			}
			found = append(found, harmful(w, staleWhy(w, newer), newer))
		}
	}
	return found
}

func staleWhy(w, seen *history.Operation) string {
	return fmt.Sprintf("stale write accepted: %s wrote %d over %d to %s at %s with token %d, after %s's token %d was seen",
		clientName(w.Client), w.Value, w.Prev, w.Key, when(w), w.Token, clientName(seen.Client), seen.Token)
}

// forks finds effective writes that replaced a value which another one had replaced already.
func (r *register) forks() []harm {
	first := r.firstToReplace()
	var found []harm
	for w := range r.writes {
		if other := first[w.Prev]; other != w {
			found = append(found, harmful(w, forkWhy(w, other), other))
		}
	}
	return found
}

// firstToReplace gives the first effective write over each value.
func (r *register) firstToReplace() map[int64]*history.Operation {
	first := map[int64]*history.Operation{}
	for w := range r.writes {
		if first[w.Prev] == nil {
			first[w.Prev] = w
		}
	}
	return first
}

func forkWhy(w, other *history.Operation) string {
	return fmt.Sprintf("fork: %s's write of %d and %s's write of %d to %s both replaced %d",
		clientName(other.Client), other.Value, clientName(w.Client), w.Value, w.Key, w.Prev)
}

// lost finds the acknowledged writes of which a last read knows nothing. Those that were still open
// when it began may have come after it.
func (r *register) lost(last *history.Operation) []harm {
	on := r.chain(last.Value)
	heirs := map[int64]*history.Operation{}
	var found []harm
	for w := range r.writes {
		if on[w.Value] {
			heirs[w.Prev] = w
		}
	}
	for w := range r.writes {
		if on[w.Value] || w.Outcome != history.OK || w.Return > last.Call {
			continue
		}
		x := harmful(w, lostWhy(w, last), last)
		if heir := heirs[w.Prev]; heir != nil {
			x.witnesses = append(x.witnesses, heir)
		}
		found = append(found, x)
	}
	return found
}

func lostWhy(w, last *history.Operation) string {
	return fmt.Sprintf("acknowledged update lost: %s's write of %d to %s at %s is not behind the last read, %d",
		clientName(w.Client), w.Value, w.Key, when(w), last.Value)
}

// when is the time at which an operation returned, or was invoked if it never did.
func when(o *history.Operation) string {
	if o.Return == history.Open {
		return seconds(o.CallAt)
	}
	return seconds(o.ReturnAt)
}
