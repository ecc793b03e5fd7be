package checker

import (
	"fmt"
	"iter"
	"time"

	"lockquake/checker/history"
)

// overlap is a moment at which two holds of one key were believed in: from newer.Start on.
type overlap struct {
	older, newer *history.Hold
}

// overlaps yields every overlap of two holds of one key, in the order of their beginnings. Holds
// must be in the order of their starts.
//
// That no two such intervals conflict is exactly linearizability of a mutex: within an acquire's
// [Call, Return] the latest point is the best one, within a release's the earliest, because
// taking time from a hold never makes anything illegal (CHECKER.md, "What a linear scan settles
// exactly"). An acquire with an unknown outcome can always have had no effect.
func overlaps(holds []history.Hold) iter.Seq[overlap] {
	return func(yield func(overlap) bool) {
		believed := map[string][]int{}
		for i := range holds {
			newer := &holds[i]
			still := believed[newer.Acquire.Key][:0]
			for _, j := range believed[newer.Acquire.Key] {
				if holds[j].End > newer.Start {
					still = append(still, j)
				}
			}
			for _, j := range still {
				if !yield(overlap{&holds[j], newer}) {
					return
				}
			}
			believed[newer.Acquire.Key] = append(still, i)
		}
	}
}

// first is the earliest overlap, and how many there are.
func first(all iter.Seq[overlap]) (overlap, int) {
	var earliest overlap
	n := 0
	for o := range all {
		if n == 0 {
			earliest = o
		}
		n++
	}
	return earliest, n
}

// end is the time at which the first of both holds ended, history.Open if none did.
func (o overlap) end() time.Duration { return min(o.older.EndAt, o.newer.EndAt) }

// endSeq is the sequence number to end.
func (o overlap) endSeq() int64 { return min(o.older.End, o.newer.End) }

// evidence is the two acquires and the two releases, as far as there are any.
func (o overlap) evidence() []history.OpID {
	ops := []*history.Operation{o.older.Acquire, o.newer.Acquire}
	for _, hold := range []*history.Hold{o.older, o.newer} {
		if hold.EndedBy == history.Release {
			ops = append(ops, hold.Release)
		}
	}
	return evidence(ops...)
}

// String says who held what together, and for how long.
func (o overlap) String() string {
	a, b := o.older.Acquire, o.newer.Acquire
	how := "from " + seconds(o.newer.StartAt) + " to the end"
	if o.end() != history.Open {
		how = fmt.Sprintf("for %s from %s", seconds(o.end()-o.newer.StartAt), seconds(o.newer.StartAt))
	}
	return fmt.Sprintf("%s and %s both held %s %s%s", clientName(a.Client), clientName(b.Client), a.Key, how, o.tokens())
}

func (o overlap) tokens() string {
	a, b := o.older.Acquire.Token, o.newer.Acquire.Token
	if a == 0 && b == 0 {
		return ""
	}
	return fmt.Sprintf(" (tokens %d and %d)", a, b)
}
