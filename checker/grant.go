package checker

import (
	"cmp"
	"fmt"
	"slices"

	"lockquake/checker/history"
)

// Grant asks whether, at some revision within each ok acquire, the caller's key was there and no older key
// of the lock was: the oldest of the leased keys at or below a lock's name owns it, and of a semaphore as many of
// the oldest as it has permits. Holds without such a key are not judged.
//
// In the way of an acquire that shares the lock are writers only, and only while they are in: readers may
// overtake writers that wait. A nested acquire has no turn; it must be answered with a key of its own client's.
//
// It is generous. Which revisions lie within an acquire is known roughly: those that the watch had told of
// when it was invoked lie before it, and a key that an acquire created which was invoked after it returned lies behind it.
// Only an acquire without a single good revision among all that remain is accused.
type Grant struct{}

// Who did it, as a Verdict names them; or else it is the name of a fault.
const (
	byStrategy       = "strategy"
	byEtcd           = "etcd"
	byEtcdOrStrategy = "etcd or strategy"
)

// Check gives the verdict "grant". Judged counts acquires.
func (g Grant) Check(h history.History) Verdict { return g.judgeBy(newTruth(&h)) }

func (Grant) judgeBy(t *truth) Verdict {
	v := Verdict{Checker: "grant"}
	acquired, _ := grants(t.h)
	g := granting{truth: t, answered: t.answered(), room: max(t.h.Header.Permits, 1)}
	for i := range t.h.Ops {
		if o := &t.h.Ops[i]; owns(o) {
			v.Judged++
			g.judge(o)
		}
	}
	switch {
	case acquired == 0:
		v.Why = "no acquire succeeded"
	case v.Judged == 0:
		v.Validity, v.Why = Valid, "no lock had a key under a lease, so there is no owner to judge by"
	case t.keys.none():
		v.Why = noTruth
	case g.wrong != nil:
		return g.accuse(v)
	case g.unsure != "":
		v.Why = g.unsure
	default:
		v.Validity, v.Why = Valid, count(v.Judged, "acquire")+", each "+g.inTurn()
	}
	return v
}

// inTurn says when it is the turn of a key.
func (g *granting) inTurn() string {
	switch {
	case g.room > 1:
		return fmt.Sprintf("when its key was one of the %d oldest", g.room)
	case slices.ContainsFunc(g.h.Ops, func(o history.Operation) bool { return g.shares(&o) }):
		return "when its key was the oldest, or no writer was in a reader's way"
	}
	return "when its key was the oldest"
}

// shares tells whether readers' rules are an acquire's.
func (g *granting) shares(a *history.Operation) bool { return a.Mode == history.Shared && g.room == 1 }

// owns tells whether an acquire was answered with a key under a lease.
func owns(o *history.Operation) bool {
	return o.Op == history.Acquire && o.Outcome == history.OK && o.Note != "" && o.Token != 0 && o.Lease != 0
}

// granting judges the acquires of one history, one after the other.
type granting struct {
	*truth
	room     int     // how many may hold a key
	answered []int32 // acquires (indices of Ops) that were answered with their keys, in the order of Return
	told     int     // how many observations lie before the acquire
	known    int64   // the latest revision that had surely happened when it was invoked
	wrong    []wrongGrant
	unsure   string
}

// wrongGrant is an acquire that did not get its turn, as far back as the revision first.
type wrongGrant struct {
	*history.Operation
	first int64
}

func (t *truth) answered() []int32 {
	var ops []int32
	for i := range t.h.Ops {
		if o := &t.h.Ops[i]; owns(o) && t.keys.find(o).of(o) {
			ops = append(ops, int32(i))
		}
	}
	slices.SortFunc(ops, func(a, b int32) int { return cmp.Compare(t.h.Ops[a].Return, t.h.Ops[b].Return) })
	return ops
}

// advance finds out what had surely happened when an acquire was invoked: what the watch had told of, and what
// acquires were answered with. Acquires come in the order of Call.
func (g *granting) advance(call int64) {
	for ; g.told < len(g.h.Infos) && g.h.Infos[g.told].Seq < call; g.told++ {
		switch e := &g.h.Infos[g.told]; e.Op {
		case history.Created, history.Deleted:
			g.known = max(g.known, e.Pos)
		case history.Gap:
			g.known = max(g.known, e.Value-1)
		}
	}
	for len(g.answered) > 0 && g.h.Ops[g.answered[0]].Return < call {
		g.known = max(g.known, g.h.Ops[g.answered[0]].Token)
		g.answered = g.answered[1:]
	}
}

// latest is the last revision that may lie within an acquire.
func (g *granting) latest(a *history.Operation) int64 {
	if behind, ok := g.asked.above(a.Return); ok {
		return behind.at - 1
	}
	return never
}

func (g *granting) judge(a *history.Operation) {
	g.advance(a.Call)
	life := g.keys.find(a)
	if life == nil {
		g.untold(a)
		return
	}
	first, last := g.known, g.latest(a)
	surely, perhaps := g.turn(a, life, first, last)
	switch {
	case !life.of(a), !perhaps:
		g.wrong = append(g.wrong, wrongGrant{a, first})
	case !surely:
		g.doubt(life)
	}
}

// turn tells whether it was the turn of an acquire's key at some revision from first to last: of all that may
// have happened where the watch was blind, in the worst case and in the best.
func (g *granting) turn(a *history.Operation, life *incarnation, first, last int64) (surely, perhaps bool) {
	meets := func(since, until int64) bool { return max(since, first) < until && max(since, first) <= last }
	switch {
	case a.Mode == history.Nested:
		owner, known := g.owner(life.told)
		own := !known || owner == a.Client
		return own, own
	case g.shares(a):
		writers := g.keys.writers(life, g.h.Ops)
		worst := admitted(max(life.told.Token, life.listed(), first), life, writers, true)
		best := admitted(max(life.told.Token, first), life, writers, false)
		return meets(worst, life.goneFirst), meets(best, life.goneLast)
	}
	return meets(life.freeLast, life.goneFirst), meets(life.freeFirst, life.goneLast)
}

// untold judges an acquire whose key the watch never saw.
func (g *granting) untold(a *history.Operation) {
	if missed := g.keys.missed(a.Token); missed != "" {
		g.unsure = cmp.Or(g.unsure, missed)
		return
	}
	g.wrong = append(g.wrong, wrongGrant{a, g.known})
}

// doubt says which gap is to blame that an acquire can not be judged.
func (g *granting) doubt(life *incarnation) {
	g.unsure = cmp.Or(g.unsure, g.keys.missed(life.goneFirst), g.keys.missed(life.freeFirst), unseen(g.keys.gaps[0]))
}

func (g *granting) accuse(v Verdict) Verdict {
	a := g.wrong[0]
	life := g.keys.find(a.Operation)
	v.Validity = Invalid
	why, culprit := g.reason(a, life)
	v.Culprit = culprit
	v.Why = fmt.Sprintf("%s acquired %s at %s with token %d, but %s", clientName(a.Client), a.Key, seconds(a.ReturnAt), a.Token, why)
	if n := len(g.wrong); n > 1 {
		v.Why += fmt.Sprintf(", the first of %d such grants", n)
	}
	var rival *history.Operation
	if life != nil {
		rival = g.rival(a.Operation, life)
	}
	v.Evidence = evidence(a.Operation, rival)
	v.Story = g.story(a.Operation, life, rival)
	return v
}

// reason says what was wrong with a grant, and whose fault it was.
func (g *granting) reason(a wrongGrant, life *incarnation) (why, culprit string) {
	if life == nil {
		return "no key was created by that: etcd lost it, or the strategy made it up", byEtcdOrStrategy
	}
	older := g.inTheWay(a.Operation, life)
	switch {
	case !life.of(a.Operation) || a.Mode == history.Nested:
		why = fmt.Sprintf("that is %s on lease %x, not its own: the strategy mixed them up", life.told.Note, life.told.Lease)
	case life.goneLast <= a.first:
		why = fmt.Sprintf("its key %s %s, before it asked: the strategy granted what was gone", life.told.Note, g.went(life))
	case older == nil:
		why = fmt.Sprintf("its key %s came only after that: the strategy made it up", life.told.Note)
	case life.deleted != nil && life.deleted.Seq < a.Return:
		why = fmt.Sprintf("its key %s %s, while %s there: the strategy did not look again", life.told.Note, g.went(life), g.were(older))
	default:
		why = fmt.Sprintf("%s still there: the strategy did not wait for it", g.were(older))
	}
	return why, byStrategy
}

// went says how an incarnation ended, and which fault ended its lease.
func (t *truth) went(life *incarnation) string {
	e := life.deleted
	if e == nil {
		return "was gone"
	}
	by := ""
	if fault := t.fault(e); fault != "" && e.Outcome != history.OK {
		by = ", by " + fault
	}
	return fmt.Sprintf("%s (revision %d%s)", wentHow(e.Outcome), e.Pos, by)
}

// inTheWay are the older keys that an acquire had to wait for, the one that stayed longest first; nil: none.
func (g *granting) inTheWay(a *history.Operation, life *incarnation) []*incarnation {
	older := g.keys.beside(life)
	if g.shares(a) {
		older = slices.DeleteFunc(older, func(other *incarnation) bool { return !other.writes(g.h.Ops) })
	}
	if len(older) < g.room {
		return nil
	}
	return older
}

// were says which keys were in the way.
func (g *granting) were(older []*incarnation) string {
	longest := older[0].told
	if g.room == 1 {
		return fmt.Sprintf("the older %s (token %d) was", longest.Note, longest.Token)
	}
	return fmt.Sprintf("%d older keys, among them %s (token %d), were", len(older), longest.Note, longest.Token)
}

// rival is the acquire of the older key that was in the way for longest, nil if none is known.
func (g *granting) rival(a *history.Operation, life *incarnation) *history.Operation {
	older := g.inTheWay(a, life)
	if older == nil {
		return nil
	}
	return g.acquire(older[0].told)
}

// story tells how an acquire came to be granted that should not have been.
func (g *granting) story(a *history.Operation, life *incarnation, rival *history.Operation) []string {
	s := &story{h: g.h}
	who := clientName(a.Client)
	s.say(a.Call, a.CallAt, "%s asked for %s", who, a.Key)
	s.acquired(a, ", which was not its own")
	s.acquired(rival, "")
	from := a.Call
	if rival != nil {
		from = min(from, rival.Return)
		s.vanished(rival, never)
	}
	if life != nil && life.told.Op == history.Created {
		s.say(life.told.Seq, life.told.At, "%s (token %d) was created", life.told.Note, life.told.Token)
	}
	if life != nil && life.deleted != nil {
		s.say(life.deleted.Seq, life.deleted.At, "%s (token %d) %s", life.told.Note, life.told.Token, g.went(life))
	}
	s.faults(from, a.Return)
	return s.text()
}
