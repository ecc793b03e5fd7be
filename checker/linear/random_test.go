package linear

import (
	"cmp"
	"math/rand/v2"
	"slices"
)

// world lets random processes use a lock that works, one event at a time, and notes what they see. Some of
// what it notes is then falsified.
type world struct {
	rng     *rand.Rand
	lock    Lock
	reused  bool // owners are processes, not attempts
	patient bool // nobody tries, and every release is of a hold
	now     int64
	ops     []Op
	actors  []*actor
	ghosts  []int // unknown operations that may take effect later
	held    map[int32]int32
	owners  int32
	unknown int // per cent of operations
}

// actor is where a process stands.
type actor struct {
	owner   int32
	shared  bool
	open    int // operation, -1: none
	applied bool
	failed  bool
	holds   int32 // by its belief
}

// randomHistory is a history of up to size operations, in the order of calls. It ends where its time is up.
func randomHistory(rng *rand.Rand, l Lock, size int) []Op {
	if rng.IntN(10) == 0 {
		return tidied(glimpses(rng, size))
	}
	w := &world{rng: rng, lock: l, reused: rng.IntN(3) == 0, held: map[int32]int32{}, unknown: []int{0, 10, 40}[rng.IntN(3)]}
	if rng.IntN(3) == 0 {
		w.patient, w.reused = true, false
	}
	owners := 2 + rng.IntN(4)
	if w.reused && rng.IntN(2) == 0 {
		owners = 2 // of several processes each, which do not wait for each other
	}
	for i := range 2 + rng.IntN(4) {
		if i < owners {
			w.newOwner()
		}
		w.actors = append(w.actors, &actor{open: -1, owner: int32(i % owners)})
	}
	for range 8 * size {
		w.step(size)
	}
	if rng.IntN(2) == 0 && len(w.ops) > 0 {
		for range 1 + rng.IntN(2) {
			falsify(rng, w.ops)
		}
	}
	return tidied(w.ops)
}

// glimpses is a history in which tries fail while nobody is known to hold the lock, so that only blips explain them.
//
//	b: |acquire ?
//	b:    |release ?
//	x:  |acquire|--|release|                  |acquire|--|release|
//	z:                        |try|!  |try|!                         |try|!
func glimpses(rng *rand.Rand, size int) []Op {
	var ops []Op
	owner, now := int32(0), int64(0)
	add := func(owner int32, k Kind, o Outcome) {
		now += 2
		op := Op{Call: now, Return: now + int64(1+rng.IntN(3)), Owner: owner, Kind: k, Outcome: o}
		if o == Unknown {
			op.Return = Open
		}
		ops = append(ops, op)
	}
	for len(ops) < size {
		owner++
		switch rng.IntN(4) {
		case 0:
			add(owner, Acquire, Unknown)
			if rng.IntN(4) > 0 {
				add(owner, Release, Unknown)
			}
		case 1:
			add(owner, Try, Fail)
		default:
			add(owner, Acquire, OK)
			add(owner, Release, OK)
		}
	}
	return ops
}

func (w *world) newOwner() int32 {
	w.owners++
	return w.owners - 1
}

func (w *world) step(size int) {
	if w.rng.IntN(8) > 0 {
		w.now++ // otherwise two events at once
	}
	if len(w.ghosts) > 0 && w.rng.IntN(6) == 0 {
		i := w.rng.IntN(len(w.ghosts))
		if w.apply(w.ghosts[i]) {
			w.ghosts = slices.Delete(w.ghosts, i, i+1)
		}
		return
	}
	a := w.actors[w.rng.IntN(len(w.actors))]
	switch {
	case a.open < 0 && len(w.ops) < size:
		w.invoke(a)
	case a.open < 0:
	case a.applied || a.failed || w.rng.IntN(100) < w.unknown/4:
		w.returns(a)
	default:
		w.effect(a)
	}
}

func (w *world) invoke(a *actor) {
	op := Op{Call: w.now, Return: Open, Owner: a.owner, Shared: a.shared}
	switch {
	case a.holds > 0 && (w.lock.kind != reentrant || w.rng.IntN(2) == 0), !w.patient && w.rng.IntN(12) == 0:
		op.Kind = Release
	default:
		if a.holds == 0 {
			a.shared = w.lock.kind == readersWriter && w.rng.IntN(2) == 0
			if !w.reused {
				a.owner = w.newOwner()
			}
		}
		op.Owner, op.Shared = a.owner, a.shared
		if !w.patient {
			op.Kind = Kind(w.rng.IntN(2))
		}
	}
	a.open, a.applied, a.failed = len(w.ops), false, false
	w.ops = append(w.ops, op)
}

// effect tries to let an open operation take effect, or to refuse it.
func (w *world) effect(a *actor) {
	op := &w.ops[a.open]
	if a.applied = w.apply(a.open); !a.applied {
		a.failed = op.Kind != Acquire
	}
}

// apply lets an operation take effect if the lock allows it.
func (w *world) apply(i int) bool {
	op := &w.ops[i]
	p := w.lock.party(op)
	if op.Kind == Release {
		if w.held[p] == 0 {
			return false
		}
		w.held[p]--
		return true
	}
	if !w.room(op, p) {
		return false
	}
	w.held[p]++
	return true
}

func (w *world) room(op *Op, p int32) bool {
	own, others, alone := w.held[p], int32(0), false
	for q, n := range w.held {
		if q != p && n > 0 {
			others += n
			alone = alone || !w.lock.shares(q)
		}
	}
	switch w.lock.kind {
	case semaphore:
		return own == 0 && others < w.lock.most
	case readersWriter:
		return own == 0 && (others == 0 || op.Shared && !alone)
	default:
		return others == 0 && own < w.lock.each()
	}
}

func (w *world) returns(a *actor) {
	op := &w.ops[a.open]
	op.Return = w.now
	switch {
	case w.rng.IntN(100) < w.unknown || !a.applied && !a.failed:
		w.lost(a, op)
	case a.failed:
		op.Outcome = Fail
		if op.Kind == Release {
			a.holds = 0
		}
	default:
		op.Outcome = OK
		a.holds++
		if op.Kind == Release {
			a.holds = max(a.holds-2, 0)
		}
	}
	a.open = -1
}

// lost leaves an operation without an answer. Its process may then clean up.
func (w *world) lost(a *actor, op *Op) {
	if !a.applied && !a.failed {
		w.ghosts = append(w.ghosts, a.open)
	}
	if w.rng.IntN(2) == 0 {
		op.Return = Open
	}
	a.holds = int32(w.rng.IntN(2))
}

// falsify changes one thing that was seen.
func falsify(rng *rand.Rand, ops []Op) {
	op, other := &ops[rng.IntN(len(ops))], &ops[rng.IntN(len(ops))]
	switch rng.IntN(7) {
	case 0:
		op.Outcome = Outcome(rng.IntN(3))
	case 1:
		op.Owner = other.Owner
	case 2:
		op.Kind = Kind(rng.IntN(3))
	case 3:
		op.Return = other.Call
	case 4:
		op.Call = other.Call
	case 5:
		op.Call, op.Return = other.Call, other.Call
	default:
		*op = Op{Call: op.Call, Return: min(op.Return, op.Call+2), Owner: op.Owner, Kind: Try, Outcome: Fail, Shared: op.Shared}
	}
}

// tidied is in the order of calls and well formed.
func tidied(ops []Op) []Op {
	for i := range ops {
		op := &ops[i]
		if op.Return < op.Call {
			op.Call, op.Return = op.Return, op.Call
		}
		if op.Return == Open {
			op.Outcome = Unknown
		}
	}
	slices.SortStableFunc(ops, func(a, b Op) int { return cmp.Compare(a.Call, b.Call) })
	return ops
}
