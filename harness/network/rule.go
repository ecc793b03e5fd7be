package network

import (
	"math/rand/v2"
	"time"
)

// Rule says what a link does with the bytes that come to it. The zero Rule passes them on. Where
// several are imposed on one link, what any of them holds or loses is held or lost, and delays add up.
type Rule struct {
	// Held: bytes wait, in order, and so do calls.
	Held bool
	// Lost: bytes are thrown away, and calls wait. A connection that lost some cannot go on: it is
	// reset before the rule is lifted.
	Lost bool
	// Refused: connections that run over the link are reset at once, and calls refused.
	Refused bool
	// Delay is how much later bytes arrive, in order, however many are under way; calls, too. Jitter
	// is how far each delay strays from it, either way, drawn from Seed.
	Delay, Jitter time.Duration
	Seed          uint64
}

// Toll is what a rule has done: the evidence that it did harm. Where several rules did it together,
// each has it in its toll.
type Toll struct {
	Held    int64 // bytes that had to wait, or still do, for the rule to be lifted
	Lost    int64 // bytes thrown away
	Delayed int64 // bytes that arrived late, or are to
	Resets  int64 // connections reset, and calls refused
}

func (r Rule) delays() bool { return r.Delay > 0 || r.Jitter > 0 }

// delay is how late the rule makes the n-th thing that a connection sends. It depends on nothing
// else, so that every connection under one seed meets the same delays. Below zero, it is none.
func (r Rule) delay(n uint64) time.Duration {
	if r.Jitter <= 0 {
		return r.Delay
	}
	drawn := rand.New(rand.NewPCG(r.Seed, n)).Int64N(2*int64(r.Jitter) + 1)
	return r.Delay - r.Jitter + time.Duration(drawn)
}
