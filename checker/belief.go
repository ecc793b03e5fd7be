package checker

import (
	"cmp"
	"slices"

	"lockquake/checker/history"
	"lockquake/checker/linear"
)

// belief is a key's lock as clients believed in it. It judges belief, not effect, so a release takes
// effect from its *invoke* on, whatever its answer said: a client that was told "not held" had stopped
// believing in its hold, too.
//
// The owner of a hold is its acquire, not its client: with a client, one stray release would make
// every later hold of that client uncertain.
type belief struct {
	ops    []linear.Op // in the order of their calls
	owners int32
}

// believer collects beliefs.
type believer struct {
	h      *history.History
	wanted func(*history.Operation) bool
	keys   map[string]*belief
	owners []int32 // of the acquire at each place, from 1; 0: none yet, negative: its hold has ended
}

// beliefs gives the wanted acquires of each key, and what ended their holds: the first release invoked, Lost
// or Crash. Later ones (a clean-up after Lost) have no belief left to end. Failed acquires surely had no
// effect and are left out.
func beliefs(h *history.History, wanted func(*history.Operation) bool) map[string]*belief {
	b := &believer{h, wanted, roomForBeliefs(h, wanted), make([]int32, len(h.Ops))}
	infos := h.Infos
	for i := range h.Ops {
		o := &h.Ops[i]
		for len(infos) > 0 && infos[0].Seq < o.Call {
			b.observe(&infos[0])
			infos = infos[1:]
		}
		b.operate(i, o)
	}
	for i := range infos {
		b.observe(&infos[i])
	}
	return b.keys
}

// roomForBeliefs makes room for what will be said of each key: a hold begins and ends.
func roomForBeliefs(h *history.History, wanted func(*history.Operation) bool) map[string]*belief {
	holds := map[string]int{}
	for i := range h.Ops {
		if o := &h.Ops[i]; o.Op == history.Acquire && o.Outcome != history.Fail && wanted(o) {
			holds[o.Key]++
		}
	}
	keys := map[string]*belief{}
	for key, n := range holds {
		keys[key] = &belief{ops: make([]linear.Op, 0, 2*n)}
	}
	return keys
}

func (b *believer) operate(i int, o *history.Operation) {
	switch o.Op {
	case history.Acquire:
		op := linear.Op{Call: o.Call, Return: o.Return, Kind: linear.Acquire, Outcome: linear.OK}
		b.add(i, op, o.Outcome == history.Unknown)
	case history.Release:
		op := linear.Op{Call: o.Call, Return: o.Return, Kind: linear.Release, Outcome: linear.OK}
		b.end(o.Hold, op, o.Outcome == history.Unknown)
	}
}

func (b *believer) observe(e *history.Observation) {
	if e.Op == history.Lost || e.Op == history.Crash {
		b.end(e.Hold, linear.Op{Call: e.Seq, Return: e.Seq, Kind: linear.Release, Outcome: linear.OK}, false)
	}
}

// end ends the hold of an acquire. Nobody believed in the hold of an unknown acquire, so its release
// ends no belief.
func (b *believer) end(id history.OpID, op linear.Op, unknown bool) {
	i, ok := slices.BinarySearchFunc(b.h.Ops, id, func(o history.Operation, id history.OpID) int { return cmp.Compare(o.ID, id) })
	if ok && b.h.Ops[i].Op == history.Acquire && b.owners[i] >= 0 {
		b.add(i, op, unknown || b.h.Ops[i].Outcome == history.Unknown)
		b.owners[i] = -b.owners[i]
	}
}

// add notes an operation on the hold of the acquire at a place.
func (b *believer) add(acquire int, op linear.Op, unknown bool) {
	o := &b.h.Ops[acquire]
	if o.Outcome == history.Fail || !b.wanted(o) {
		return
	}
	key := b.keys[o.Key]
	if b.owners[acquire] == 0 {
		key.owners++
		b.owners[acquire] = key.owners
	}
	op.Owner = max(b.owners[acquire], -b.owners[acquire])
	if unknown {
		op.Outcome, op.Return = linear.Unknown, linear.Open
	}
	key.ops = append(key.ops, op)
}
