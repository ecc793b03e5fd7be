package linear

import (
	"cmp"
	"slices"
)

// proceed cuts after an event if it can. False: there is no need to go on.
func (c *cutter) proceed() bool {
	known := c.o.rules.full(c) || c.o.rules.quiet(c)
	if c.contradiction(known) {
		c.piece.doomed = true
		c.finish()
		return false
	}
	known = known || c.count >= c.o.chosen && c.o.rules.tacit(c)
	// Looking through what is open takes time, too.
	if !known || c.count < max(c.o.batch, len(c.open)/4, (len(c.limbo)-c.swept)/4) {
		return true
	}
	if c.parties(loose) > 0 || c.parties(blocked) > 0 {
		return true
	}
	if c.parties(pulled) > 0 && c.count < len(c.limbo)/4 {
		return true
	}
	return c.cut()
}

// full tells that the parties whose hold is certain leave no room for others.
func full(c *cutter) bool {
	if c.o.Lock.kind == readersWriter {
		return c.alone > 0
	}
	return len(c.holders) >= c.o.Lock.units()
}

// quiet tells that nothing is under way, and nothing may come of what is behind.
func quiet(c *cutter) bool {
	return c.live == 0 && c.unsure == 0 && (!c.strict || len(c.lonely) == 0 && c.blips.none())
}

// tacit tells that it does not matter who could have had the lock: nobody who is under way saw whether it was
// to be had, and each party holds once at most. Then an acquire may as well take effect as late as can be, and a
// release as early, because nothing becomes illegal by a hold that is shorter: who holds is whose hold is
// certain, and what is open goes to the right if it is an acquire, to the left if it is a release.
//
// A semaphore of which a unit is always free, or a lock that only readers use, is cut in no other way.
func tacit(c *cutter) bool {
	return c.once && (c.o.Lock.kind == semaphore || c.o.Lock.kind == readersWriter)
}

// contradiction tells that what happened up to now is not linearizable, whatever comes.
func (c *cutter) contradiction(known bool) bool {
	crowded := len(c.holders) > c.o.Lock.units()
	if c.o.Lock.kind == readersWriter {
		crowded = c.alone > 0 && len(c.holders) > 1
	}
	return crowded || c.parties(broken) > 0 || known && c.parties(impossible) > 0
}

// cut ends the piece at the latest event.
func (c *cutter) cut() bool {
	for i := range c.open {
		if x := &c.open[i]; !x.done {
			c.across(x)
		}
	}
	if c.parties(pulled) > 0 || len(c.limbo) > 2*c.swept+64 {
		c.sweep()
	}
	return c.send() && c.begin()
}

// across takes an open operation to the side that it is forced to.
func (c *cutter) across(x *crossing) {
	op := &c.ops[x.at]
	if op.Outcome == Fail {
		x.done = true
		c.forget(op, c.account(op))
		c.update(c.o.Lock.party(op))
		return
	}
	if c.toTheLeft(op) {
		x.done = true
		c.settle(*x, c.now)
	}
}

// toTheLeft tells whether one more operation of this kind is forced to the left.
func (c *cutter) toTheLeft(op *Op) bool {
	acquires, releases := c.o.rules.left(c.account(op))
	if op.Kind == Release {
		return releases > 0
	}
	return acquires > 0
}

// sweep takes unknown operations to the side that they are forced to, the oldest first, and leaves out
// the releases that were buried.
func (c *cutter) sweep() {
	waiting := c.limbo[:0]
	for _, x := range c.limbo {
		op := &c.ops[x.at]
		switch {
		case op.Kind == Release && c.account(op).releases.unknown == 0:
		case c.toTheLeft(op):
			c.settle(x, c.now)
		default:
			waiting = append(waiting, x)
		}
	}
	c.limbo, c.swept = waiting, len(waiting)
}

// begin starts a piece in the state that is known.
func (c *cutter) begin() bool {
	c.piece = c.spare()
	*c.piece = Piece{lock: c.o.Lock, index: int(c.index), pool: c.blips.pool,
		Items: c.piece.Items[:0], Holders: c.piece.Holders[:0]}
	for _, p := range c.holders {
		h := Holder{Owner: p, Times: c.accounts[p].held}
		if c.o.Lock.kind == readersWriter {
			h.Owner, h.Shared = p/2, p&1 == 1
		}
		c.piece.Holders = append(c.piece.Holders, h)
	}
	c.start, c.count = c.now, 0
	return true
}

func (c *cutter) send() bool {
	c.piece.blips = c.blips.ended(c)
	c.index++
	return c.emit(c.piece)
}

// finish ends the last piece: what is still open or unknown may take effect in it, or not.
func (c *cutter) finish() {
	rest := slices.Clone(c.limbo)
	for _, x := range c.open {
		if !x.done && c.ops[x.at].Outcome == OK {
			rest = append(rest, x)
		}
	}
	slices.SortFunc(rest, byCall)
	alone := slices.Concat(c.lonely, c.blips.begun())
	rooms := map[int32]*room{}
	rest = slices.DeleteFunc(rest, func(x crossing) bool {
		op := &c.ops[x.at]
		a := c.account(op)
		switch {
		case op.Kind != Release && a.releases.all() == 0:
			alone = append(alone, x)
			return true
		case op.Kind == Release && a.insists():
			if c.toTheLeft(op) {
				c.settle(x, c.now)
			}
			return true // what shows that its party holds is not in this piece
		}
		return !c.useful(op, rooms)
	})
	c.keepUnknown(rest)
	c.keepUnknown(c.representatives(alone))
	c.send()
}

func byCall(a, b crossing) int { return cmp.Compare(a.at, b.at) }

// useful tells whether one more of the operations that are still open or unknown, the oldest first, may make a
// difference. No party gives back more than it gets, nor gets more than it may hold and gives back; and an older
// operation can do whatever a later one can.
func (c *cutter) useful(op *Op, rooms map[int32]*room) bool {
	a, p := c.account(op), c.o.Lock.party(op)
	if rooms[p] == nil {
		rooms[p] = &room{c.o.Lock.each() - a.held + a.releases.all(), a.held + a.acquires.all()}
	}
	left := &rooms[p].acquires
	if op.Kind == Release {
		left = &rooms[p].releases
	}
	*left--
	return *left >= 0
}

// room is how many operations of a party may still make a difference.
type room struct{ acquires, releases int32 }

func (c *cutter) keepUnknown(all []crossing) {
	for _, x := range all {
		op := c.ops[x.at]
		op.Outcome, op.Return = Unknown, Open
		c.keep(op, x)
	}
}

// representatives picks, of the acquires that no release can follow, those that make a difference. Each
// blocks the lock for good. Of owners that do nothing else in this piece the earliest calls can do whatever
// others can, which is to make tries fail: as many as may hold at once, of each mode.
func (c *cutter) representatives(alone []crossing) []crossing {
	slices.SortFunc(alone, byCall)
	busy := c.busy()
	picked := map[bool]map[int32]bool{false: {}, true: {}}
	return slices.DeleteFunc(alone, func(x crossing) bool {
		op := &c.ops[x.at]
		if busy[op.Owner] {
			return false
		}
		owners := picked[op.Shared]
		if !c.strict || owners[op.Owner] || len(owners) == c.o.Lock.units() {
			return true
		}
		owners[op.Owner] = true
		return false
	})
}

// busy are the owners of what is in the piece.
func (c *cutter) busy() map[int32]bool {
	busy := map[int32]bool{}
	for i := range c.piece.Items {
		busy[c.piece.Items[i].Owner] = true
	}
	for _, h := range c.piece.Holders {
		busy[h.Owner] = true
	}
	return busy
}
