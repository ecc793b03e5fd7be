package linear

import (
	"maps"

	"github.com/anishathalye/porcupine"
)

// reference judges a whole history at once, by a model of its own: the balance of each party.
func reference(l Lock, ops []Op) Answer {
	var all []porcupine.Operation
	for i := range ops {
		op := &ops[i]
		if op.Outcome == Fail && op.Kind == Acquire {
			continue
		}
		o := porcupine.Operation{Input: op, Call: op.Call, Return: op.Return}
		if op.Outcome == Unknown {
			o.Return = Open
		}
		all = append(all, o)
	}
	all = append(all, porcupine.Operation{Input: nil, Call: Open - 1, Return: Open - 1})
	if porcupine.CheckOperations(referenceModel(l), all) {
		return Valid
	}
	return Invalid
}

type balances map[int32]int32

func referenceModel(l Lock) porcupine.Model {
	return porcupine.Model{
		Init: func() any { return balances{} },
		Step: func(state, input, _ any) (bool, any) {
			b := state.(balances)
			switch op, _ := input.(*Op); {
			case b == nil:
				return true, b
			case op == nil:
				return true, balances(nil)
			case op.Kind == Release:
				return b.release(l, op)
			default:
				return b.acquire(l, op)
			}
		},
		Equal: func(a, b any) bool {
			x, y := a.(balances), b.(balances)
			return (x == nil) == (y == nil) && maps.Equal(x, y)
		},
	}
}

func (b balances) release(l Lock, op *Op) (bool, balances) {
	p := l.party(op)
	if op.Outcome == Fail {
		return b[p] == 0, b
	}
	return b[p] > 0, b.plus(p, -1)
}

func (b balances) acquire(l Lock, op *Op) (bool, balances) {
	p := l.party(op)
	others, writers := 0, 0
	for q := range b {
		if q != p {
			others++
		}
		if !l.shares(q) {
			writers++
		}
	}
	var can bool
	switch l.kind {
	case mutex:
		can = len(b) == 0
	case reentrant:
		can = others == 0 && b[p] < l.most
	case semaphore:
		can = len(b) < int(l.most)
	case readersWriter:
		can = len(b) == 0 || op.Shared && writers == 0
	}
	if op.Outcome == Fail {
		return !can, b
	}
	if l.kind != reentrant && b[p] > 0 {
		return false, b
	}
	return can, b.plus(p, 1)
}

func (b balances) plus(p, n int32) balances {
	c := maps.Clone(b)
	if c[p] += n; c[p] == 0 {
		delete(c, p)
	}
	return c
}
