package linear

import "math/bits"

// cutter goes through a history once, event by event, and cuts it where the lock's state is known and
// every operation across is forced to one side.
//
// Then the history is linearizable iff both pieces are. Only if: a linearization of the whole, cut at the
// gap, gives one of each. If: join one of each. The left one ends in the known state, because balances add up;
// failed operations across the gap are true in that state and go to the gap; and an operation o before
// another one p in real time stays before it, for o to the right and p to the left would mean
// p.Call < gap < o.Return < p.Call.
type cutter struct {
	ops      []Op
	o        Options
	accounts []account // of parties
	strict   bool      // some operation says that the lock could not be had
	once     bool      // see allOnce
	paired   []uint64  // the acquires of pairs, a bit each; nil: none

	open   crossings  // operations that will return
	live   int        // of those, the ones that are not done
	limbo  []crossing // unknown operations, in the order of their calls
	unsure int        // of those, the ones that may still take effect
	swept  int        // length of limbo after it was last looked through
	lonely []crossing // unknown acquires of parties that do nothing else from there on
	blips  blipper

	tally   [kinds]int // parties with each bit of status
	holders []int32    // parties whose hold is certain
	alone   int        // of those, the ones that do not share

	now   int64 // of the latest event
	start int64 // of the piece
	count int   // operations of the piece, kept or not
	piece *Piece
	index int32
	emit  func(*Piece) bool // false: enough
	spare func() *Piece
}

// start is the state in which a history begins.
type start struct {
	holders []Holder
	pool    int // blips that may be used
}

func newCutter(ops []Op, s start, o Options) *cutter {
	c := &cutter{ops: ops, o: o}
	c.survey(s)
	for _, h := range s.holders {
		p := o.Lock.party(&Op{Owner: h.Owner, Shared: h.Shared})
		c.accounts[p].held = h.Times
		c.update(p)
	}
	c.once = c.allOnce()
	c.blips.pool = s.pool
	c.spare = func() *Piece { return &Piece{} }
	return c
}

// survey counts what each party will do.
func (c *cutter) survey(s start) {
	most := int32(-1)
	for i := range c.ops {
		most = max(most, c.o.Lock.party(&c.ops[i]))
	}
	for _, h := range s.holders {
		most = max(most, c.o.Lock.party(&Op{Owner: h.Owner, Shared: h.Shared}))
	}
	c.accounts = make([]account, most+1)
	for _, h := range s.holders {
		a := c.account(&Op{Owner: h.Owner, Shared: h.Shared})
		a.class |= sure
		a.excess += h.Times
	}
	for i := range c.ops {
		op := &c.ops[i]
		c.strict = c.strict || op.Kind == Try && op.Outcome == Fail
		c.account(op).foresee(op)
	}
	c.choose()
	c.pairUp()
}

// allOnce tells that nobody sees whether the lock is held, and that every party holds it once at most.
func (c *cutter) allOnce() bool {
	for i := range c.accounts {
		a := &c.accounts[i]
		if a.class&denied != 0 || a.held+a.later.acquires > 1 || a.later.releases > 1 {
			return false
		}
	}
	return !c.strict
}

func (c *cutter) account(op *Op) *account { return &c.accounts[c.o.Lock.party(op)] }

// run cuts the history, from its first event to its last.
func (c *cutter) run() {
	c.begin()
	for i := range c.ops {
		if !c.returns(c.ops[i].Call) {
			return
		}
		c.now = c.ops[i].Call
		c.call(int32(i))
		if !c.proceed() {
			return
		}
	}
	if c.returns(Open) {
		c.finish()
	}
}

// returns handles what returns before a call.
func (c *cutter) returns(call int64) bool {
	for len(c.open) > 0 && c.open[0].ret < call {
		x := c.open.pop()
		c.now = x.ret
		if c.begins(x.at) {
			c.account(&c.ops[x.at]).phase = inside
			c.update(c.o.Lock.party(&c.ops[x.at]))
		}
		if x.done {
			continue
		}
		c.settle(x, x.ret)
		if !c.proceed() {
			return false
		}
	}
	return true
}

// call handles the call of an operation.
func (c *cutter) call(at int32) {
	op := &c.ops[at]
	a := c.account(op)
	x := crossing{ret: op.Return, at: at, piece: c.index, block: int32(c.count)}
	switch {
	case op.Outcome == Fail:
		c.callFailed(op, a, x)
	case a.class&sure == 0 && !c.strict:
		// Without one who saw the lock held, taking time from a hold never makes anything illegal.
	case a.class&chosen != 0:
		c.blips.call(op, x)
	default:
		c.callEffective(op, a, x)
	}
}

func (c *cutter) callFailed(op *Op, a *account, x crossing) {
	if op.Kind == Acquire {
		return
	}
	if op.Kind == Release || c.o.Lock.kind == reentrant {
		a.denials++
		c.update(c.o.Lock.party(op))
	}
	c.push(x)
}

func (c *cutter) push(x crossing) {
	c.live++
	c.open.push(x)
}

func (c *cutter) callEffective(op *Op, a *account, x crossing) {
	kind := &a.acquires
	if op.Kind == Release {
		kind = &a.releases
		a.later.releases--
		switch {
		case op.Outcome == Unknown && c.o.rules.spent(a):
			return
		case op.Outcome == Unknown:
			a.excess--
		default:
			a.later.sure--
			if a.phase == inside {
				a.phase = leaving
			}
		}
	} else {
		a.later.acquires--
		switch {
		case c.begins(x.at):
			a.phase = asking
		case op.Outcome == Unknown && !c.strict && c.o.rules.vain(a):
			return
		case op.Outcome == Unknown && a.idle():
			c.lonely = append(c.lonely, x)
			return
		}
	}
	if op.Outcome == Unknown {
		kind.unknown++
		c.unsure++
		c.limbo = append(c.limbo, x)
	} else {
		kind.open++
		c.push(x)
	}
	c.update(c.o.Lock.party(op))
}

// spent tells that a party's unknown releases, but for those that were called already, are idle: it cannot give back
// more than it gets, and an older one can do whatever a later one can. A release that timed out and was tried again
// is idle at once, if every hold of its party was released for sure.
func spent(a *account) bool { return a.excess <= 0 }

// vain tells that an unknown acquire of a party is idle if nobody sees the lock held: no release that returned ok comes
// after it, and without its hold everything stays legal.
func vain(a *account) bool { return a.later.sure == 0 && a.releases.open == 0 }

// settle lets a crossing take its effect in this piece, at or before ret.
func (c *cutter) settle(x crossing, ret int64) {
	op := c.ops[x.at]
	a := c.account(&op)
	kind, change := &a.acquires, int32(1)
	if op.Kind == Release {
		kind, change = &a.releases, -1
	}
	switch op.Outcome {
	case Fail:
		c.forget(&op, a)
	case Unknown:
		kind.unknown--
		c.unsure--
		a.held += change
	default:
		c.live--
		kind.open--
		a.held += change
		if op.Kind == Release && a.phase == leaving {
			a.phase = outside
		}
	}
	if op.Outcome == Unknown {
		op.Outcome = OK
	}
	op.Return = ret
	c.update(c.o.Lock.party(&op))
	c.keep(op, x)
}

// forget ends a failed operation.
func (c *cutter) forget(op *Op, a *account) {
	c.live--
	if op.Kind == Release || c.o.Lock.kind == reentrant {
		a.denials--
	}
}

// keep adds an operation to the piece, clipped to its start.
func (c *cutter) keep(op Op, x crossing) {
	c.count++
	if c.count > c.o.MaxPiece {
		c.piece.over = true
		return
	}
	c.piece.Items = append(c.piece.Items, c.item(op, x))
}

func (c *cutter) item(op Op, x crossing) Item {
	op.Call = max(op.Call, c.start)
	if x.piece != c.index {
		x.block = 0
	}
	return Item{Op: op, At: x.at, block: x.block}
}

// update takes what changed in an account over into the sums.
func (c *cutter) update(party int32) {
	a := &c.accounts[party]
	c.bury(a)
	s := c.o.rules.status(a, c.o.Lock.each())
	changed := s ^ a.status
	if changed == 0 {
		return
	}
	for i := range c.tally {
		if bit := status(1) << i; changed&bit != 0 {
			c.tally[i] += sign(s&bit != 0)
		}
	}
	a.status = s
	if changed&certain != 0 {
		c.holds(party, a, s&certain != 0)
	}
}

func sign(up bool) int {
	if up {
		return 1
	}
	return -1
}

// bury takes unknown releases out of account that no acquire is left for.
func (c *cutter) bury(a *account) {
	if a.releases.unknown > 0 && a.held == 0 && a.releases.open == 0 && a.acquires.all() == 0 && a.later.acquires == 0 {
		c.unsure -= int(a.releases.unknown)
		a.releases.unknown = 0
	}
}

// holds notes that a party's hold has become certain, or uncertain.
func (c *cutter) holds(party int32, a *account, holds bool) {
	if !c.o.Lock.shares(party) {
		c.alone += sign(holds)
	}
	if holds {
		c.holders = append(c.holders, party)
		a.place = int32(len(c.holders))
		return
	}
	last := c.holders[len(c.holders)-1]
	c.holders[a.place-1] = last
	c.accounts[last].place = a.place
	c.holders = c.holders[:len(c.holders)-1]
}

// parties is how many parties have a bit of status.
func (c *cutter) parties(s status) int { return c.tally[bits.TrailingZeros8(uint8(s))] }
