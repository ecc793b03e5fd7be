package linear

import "math"

// A pair is an acquire of a party and its next release, both of which returned ok, between which no other acquire of
// that party can take effect. Then no other release of it does, either: the release of the pair had found nothing to
// release. So from the return of the one to the call of the other the party holds in every linearization, whatever
// became of its unknown releases; if it does not hold at a gap before, that acquire is to the right; if it does not
// at one behind, that release is to the left.
//
//	x: |acquire|  |release ?
//	x:               |release|  |acquire|------------|release|
//	                                        ^ x holds: the unknown release is to the right, or nowhere
//
// By its balance alone x is uncertain there, and so in all its later holds: with clients as owners one release that
// timed out and was tried again would make one piece of all that follows.

// phase is where a party stands between the call of the acquire and the return of the release of a pair.
type phase uint8

const (
	outside phase = iota
	asking        // the acquire is open
	inside
	leaving // the release is open
)

// pairing is how far the operations of a party make a pair.
type pairing struct {
	acquire int32 // the latest one, if it can begin a pair; else none
	release int32 // that may end it
	until   int64 // by when all acquires that were called so far had returned
}

const none int32 = -1

// pairUp finds the acquires of pairs, of those parties that they help: of which some release is unknown and another
// one is not. Each holds once at most.
func (c *cutter) pairUp() {
	if c.o.Lock.each() > 1 {
		return
	}
	parties := map[int32]*pairing{}
	for i := range c.accounts {
		if a := &c.accounts[i]; a.class&stray != 0 && a.later.releases > 1 {
			parties[int32(i)] = &pairing{none, none, math.MinInt64}
		}
	}
	if len(parties) == 0 {
		return
	}
	c.paired = make([]uint64, len(c.ops)/64+1)
	for i := range c.ops {
		if op := &c.ops[i]; op.Outcome != Fail {
			if p := parties[c.o.Lock.party(op)]; p != nil {
				c.pair(p, int32(i))
			}
		}
	}
	for _, p := range parties {
		c.confirm(p, Open)
	}
}

// pair takes the next operation of a party into account.
func (c *cutter) pair(p *pairing, at int32) {
	op := &c.ops[at]
	if op.Kind == Release {
		if op.Outcome == OK && p.acquire != none && p.release == none && c.ops[p.acquire].Return < op.Call {
			p.release = at
		}
		return
	}
	c.confirm(p, op.Call)
	p.acquire, p.release = none, none
	if op.Outcome == OK && c.o.rules.apart(p.until, op.Call) {
		p.acquire = at
	}
	if op.Outcome == Unknown {
		p.until = Open
	}
	p.until = max(p.until, op.Return)
}

// confirm notes the pair that is complete when its party calls the next acquire.
func (c *cutter) confirm(p *pairing, next int64) {
	if p.release != none && c.o.rules.apart(c.ops[p.release].Return, next) {
		c.paired[p.acquire/64] |= 1 << (p.acquire % 64)
	}
}

// apart tells that what ended at one place is before what begins at another; where they are equal, calls come before
// returns.
func apart(end, begin int64) bool { return end < begin }

// begins tells whether an operation is the acquire of a pair.
func (c *cutter) begins(at int32) bool {
	return c.paired != nil && c.paired[at/64]&(1<<(at%64)) != 0
}

// insists tells that a party holds though its balance alone does not say so: it is inside of a pair, and it is clear
// which of its releases are to the left.
func (a *account) insists() bool {
	return a.phase == inside && a.low() < 1 && a.held >= 1 && a.releases.can(a.held-1)
}

// forcedByPair tells that it is clear, of a party that does not hold, which of its straddlers are to the left: as many
// of its unknown releases as it held before, the oldest first, and the release of a pair but never the acquire of one.
func (a *account) forcedByPair(releases int32) bool {
	switch a.phase {
	case asking:
		return a.releases.can(releases)
	case leaving:
		return a.releases.open == 1 && releases >= 1
	}
	return false
}
