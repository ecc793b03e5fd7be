package checker

import (
	"fmt"
	"iter"
	"slices"
	"time"

	"lockquake/checker/history"
)

// overlap is a moment at which more holds of one key were believed in than its lock allows: from newer.Start
// on.
type overlap struct {
	older   []*history.Hold // those that newer must not meet: one, or as many as leave no permit
	newer   *history.Hold
	permits int // of a semaphore; else 1
}

// overlaps yields every overlap of holds that exclude each other, in the order of their beginnings: two of one
// key, if not both are shared; of a semaphore, one with all the others that are believed in, if they have
// taken its permits.
//
// That no such intervals conflict is exactly linearizability: within an acquire's
// [Call, Return] the latest point is the best one, within a release's the earliest, because
// taking time from a hold never makes anything illegal (CHECKER.md, "What a linear scan settles
// exactly"). An acquire with an unknown outcome can always have had no effect.
func overlaps(h *history.History) iter.Seq[overlap] {
	holds, permits := h.Holds(), max(h.Header.Permits, 1)
	return func(yield func(overlap) bool) {
		believed := map[string][]*history.Hold{}
		for i := range holds {
			newer := &holds[i]
			still := slices.DeleteFunc(believed[newer.Acquire.Key], func(o *history.Hold) bool { return o.End <= newer.Start })
			for older := range excluded(newer, still, permits) {
				if !yield(overlap{older, newer, permits}) {
					return
				}
			}
			believed[newer.Acquire.Key] = append(still, newer)
		}
	}
}

// excluded yields those of the holds which are believed in that a newer one must not meet.
func excluded(newer *history.Hold, still []*history.Hold, permits int) iter.Seq[[]*history.Hold] {
	return func(yield func([]*history.Hold) bool) {
		if permits > 1 {
			if len(still) >= permits {
				yield(slices.Clone(still))
			}
			return
		}
		for _, o := range still {
			shared := o.Acquire.Mode == history.Shared && newer.Acquire.Mode == history.Shared
			if !shared && !yield([]*history.Hold{o}) {
				return
			}
		}
	}
}

// census counts the holds of a history and their overlaps without keeping them: mostly there are many holds
// and no overlap to tell of.
func census(h *history.History) (holds, met int) {
	b := believers{h, map[history.OpID]believed{}, map[string]*Holders{}, map[history.OpID]bool{}}
	for m := range h.Moments() {
		switch o, e := m.Op, m.Info; {
		case e != nil && (e.Op == history.Lost || e.Op == history.Crash):
			b.end(e.Hold, m.Seq)
		case o == nil:
		case o.Op == history.Release && !m.Ends:
			b.end(o.Hold, m.Seq)
		case m.Ends && o.Believed():
			holds++
			met += b.begin(o)
		}
	}
	return holds, met
}

// believers are the processes that believe in their holds at some moment.
type believers struct {
	h     *history.History
	holds map[history.OpID]believed // by their acquires
	of    map[string]*Holders       // who believe in a hold of a key
	ended map[history.OpID]bool     // holds that ended before they began
}

// believed is a hold.
type believed struct {
	among *Holders // it is one of them
	mode  history.Mode
}

// begin gives how many overlaps begin with a hold.
func (b *believers) begin(acquire *history.Operation) int {
	others := b.of[acquire.Key]
	if others == nil {
		others = &Holders{}
		b.of[acquire.Key] = others
	}
	met := others.against(acquire.Mode, b.h.Header.Permits)
	if !b.ended[acquire.ID()] {
		b.holds[acquire.ID()] = believed{others, acquire.Mode}
		others.Add(acquire.Mode, 1)
	}
	return met
}

func (b *believers) end(id history.OpID, seq int64) {
	if hold, ok := b.holds[id]; ok {
		delete(b.holds, id)
		hold.among.Add(hold.mode, -1)
	} else if a := b.h.Find(id); a != nil && a.Return > seq {
		b.ended[id] = true
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

// holds are all that take part, the newest last.
func (o overlap) holds() []*history.Hold { return append(slices.Clone(o.older), o.newer) }

// excess is how many there are more than may be.
func (o overlap) excess() int { return len(o.older) + 1 - o.permits }

// end is the time from which there were not too many any more, history.Open if there were to the end.
func (o overlap) end() time.Duration {
	return nth(o, func(hold *history.Hold) time.Duration { return hold.EndAt })
}

// endSeq is the sequence number to end.
func (o overlap) endSeq() int64 { return nth(o, func(hold *history.Hold) int64 { return hold.End }) }

// nth is the end with which the last hold that was too many has ended.
func nth[T int64 | time.Duration](o overlap, end func(*history.Hold) T) T {
	var ends []T
	for _, hold := range o.holds() {
		ends = append(ends, end(hold))
	}
	slices.Sort(ends)
	return ends[o.excess()-1]
}

// evidence is the acquires and the releases, as far as there are any.
func (o overlap) evidence() []history.OpID {
	var ops []*history.Operation
	for _, hold := range o.holds() {
		ops = append(ops, hold.Acquire)
		if hold.EndedBy == history.Release {
			ops = append(ops, hold.Release)
		}
	}
	return evidence(ops...)
}

// String says who held what together, and for how long.
func (o overlap) String() string {
	how := "from " + seconds(o.newer.StartAt) + " to the end"
	if o.end() != history.Open {
		how = fmt.Sprintf("for %s from %s", seconds(o.end()-o.newer.StartAt), seconds(o.newer.StartAt))
	}
	var names []string
	for _, hold := range o.holds() {
		name := clientName(hold.Acquire.Client)
		if hold.Acquire.Mode == history.Shared {
			name += " (shared)"
		}
		names = append(names, name)
	}
	if o.permits > 1 {
		return fmt.Sprintf("%s held %s together, %d where %d may, %s%s", list(names), o.newer.Acquire.Key, len(names), o.permits, how, o.tokens())
	}
	return fmt.Sprintf("%s both held %s %s%s", list(names), o.newer.Acquire.Key, how, o.tokens())
}

func (o overlap) tokens() string {
	var tokens []string
	known := false
	for _, hold := range o.holds() {
		tokens = append(tokens, fmt.Sprint(hold.Acquire.Token))
		known = known || hold.Acquire.Token != 0
	}
	if !known {
		return ""
	}
	return fmt.Sprintf(" (tokens %s)", list(tokens))
}
