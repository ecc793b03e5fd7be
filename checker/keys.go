package checker

import (
	"cmp"
	"fmt"
	"slices"
	"sort"

	"lockquake/checker/history"
)

// incarnation is one life of a lock's key in etcd.
type incarnation struct {
	told    *history.Observation // its creation, or whatever told of it first
	deleted *history.Observation // nil: not seen
	alive   int64                // the latest revision at which it was surely there
	// gone is the revision at which it was gone: at the earliest and at the latest. They differ where the
	// watch had a gap.
	goneFirst, goneLast int64
	// free is the revision from which on no older key of its lock was there, or fewer than the lock has permits, in
	// the same two senses.
	freeFirst, freeLast int64
	acquire             int32 // the first acquire (an index of Ops, plus 1) that was answered with its token; 0: none
}

// never is later than every revision.
const never = history.Open

// keys is the ground truth: every incarnation of the keys of each lock, and what the watch did not see.
type keys struct {
	byLock map[string]*lives
	gaps   []*history.Observation // in order
	last   int64                  // the latest revision that was told of
}

// lives are the incarnations of the keys of one lock, in the order of their tokens.
type lives struct {
	all  []incarnation
	near int // where the last search ended; the next one mostly ends there, too, or just behind
}

// search finds the place of a token.
func (l *lives) search(token int64) int {
	for i := l.near; i < min(l.near+4, len(l.all)); i++ {
		if l.all[i].told.Token >= token && (i == 0 || l.all[i-1].told.Token < token) {
			l.near = i
			return i
		}
	}
	l.near = sort.Search(len(l.all), func(i int) bool { return l.all[i].told.Token >= token })
	return l.near
}

// of gives the incarnation that an event tells of; it may be the first to tell of it.
func (l *lives) of(e *history.Observation) *incarnation {
	i := len(l.all)
	if i > 0 && l.all[i-1].told.Token >= e.Token {
		for i = l.search(e.Token); i < len(l.all) && l.all[i].told.Token == e.Token; i++ {
			if l.all[i].told.Note == e.Note {
				return &l.all[i]
			}
		}
	}
	l.all = slices.Insert(l.all, i, incarnation{told: e})
	return &l.all[i]
}

func newKeys(h *history.History) *keys {
	k := &keys{byLock: roomFor(h)}
	for i := range h.Infos {
		switch e := &h.Infos[i]; e.Op {
		case history.Created:
			life := k.byLock[e.Key].of(e)
			life.alive = max(e.Pos, e.Token)
			k.last = max(k.last, e.Pos)
		case history.Deleted:
			k.byLock[e.Key].of(e).deleted = e
			k.last = max(k.last, e.Pos)
		case history.Gap:
			k.gaps = append(k.gaps, e)
			k.last = max(k.last, e.Value-1)
		}
	}
	if h.Cut != "" {
		k.gaps = append(k.gaps, &history.Observation{Common: &history.Common{}, Op: history.Gap, Pos: k.last + 1})
	}
	for _, l := range k.byLock {
		for i := range l.all {
			k.settle(&l.all[i])
		}
		queue(l.all, max(h.Header.Permits, 1))
	}
	return k
}

// roomFor makes room for the keys of each lock.
func roomFor(h *history.History) map[string]*lives {
	created := map[string]int{}
	for i := range h.Infos {
		switch e := &h.Infos[i]; e.Op {
		case history.Created:
			created[e.Key]++
		case history.Deleted:
			created[e.Key] += 0
		}
	}
	byLock := map[string]*lives{}
	for lock, n := range created {
		byLock[lock] = &lives{all: make([]incarnation, 0, n)}
	}
	return byLock
}

// none tells whether the watch saw nothing at all.
func (k *keys) none() bool { return len(k.byLock) == 0 }

// settle finds out when an incarnation was gone. After each gap the watch lists what is there, so one that
// was not seen to go went in the first gap after which it was not listed.
func (k *keys) settle(life *incarnation) {
	life.goneFirst, life.goneLast = never, never
	if life.deleted != nil {
		life.goneFirst, life.goneLast = life.deleted.Pos, life.deleted.Pos
		return
	}
	i := sort.Search(len(k.gaps), func(i int) bool { return lastMissed(k.gaps[i]) > life.alive })
	if i == len(k.gaps) {
		return
	}
	life.goneFirst = k.gaps[i].Pos
	if k.gaps[i].Value != 0 {
		life.goneLast = lastMissed(k.gaps[i])
	}
}

// queue finds out for each incarnation when fewer older ones were there than have room. What lives without a
// lease is not in the queue: a strategy may keep its books beside the keys of its clients.
func queue(all []incarnation, room int) {
	first, last := newLatest(room), newLatest(room) // ends of all older ones
	for i := 0; i < len(all); {
		token, same := all[i].told.Token, i
		for ; i < len(all) && all[i].told.Token == token; i++ {
			life := &all[i]
			life.freeFirst, life.freeLast = max(first[0], token), max(last[0], token, life.listed())
		}
		for ; same < i; same++ {
			if life := &all[same]; life.told.Lease != 0 {
				first.add(life.goneFirst)
				last.add(life.goneLast)
			}
		}
	}
}

// latest are the latest of many revisions, in order.
type latest []int64

func newLatest(n int) latest { return make(latest, n) }

// add drops the earliest one.
func (l latest) add(revision int64) {
	if revision <= l[0] {
		return
	}
	i := 0
	for ; i+1 < len(l) && l[i+1] < revision; i++ {
		l[i] = l[i+1]
	}
	l[i] = revision
}

// listed is the revision at which an incarnation was found that was created in a gap: an older one that
// came and went in that gap may have been there before; 0: its creation was seen.
func (life *incarnation) listed() int64 {
	if life.told.Op == history.Created && life.told.Pos != life.told.Token {
		return life.told.Pos
	}
	return 0
}

// find is the incarnation of the token that an acquire was answered with; nil: the watch never saw it.
func (k *keys) find(a *history.Operation) *incarnation {
	l := k.byLock[a.Key]
	if l == nil {
		return nil
	}
	i := l.search(a.Token)
	if i == len(l.all) || l.all[i].told.Token != a.Token {
		return nil
	}
	for j := i; j < len(l.all) && l.all[j].told.Token == a.Token; j++ {
		if l.all[j].of(a) {
			return &l.all[j]
		}
	}
	return &l.all[i]
}

// of tells whether it is the key, under the lease, that an acquire was answered with.
func (life *incarnation) of(a *history.Operation) bool {
	return life != nil && life.told.Note == a.Note && life.told.Lease == a.Lease
}

// beside gives the older incarnations that were there when one was created, the one that stayed longest first.
func (k *keys) beside(life *incarnation) []*incarnation {
	var older []*incarnation
	all := k.byLock[life.told.Key].all
	for i := range all {
		other := &all[i]
		if other.told.Token >= life.told.Token {
			break
		}
		if other.told.Lease != 0 && other.goneFirst > life.told.Token {
			older = append(older, other)
		}
	}
	slices.SortStableFunc(older, func(a, b *incarnation) int { return cmp.Compare(b.goneFirst, a.goneFirst) })
	return older
}

// missed says why a revision was not seen; empty: it was.
func (k *keys) missed(revision int64) string {
	for _, g := range k.gaps {
		if g.Pos <= revision && revision <= lastMissed(g) {
			return unseen(g)
		}
	}
	return ""
}

// lastMissed is the last revision of a gap.
func lastMissed(gap *history.Observation) int64 {
	if gap.Value == 0 {
		return never
	}
	return gap.Value - 1
}

// unseen says in words what a gap is.
func unseen(gap *history.Observation) string {
	switch gap.Value {
	case 0:
		return fmt.Sprintf("what happened from revision %d on was not seen", gap.Pos)
	case gap.Pos + 1:
		return fmt.Sprintf("revision %d was compacted before it was seen", gap.Pos)
	}
	return fmt.Sprintf("revisions %d to %d were compacted before they were seen", gap.Pos, gap.Value-1)
}
