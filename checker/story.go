package checker

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"lockquake/checker/history"
)

// story collects what is to be told of a finding; text puts it in order.
type story struct {
	h     *history.History
	lines []line
}

type line struct {
	seq  int64
	at   time.Duration
	text string
}

func (s *story) say(seq int64, at time.Duration, format string, args ...any) {
	s.lines = append(s.lines, line{seq, at, fmt.Sprintf(format, args...)})
}

// acquired tells that a hold began, if it did; more says what was wrong with that.
func (s *story) acquired(o *history.Operation, more string) {
	switch {
	case o == nil:
		return
	case o.Outcome != history.OK:
		s.gaveUp(o)
		return
	}
	s.say(o.Return, o.ReturnAt, "%s acquired %s%s%s%s", clientName(o.Client), o.Key, how(o.Mode), credentials(o.Token, o.Lease), more)
}

// how says in what way an acquire asked for the lock, unless it was the usual one.
func how(m history.Mode) string {
	return map[history.Mode]string{
		history.Shared: " shared",
		history.Nested: " again",
		history.Tried:  " at the first try",
	}[m]
}

// ended tells how the belief in a hold ended.
func (s *story) ended(hold *history.Hold) {
	o := hold.Acquire
	what := map[history.Op]string{
		history.Release: "released",
		history.Lost:    "noticed the loss of",
		history.Crash:   "crashed, holding",
	}[hold.EndedBy]
	if what != "" {
		s.say(hold.End, hold.EndAt, "%s %s %s%s%s", clientName(o.Client), what, o.Key, credentials(o.Token, 0), answer(hold))
	}
}

// answer is what a release was told, unless it was told what it wanted to hear.
func answer(hold *history.Hold) string {
	if hold.EndedBy != history.Release {
		return ""
	}
	return map[history.Outcome]string{
		history.Unknown: ", without an answer",
		history.Fail:    ", and was told that it did not hold it",
	}[hold.Release.Outcome]
}

// touched tells of a read or write that the resource carried out, or refused.
func (s *story) touched(o *history.Operation, more string) {
	under := ""
	if o.Token != 0 {
		under = fmt.Sprintf(" with token %d", o.Token)
	}
	switch o.Op {
	case history.Write:
		s.say(o.Return, o.ReturnAt, "%s wrote %d over %d%s%s", clientName(o.Client), o.Value, o.Prev, under, more)
	case history.Read:
		s.say(o.Return, o.ReturnAt, "%s read %d%s%s", clientName(o.Client), o.Value, under, more)
	}
}

// faults tells of the injections that acted between two sequence numbers, and of their heals in
// that window.
func (s *story) faults(from, to int64) {
	for _, i := range s.h.Injections() {
		healed := i.Heal.ID() != 0 && i.Heal.Return < from
		if i.Inject.Call > to || healed || i.Inject.Outcome == history.Fail {
			continue
		}
		seq, at := i.Inject.Return, i.Inject.ReturnAt
		if at == history.Open {
			seq, at = i.Inject.Call, i.Inject.CallAt
		}
		s.say(seq, at, "%s%s", i.Inject.Fault, remark(i.Inject.Note))
		if i.Heal.ID() != 0 && i.Heal.Return < to {
			s.say(i.Heal.Return, i.Heal.ReturnAt, "%s healed%s", i.Inject.Fault, remark(i.Heal.Note))
		}
	}
}

func remark(note string) string {
	if note == "" {
		return ""
	}
	return ": " + note
}

// vanished tells when the ground truth saw the key of a token go, if it went before a sequence number;
// false: it did not.
func (s *story) vanished(o *history.Operation, before int64) (gone bool) {
	for i := range s.h.Infos {
		e := &s.h.Infos[i]
		if e.Op == history.Deleted && e.Token == o.Token && o.Token != 0 && e.Seq < before {
			s.say(e.Seq, e.At, "the key of %s's token %d %s%s", clientName(o.Client), o.Token, wentHow(e.Outcome), atRevision(e.Pos))
			gone = true
		}
	}
	return gone
}

// wentHow is what the outcome of a deletion says of it.
func wentHow(o history.Outcome) string {
	return map[history.Outcome]string{
		history.OK:      "was deleted, its lease alive",
		history.Fail:    "went with its lease",
		history.Unknown: "was gone",
	}[o]
}

func atRevision(pos int64) string {
	if pos == 0 {
		return ""
	}
	return fmt.Sprintf(", revision %d", pos)
}

// text is the story in time order, a line an event, each once.
func (s *story) text() []string {
	slices.SortFunc(s.lines, func(a, b line) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.seq, b.seq))
	})
	var text []string
	for _, l := range slices.Compact(s.lines) {
		text = append(text, fmt.Sprintf("%s  %s", seconds(l.at), l.text))
	}
	return text
}

// overlapStory tells how more clients came to believe that they held one key than may.
func overlapStory(h *history.History, o overlap) *story {
	s := &story{h: h}
	outer := h.Nesting()
	for _, hold := range o.holds() {
		among := ""
		if hold == o.newer {
			among = o.among()
		}
		s.acquired(hold.Acquire, among)
		s.within(hold, outer, o.endSeq())
		s.vanished(hold.Acquire, o.endSeq())
		s.ended(hold)
	}
	from := o.older[0].Start
	s.faults(from, o.endSeq())
	s.nemesis(from, o.endSeq())
	return s
}

// within tells of the first nested acquires of a hold, and of their releases before a sequence number: some locks
// are free after the first release, be it of a nested hold.
func (s *story) within(hold *history.Hold, outer map[history.OpID]history.OpID, before int64) {
	const most = 4
	told := 0
	for i := range s.h.Ops {
		o := &s.h.Ops[i]
		if outer[o.Hold] != hold.Acquire.ID() || o.Call > before || o.Return == history.Open || told == most {
			continue
		}
		switch o.Op {
		case history.Acquire:
			s.acquired(o, "")
			told++
		case history.Release:
			s.say(o.Call, o.CallAt, "%s released %s%s once", clientName(o.Client), o.Key, credentials(o.Token, 0))
			told++
		}
	}
}

// among says who held already when the newest hold began.
func (o overlap) among() string {
	others := clientName(o.older[0].Acquire.Client)
	if n := len(o.older); n > 1 {
		others = fmt.Sprintf("%d others", n)
	}
	text := " while " + others + " still believed"
	if o.permits > 1 {
		text += fmt.Sprintf(": %d hold it where %d may", len(o.older)+1, o.permits)
	}
	return text
}

// harmStory tells how a resource came to harm; what says what was wrong with the write.
func harmStory(h *history.History, x harm, what string) []string {
	s := &story{h: h}
	s.touched(x.write, ": "+what)
	for _, o := range x.witnesses {
		s.touched(o, "")
	}
	s.behind(x.write, x.witnesses...)
	return s.text()
}

// refusal is the first of the stale writes that were refused, beside the operation that made it stale, and
// the story of both; nil if there is none.
func refusal(h *history.History, refused []history.Operation) ([]history.OpID, []string) {
	if len(refused) == 0 {
		return nil, nil
	}
	s := &story{h: h}
	w := &refused[0]
	ops := []*history.Operation{w}
	s.touched(w, ": stale write refused")
	if o := s.successor(w); o != nil {
		ops = append(ops, o)
		s.touched(o, "")
		s.behind(w, o)
	}
	return evidence(withHolds(h, ops...)...), s.text()
}

// behind tells of the holds behind a write and other operations, and of the faults that acted from
// the first of those holds to the write.
func (s *story) behind(write *history.Operation, others ...*history.Operation) {
	from := write.Call
	own := s.holdOf(write)
	if own != nil {
		s.acquired(own, "")
		s.vanished(own, write.Return)
		from = own.Return
	}
	for _, o := range others {
		a := s.holdOf(o)
		if a == nil || a == own {
			continue
		}
		more := ""
		if own != nil && own.Return < a.Return && a.Return < write.Call {
			more = " while " + clientName(own.Client) + " still believed"
		}
		s.acquired(a, more)
		from = min(from, a.Return)
	}
	s.faults(from, write.Return)
}

// holdOf is the acquire under which an operation was done, nil for one without a lock.
func (s *story) holdOf(o *history.Operation) *history.Operation {
	if a := s.h.Find(o.Hold); a != nil && a.Op == history.Acquire {
		return a
	}
	return nil
}

// successor is the first operation on the resource under a newer token.
func (s *story) successor(w *history.Operation) *history.Operation {
	for i := range s.h.Ops {
		o := &s.h.Ops[i]
		touched := o.Op == history.Read || o.Op == history.Write
		if touched && o.Key == w.Key && o.Outcome == history.OK && o.Token > w.Token {
			return o
		}
	}
	return nil
}

// waitStory tells how acquires of a key came to wait in vain: since when, what happened meanwhile, and who
// held the key last.
func waitStory(h *history.History, stuck []*history.Operation, last *history.Hold, grants int) []string {
	s := &story{h: h}
	for _, o := range stuck {
		s.say(o.Call, o.CallAt, "%s asked for %s", clientName(o.Client), o.Key)
		s.gaveUp(o)
	}
	s.faults(stuck[0].Call, stuck[0].Return)
	if last != nil {
		s.heldLast(stuck[0], last, grants)
	}
	return s.text()
}

// gaveUp tells how a waiter's wait ended.
func (s *story) gaveUp(o *history.Operation) {
	if o.Return == history.Open {
		s.say(o.Return, s.h.Last(), "%s was still waiting for %s when the history ended", clientName(o.Client), o.Key)
		return
	}
	s.say(o.Return, o.ReturnAt, "%s's acquire of %s came out %v%s", clientName(o.Client), o.Key, o.Outcome, remark(clip(o.Error, longDetail)))
}

// heldLast tells of the hold after which nobody got the key that a waiter waited for.
func (s *story) heldLast(waiter *history.Operation, last *history.Hold, grants int) {
	o, more := last.Acquire, ", the last to get it"
	if grants > 0 {
		more += " of " + count(grants, "grant") + " while " + clientName(waiter.Client) + " waited"
	}
	s.acquired(o, more)
	s.ended(last)
	created := slices.ContainsFunc(s.h.Infos, func(e history.Observation) bool { return e.Op == history.Created && e.Token == o.Token })
	if gone := s.vanished(o, history.Open); created && !gone {
		s.say(history.Open, s.h.Last(), "the key of %s's token %d had not gone by the end", clientName(o.Client), o.Token)
	}
}
