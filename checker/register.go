package checker

import (
	"cmp"
	"fmt"
	"iter"
	"slices"

	"lockquake/checker/history"
)

// register is what happened to the resource behind one key. Every write has a value of its own
// and names the value that it replaced, so the writes form a tree whose root is the initial value 0: a sound
// history is one chain.
type register struct {
	key    string
	ops    []*history.Operation // ok reads, and writes that were not refused, in the order of Call
	values values               // of its writes
	// effective tells which ops took effect: the ok ones, and a write of unknown outcome if its
	// value was read, or was replaced by an effective write.
	effective []bool
	// strange is a value that was read and that nobody wrote; 0: none.
	strange int64
}

// registers are the resources of a history, in the order in which they were first used.
func registers(h *history.History) []*register {
	var all []*register
	byKey, uses := map[string]*register{}, map[string]int{}
	for o := range touches(h) {
		uses[o.Key]++
	}
	for o := range touches(h) {
		r := byKey[o.Key]
		if r == nil {
			r = &register{key: o.Key, ops: make([]*history.Operation, 0, uses[o.Key])}
			byKey[o.Key] = r
			all = append(all, r)
		}
		r.ops = append(r.ops, o)
	}
	for _, r := range all {
		r.values = valuesOf(r.ops)
		r.markEffective()
	}
	return all
}

// touches yields what may have reached a resource: ok reads, and writes that were not refused.
func touches(h *history.History) iter.Seq[*history.Operation] {
	return func(yield func(*history.Operation) bool) {
		for i := range h.Ops {
			o := &h.Ops[i]
			read := o.Op == history.Read && o.Outcome == history.OK
			wrote := o.Op == history.Write && o.Outcome != history.Fail
			if (read || wrote) && !yield(o) {
				return
			}
		}
	}
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
		i, ok := r.values.find(value)
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

// writes yields the effective writes and their places in ops, in the order of Call.
func (r *register) writes(yield func(int, *history.Operation) bool) {
	for i, o := range r.ops {
		if r.effective[i] && o.Op == history.Write && !yield(i, o) {
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

// chain tells which writes (places in ops) a value was built upon, with its own.
func (r *register) chain(value int64) []bool {
	on := make([]bool, len(r.ops))
	for i, ok := r.values.find(value); ok && !on[i] && value != 0; i, ok = r.values.find(value) {
		on[i] = true
		value = r.ops[i].Prev
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
	byTime := r.newest(func(o *history.Operation) int64 { return o.Return }, func(w *history.Operation) int64 { return w.Call })
	byPos := r.newest(func(o *history.Operation) int64 { return o.Pos }, func(w *history.Operation) int64 { return w.Pos })
	var found []harm
	var first replacers
	for i, w := range r.writes {
		seen := newerOf(byTime[i], byPos[i], r.ops)
		if seen == nil || w.Token == 0 || w.Token >= seen.Token {
			continue
		}
		if found == nil {
			first = r.replacers()
		}
		if rival := r.firstOver(&first, w); rival.Token > w.Token {
			seen = rival // it tells most: what one wrote over a value is lost under what the other wrote over it
		}
		found = append(found, harmful(w, staleWhy(w, seen), seen))
	}
	return found
}

// newest finds for each effective write the ok operation with the highest token that lies before it: its
// place in ops, from 1; 0: none. What lies at 0 is nowhere.
func (r *register) newest(at, before func(*history.Operation) int64) []int32 {
	seen := r.sorted(at, func(i int) bool { return r.ops[i].Outcome == history.OK && at(r.ops[i]) > 0 })
	newest := make([]int32, len(r.ops))
	latest := int32(0)
	for _, w := range r.sorted(before, func(i int) bool { return r.effective[i] && r.ops[i].Op == history.Write }) {
		for ; len(seen) > 0 && at(r.ops[seen[0]]) < before(r.ops[w]); seen = seen[1:] {
			if latest == 0 || r.ops[seen[0]].Token >= r.ops[latest-1].Token {
				latest = seen[0] + 1
			}
		}
		newest[w] = latest
	}
	return newest
}

// sorted gives the places of the wanted operations in an order.
func (r *register) sorted(by func(*history.Operation) int64, wanted func(i int) bool) []int32 {
	places := make([]int32, 0, len(r.ops))
	for i := range r.ops {
		if wanted(i) {
			places = append(places, int32(i))
		}
	}
	slices.SortFunc(places, func(a, b int32) int {
		return cmp.Or(cmp.Compare(by(r.ops[a]), by(r.ops[b])), cmp.Compare(a, b))
	})
	return places
}

// newerOf is the one with the higher token of two operations, the first one of equals; nil if there is none.
func newerOf(a, b int32, ops []*history.Operation) *history.Operation {
	switch {
	case a == 0 && b == 0:
		return nil
	case a == 0 || b != 0 && ops[b-1].Token > ops[a-1].Token:
		return ops[b-1]
	}
	return ops[a-1]
}

func staleWhy(w, seen *history.Operation) string {
	return fmt.Sprintf("stale write accepted: %s wrote %d over %d to %s at %s with token %d, after %s's token %d was seen",
		clientName(w.Client), w.Value, w.Prev, w.Key, when(w), w.Token, clientName(seen.Client), seen.Token)
}

// forks finds effective writes that replaced a value which another one had replaced already.
func (r *register) forks() []harm {
	first := r.replacers()
	var found []harm
	for _, w := range r.writes {
		if other := r.firstOver(&first, w); other != w {
			found = append(found, harmful(w, forkWhy(w, other), other))
		}
	}
	return found
}

func forkWhy(w, other *history.Operation) string {
	return fmt.Sprintf("fork: %s's write of %d and %s's write of %d to %s both replaced %d",
		clientName(other.Client), other.Value, clientName(w.Client), w.Value, w.Key, w.Prev)
}

// lost finds the acknowledged writes of which a last read knows nothing. Those that were still open
// when it began may have come after it.
func (r *register) lost(last *history.Operation) []harm {
	on := r.chain(last.Value)
	kept := func(w *history.Operation) bool {
		i, _ := r.values.find(w.Value)
		return on[i] || w.Value == 0
	}
	var heirs map[int64]*history.Operation
	var found []harm
	for _, w := range r.writes {
		if kept(w) || w.Outcome != history.OK || w.Return > last.Call {
			continue
		}
		if heirs == nil {
			heirs = r.heirs(kept)
		}
		x := harmful(w, lostWhy(w, last), last)
		if heir := heirs[w.Prev]; heir != nil {
			x.witnesses = append(x.witnesses, heir)
		}
		found = append(found, x)
	}
	return found
}

// heirs are the writes that were kept, by the values that they replaced.
func (r *register) heirs(kept func(*history.Operation) bool) map[int64]*history.Operation {
	heirs := map[int64]*history.Operation{}
	for _, w := range r.writes {
		if kept(w) {
			heirs[w.Prev] = w
		}
	}
	return heirs
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
