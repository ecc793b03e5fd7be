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

// census counts the holds of a history and their overlaps without keeping them: mostly there are many holds
// and no overlap to tell of.
func census(h *history.History) (holds, met int) {
	b := believers{h, map[history.OpID]string{}, map[string]int{}, map[history.OpID]bool{}}
	for m := range h.Moments() {
		switch o, e := m.Op, m.Info; {
		case e != nil && (e.Op == history.Lost || e.Op == history.Crash):
			b.end(e.Hold, m.Seq)
		case o == nil:
		case o.Op == history.Release && !m.Ends:
			b.end(o.Hold, m.Seq)
		case o.Op == history.Acquire && m.Ends && o.Outcome == history.OK:
			holds++
			met += b.begin(o)
		}
	}
	return holds, met
}

// believers are the processes that believe in their holds at some moment.
type believers struct {
	h     *history.History
	keys  map[history.OpID]string // of the holds, by their acquires
	of    map[string]int          // how many believe in a hold of a key
	ended map[history.OpID]bool   // holds that ended before they began
}

// begin gives how many others believe in a hold of the same key.
func (b *believers) begin(acquire *history.Operation) int {
	others := b.of[acquire.Key]
	if !b.ended[acquire.ID] {
		b.keys[acquire.ID] = acquire.Key
		b.of[acquire.Key]++
	}
	return others
}

func (b *believers) end(hold history.OpID, seq int64) {
	if key, believed := b.keys[hold]; believed {
		delete(b.keys, hold)
		b.of[key]--
	} else if a := b.h.Find(hold); a != nil && a.Return > seq {
		b.ended[hold] = true
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
