package linear

// account is what is known of one party's holds at a gap between two events.
//
// In every linearization the balance of a party at that gap is
//
//	held + acquires to the left - releases to the left
//
// where held counts what returned ok since the piece's start, and what it held there. What else may
// be to the left straddles the gap: it is called, and open or unknown.
type account struct {
	held     int32
	acquires straddlers
	releases straddlers
	denials  int32                                    // open failed operations that are false while this party holds
	later    struct{ acquires, releases, sure int32 } // sure: releases that will return ok
	excess   int32                                    // acquires that no release which returned ok is for, less the unknown releases that were called
	place    int32                                    // among the certain holders, from 1
	phase    phase                                    // of a pair
	class    class
	status   status
}

// straddlers counts the effective operations of one kind that cross the gap.
type straddlers struct{ open, unknown int32 }

func (s straddlers) all() int32 { return s.open + s.unknown }

// can tells whether it is clear which operations are to the left if n are: none, all, or the oldest of unknown
// ones, which can do whatever a later one can.
func (s straddlers) can(n int32) bool { return n == 0 || n == s.all() || s.open == 0 }

// low is the balance at the gap in the linearization that leaves the least. A party whose low is positive
// holds in every linearization: its hold is certain.
func (a *account) low() int32 { return a.held - a.releases.all() }

// left is how many straddlers take effect to the left of a gap at which the state is known: the parties whose
// hold is certain hold, to the count of their low, or once within a pair; the others do not.
//
// For those others, a of the acquires and r of the releases are to the left if a - r = -held. That has one
// solution, and then one of both numbers is zero; or several, and the gap is no place to cut unless a pair tells which
// one it is (pairs.go); or none, and the history is not linearizable.
func (a *account) left() (acquires, releases int32) {
	switch {
	case a.low() >= 1:
		return 0, a.releases.all()
	case a.insists():
		return 0, a.held - 1
	}
	return max(-a.held, 0), max(a.held, 0)
}

// status sums an account up, as a set of these bits.
type status uint8

const (
	certain    status = 1 << iota // it holds in every linearization
	loose                         // its straddlers' sides are not forced
	blocked                       // it holds, and an open operation denies that
	pulled                        // unknown straddlers of it are forced to the left
	impossible                    // no linearization agrees with a known state
	broken                        // no linearization at all
	kinds      = 6
)

// statusOf sums an account up exactly. planted_test.go shows what comes of less.
func statusOf(a *account, each int32) status {
	low, high := a.low(), a.held+a.acquires.all()
	var s status
	if low > each || high < 0 {
		s |= broken
	}
	if low < 1 && !a.insists() {
		s |= a.forced()
	} else {
		s |= certain
		if a.denials > 0 {
			s |= blocked
		}
		if low >= 1 && low < min(each, high) {
			s |= loose // reentrant: it holds, but how often?
		}
	}
	acquires, releases := a.left()
	if acquires > 0 && a.acquires.unknown > 0 || releases > 0 && a.releases.unknown > 0 {
		s |= pulled
	}
	return s
}

// forced looks at the solutions for a party that does not hold.
func (a *account) forced() status {
	acquires, releases := a.left()
	most := min(a.releases.all(), a.acquires.all()+a.held)
	switch {
	case a.forcedByPair(releases):
		return 0
	case releases > most:
		return impossible
	case releases < most, !a.acquires.can(acquires), !a.releases.can(releases):
		return loose
	}
	return 0
}
