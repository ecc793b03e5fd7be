package checker

import (
	"math"

	"github.com/anishathalye/porcupine"

	"lockquake/checker/history"
)

// owner is the state of the mutex model: the acquire whose attempt holds the key, or one of these.
type owner history.OpID

const (
	free  owner = 0
	ended owner = -1 // every operation that returned lies behind
)

type move uint8

const (
	take move = iota
	give
	finish
)

// attempt is an operation on the mutex model. Its owner is an acquire, not a client: with a client,
// one stray release would make every later hold of that client uncertain.
type attempt struct {
	move     move
	owner    owner
	optional bool // nobody knows whether it took effect
}

// mutex is the sequential lock. It judges belief, not effect, so a give follows from the *invoke* of a release,
// whatever its answer said: a client that was told "not held" had stopped believing in its hold, too.
//
// An optional attempt has no return, so one without effect can wait until everything else is done; only
// then, after finish, is it a no-op. Were it a no-op anywhere, k unknowns would have 2^k ways to be none:
//
//	p0: |acquire ?......   p1: |acquire ?......   p2: |acquire ok|   p3: |acquire ok|
//
// would be tried for each subset of {p0, p1} before it is called illegal.
var mutex = porcupine.Model{
	Init: func() any { return free },
	Step: func(state, input, _ any) (bool, any) {
		holder, a := state.(owner), input.(*attempt)
		switch {
		case a.move == finish:
			return true, ended
		case holder == ended:
			return true, ended // only what never returned is left
		case a.move == take:
			return holder == free, a.owner
		default:
			return holder == a.owner, free
		}
	},
}

// attempts encodes the wanted acquires of each key, and what ended their holds, for the mutex model.
// Times are sequence numbers. Failed acquires surely had no effect and are left out.
func attempts(h *history.History, wanted func(*history.Operation) bool) map[string][]porcupine.Operation {
	ends := firstEnds(h)
	byKey := map[string][]porcupine.Operation{}
	for i := range h.Ops {
		o := &h.Ops[i]
		if o.Op != history.Acquire || o.Outcome == history.Fail || !wanted(o) {
			continue
		}
		unknown := o.Outcome == history.Unknown
		ops := append(byKey[o.Key], encode(&attempt{take, owner(o.ID), unknown}, o.Call, o.Return))
		if e, ok := ends[o.ID]; ok {
			// Nobody believed in the hold of an unknown acquire, so its release ends no belief.
			ops = append(ops, encode(&attempt{give, owner(o.ID), unknown || e.unknown}, e.call, e.ret))
		}
		byKey[o.Key] = ops
	}
	for key, ops := range byKey {
		byKey[key] = append(ops, encode(&attempt{move: finish}, math.MaxInt64-1, math.MaxInt64-1))
	}
	return byKey
}

func encode(a *attempt, call, ret int64) porcupine.Operation {
	if a.optional {
		ret = math.MaxInt64
	}
	return porcupine.Operation{Input: a, Call: call, Return: ret}
}

// giving is the operation or observation that ended a hold.
type giving struct {
	call, ret int64
	unknown   bool
}

// firstEnds finds what ended each hold: the first release invoked, Lost or Crash. Later ones (a
// clean-up after Lost) have no belief left to end.
func firstEnds(h *history.History) map[history.OpID]giving {
	ends := map[history.OpID]giving{}
	note := func(id history.OpID, g giving) {
		if known, ok := ends[id]; !ok || g.call < known.call {
			ends[id] = g
		}
	}
	for i := range h.Ops {
		if o := &h.Ops[i]; o.Op == history.Release {
			note(o.Hold, giving{o.Call, o.Return, o.Outcome == history.Unknown})
		}
	}
	for i := range h.Infos {
		if e := &h.Infos[i]; e.Op == history.Lost || e.Op == history.Crash {
			note(e.Hold, giving{call: e.Seq, ret: e.Seq})
		}
	}
	return ends
}
