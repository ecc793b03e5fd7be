package checker

import (
	"lockquake/checker/history"
	"lockquake/checker/linear"
)

// belief is a key's lock as clients believed in it. It judges belief, not effect, so a release takes
// effect from its *invoke* on, whatever its answer said: a client that was told "not held" had stopped
// believing in its hold, too.
//
// The owner of a hold is its acquire, not its client: with a client, one stray release would make
// every later hold of that client uncertain. What was acquired within a hold has the owner of that, and nobody
// believes in it any longer than in that.
type belief struct {
	lock   linear.Lock
	ops    []linear.Op // in the order of their calls
	owners int32
}

// believer collects beliefs.
type believer struct {
	h      *history.History
	wanted func(*history.Operation) bool
	now    int // how many operations were called
	keys   map[string]*belief
	owners []int32                         // of the acquire at each place, from 1; 0: none yet, negative: its hold has ended
	outer  map[history.OpID]history.OpID   // of nested acquires
	inner  map[history.OpID][]history.OpID // nested acquires that are believed in, by outer ones
}

// beliefs gives the wanted acquires of each key, and what ended their holds: the first release invoked, Lost
// or Crash. Later ones (a clean-up after Lost) have no belief left to end. Failed acquires surely had no
// effect and are left out.
func beliefs(h *history.History, wanted func(*history.Operation) bool) map[string]*belief {
	b := &believer{h: h, wanted: wanted, keys: roomForBeliefs(h, wanted), owners: make([]int32, len(h.Ops)),
		outer: h.Nesting(), inner: map[history.OpID][]history.OpID{}}
	infos := h.Infos
	for i := range h.Ops {
		o := &h.Ops[i]
		b.now = i
		for len(infos) > 0 && infos[0].Seq < o.Call {
			b.observe(&infos[0])
			infos = infos[1:]
		}
		b.operate(i, o)
	}
	b.now = len(h.Ops)
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
	keys, locks := map[string]*belief{}, kinds(h)
	for key, n := range holds {
		keys[key] = &belief{lock: locks[key].model(h.Header.Permits), ops: make([]linear.Op, 0, 2*n)}
	}
	return keys
}

func (b *believer) operate(i int, o *history.Operation) {
	switch {
	case o.Op == history.Acquire && o.Mode == history.Nested:
		b.nest(i, o)
	case o.Op == history.Acquire:
		op := linear.Op{Call: o.Call, Return: o.Return, Kind: linear.Acquire, Outcome: linear.OK, Shared: o.Mode == history.Shared}
		b.add(i, op, o.Outcome == history.Unknown)
	case o.Op == history.Release:
		op := linear.Op{Call: o.Call, Return: o.Return, Kind: linear.Release, Outcome: linear.OK}
		b.end(o.Hold, op, o.Outcome == history.Unknown)
	}
}

// nest takes a nested acquire into account: only a reentrant lock knows them, and only of one that came out ok
// somebody believes in its hold.
func (b *believer) nest(i int, o *history.Operation) {
	outer, ok := b.place(b.outer[o.ID()])
	if !ok || b.owners[outer] <= 0 || o.Outcome != history.OK || b.keys[o.Key].lock != reentrant.model(0) {
		return
	}
	b.owners[i] = b.owners[outer]
	b.inner[b.outer[o.ID()]] = append(b.inner[b.outer[o.ID()]], o.ID())
	b.append(o, linear.Op{Call: o.Call, Return: o.Return, Kind: linear.Acquire, Outcome: linear.OK, Owner: b.owners[i]}, false)
}

func (b *believer) observe(e *history.Observation) {
	if e.Op == history.Lost || e.Op == history.Crash {
		b.end(e.Hold, linear.Op{Call: e.Seq, Return: e.Seq, Kind: linear.Release, Outcome: linear.OK}, false)
	}
}

// place finds an acquire, which mostly was called before.
func (b *believer) place(id history.OpID) (int, bool) {
	i, ok := b.h.FindNear(b.now, id)
	return i, ok && b.h.Ops[i].Op == history.Acquire
}

// end ends the hold of an acquire, and those within it. Nobody believed in the hold of an unknown acquire, so its
// release ends no belief.
func (b *believer) end(id history.OpID, op linear.Op, unknown bool) {
	i, ok := b.place(id)
	if !ok || b.owners[i] < 0 {
		return
	}
	a := &b.h.Ops[i]
	for _, inner := range b.inner[id] {
		b.end(inner, op, unknown)
	}
	if a.Mode != history.Nested {
		op.Shared = a.Mode == history.Shared
		b.add(i, op, unknown || a.Outcome == history.Unknown)
	} else if op.Owner = b.owners[i]; op.Owner > 0 {
		b.append(a, op, unknown)
	}
	b.owners[i] = -b.owners[i]
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
	b.append(o, op, unknown)
}

func (b *believer) append(acquire *history.Operation, op linear.Op, unknown bool) {
	if unknown {
		op.Outcome, op.Return = linear.Unknown, linear.Open
	}
	key := b.keys[acquire.Key]
	key.ops = append(key.ops, op)
}
