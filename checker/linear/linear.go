// Package linear judges histories of one lock with porcupine, cut into small pieces.
//
// Porcupine keeps an n-bit set for each state that it visits, about n²/8 bytes for a valid history and far
// more for a violated one. But whenever somebody surely holds the lock, its state is known, and
// where every operation across that gap can be on one side only, both sides can be judged apart:
//
//	c0: |acquire|------------------|release|
//	c1:    |acquire                          |----|release|
//	                   ^ cut: c0 holds, so c1's acquire takes effect to the right
//
// A cut is exact, never an approximation: the history is linearizable if and only if both pieces
// are. cut.go says where a cut may be, account.go why. What cannot be settled within the limits
// is Unknown. The package knows no clients, keys or clocks: read checker next for what histories are.
package linear

import (
	"cmp"
	"fmt"
	"math"
	"runtime"
	"time"
)

// Open is the Return of an operation that never returned.
const Open = math.MaxInt64

// Kind is what an operation does to the lock.
type Kind uint8

// Kinds of operations.
const (
	Acquire Kind = iota // waits for the lock; one that failed says nothing about it
	Try                 // does not wait; one that failed says that the lock could not be had
	Release             // one that failed says that its owner did not hold the lock
)

// Outcome is what the caller learned. The zero Outcome is Unknown.
type Outcome uint8

// Outcomes of operations.
const (
	Unknown Outcome = iota // it may take effect at any time after Call, or never
	OK                     // it took effect between Call and Return
	Fail                   // it surely had no effect
)

// Op is an operation on the lock. Call and Return are places in the order of all events, such as sequence
// numbers; where two are equal, calls come before returns.
type Op struct {
	Call, Return int64
	// Owner is who holds: best the attempt, a number of its own for each acquire and its releases. With
	// clients as owners, a stray release and an acquire without an answer keep later holds of their client
	// uncertain, and pieces large. A stray release alone does not: pairs.go says why.
	// Numbers should be dense: memory grows with the largest.
	Owner   int32
	Kind    Kind
	Outcome Outcome
	Shared  bool // of a readers-writer lock: as a reader
}

// Options are the lock's kind and the limits of a judgement.
type Options struct {
	Lock Lock // zero: a mutex
	// MaxPiece is how many operations porcupine is given at once; 0: 20 000. Its memory grows with the
	// square, to 50 MB there.
	MaxPiece int
	// Memory is how much all searches together may remember, in bytes; 0: 1 GB.
	Memory int64
	// Timeout is how long the judgement may take; 0: one minute.
	Timeout time.Duration
	// Workers is how many pieces are searched at once; 0: one for each core.
	Workers int

	batch  int   // operations that a piece has at least, if it can; 0: 32
	chosen int   // operations from which on a piece ends where its state can be chosen, if it is not known; 0: 64
	rules  rules // zero: the exact ones
}

func (o Options) withDefaults() Options {
	o.MaxPiece = cmp.Or(o.MaxPiece, 20_000)
	o.Memory = cmp.Or(o.Memory, 1<<30)
	o.Timeout = cmp.Or(o.Timeout, time.Minute)
	o.Workers = cmp.Or(o.Workers, runtime.GOMAXPROCS(0))
	o.batch = cmp.Or(o.batch, 32)
	o.chosen = cmp.Or(o.chosen, 64)
	o.rules = o.rules.orExact()
	return o
}

// Answer is a judgement. The zero Answer is Undecided.
type Answer uint8

// Answers.
const (
	Undecided Answer = iota
	Valid
	Invalid
)

func (a Answer) String() string { return [...]string{"undecided", "valid", "invalid"}[a] }

// Result is the answer about a history, and what it rests on.
type Result struct {
	Answer  Answer
	Why     string // of Undecided, and of Invalid
	Pieces  int    // that porcupine judged
	Largest int    // operations in the largest of them
	// Failing is a piece that is not linearizable, cut as finely as can be; nil unless Invalid. It is the one in
	// which more owners surely hold than can, if there is one, and otherwise the earliest.
	Failing *Piece
	// Broken tells that the answer is Undecided because the operations were malformed or because this
	// package contradicts itself, not because of a limit.
	Broken bool
}

// Check judges the operations of one lock, which must be in the order of their calls.
func Check(ops []Op, o Options) Result {
	if why := malformed(ops); why != "" {
		return Result{Why: why, Broken: true}
	}
	j := newJudge(ops, start{}, o.withDefaults())
	return j.judge()
}

func malformed(ops []Op) string {
	for i := range ops {
		op := &ops[i]
		switch {
		case i > 0 && op.Call < ops[i-1].Call:
			return fmt.Sprintf("operation %d was called before operation %d", i, i-1)
		case op.Return < op.Call:
			return fmt.Sprintf("operation %d returned before it was called", i)
		case op.Owner < 0 || op.Kind > Release || op.Outcome > Fail:
			return fmt.Sprintf("operation %d makes no sense: %+v", i, *op)
		case op.Outcome != Unknown && op.Return == Open:
			return fmt.Sprintf("operation %d has an outcome, yet never returned", i)
		}
	}
	return ""
}
