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
	told    *history.Event // its creation, or whatever told of it first
	deleted *history.Event // nil: not seen
	alive   int64          // the latest revision at which it was surely there
	// gone is the revision at which it was gone: at the earliest and at the latest. They differ where the
	// watch had a gap.
	goneFirst, goneLast int64
	// free is the revision from which on no older key of its lock was there, in the same two senses.
	freeFirst, freeLast int64
}

// never is later than every revision.
const never = history.Open

// keys is the ground truth: every incarnation of the keys of each lock, and what the watch did not see.
type keys struct {
	byLock map[string][]incarnation // in the order of their tokens
	gaps   []*history.Event         // in order
	last   int64                    // the latest revision that was told of
}

func newKeys(h *history.History) *keys {
	k := &keys{byLock: map[string][]incarnation{}}
	for i := range h.Infos {
		e := &h.Infos[i]
		switch e.Op {
		case history.Created:
			k.created(e)
		case history.Deleted:
			k.deleted(e)
		case history.Gap:
			k.gaps = append(k.gaps, e)
		}
	}
	if h.Cut != "" {
		k.gaps = append(k.gaps, &history.Event{Op: history.Gap, Pos: k.last + 1})
	}
	for _, lives := range k.byLock {
		for i := range lives {
			k.settle(&lives[i])
		}
		queue(lives)
	}
	return k
}

// created takes a new incarnation, or one that was found again after a gap.
func (k *keys) created(e *history.Event) {
	lives := k.byLock[e.Key]
	i, known := place(lives, e)
	if !known {
		lives = slices.Insert(lives, i, incarnation{told: e})
		k.byLock[e.Key] = lives
	}
	lives[i].alive = max(e.Pos, e.Token)
	k.last = max(k.last, e.Pos)
}

func (k *keys) deleted(e *history.Event) {
	lives := k.byLock[e.Key]
	i, known := place(lives, e)
	if !known {
		lives = slices.Insert(lives, i, incarnation{told: e})
		k.byLock[e.Key] = lives
	}
	lives[i].deleted = e
	k.last = max(k.last, e.Pos)
}

// none tells whether the watch saw nothing at all.
func (k *keys) none() bool { return len(k.byLock) == 0 }

// place is where an event's key is, or should be: it mostly comes last.
func place(lives []incarnation, e *history.Event) (int, bool) {
	if n := len(lives); n == 0 || lives[n-1].told.Token < e.Token {
		return n, false
	}
	return slices.BinarySearchFunc(lives, e, func(life incarnation, e *history.Event) int {
		return cmp.Or(cmp.Compare(life.told.Token, e.Token), cmp.Compare(life.told.Note, e.Note))
	})
}

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

// queue finds out for each incarnation when no older one was there any more. What lives without a lease is
// not in the queue: a strategy may keep its books beside the keys of its clients.
func queue(lives []incarnation) {
	var first, last int64 // of all older ones
	for i := 0; i < len(lives); {
		token := lives[i].told.Token
		nextFirst, nextLast := first, last
		for ; i < len(lives) && lives[i].told.Token == token; i++ {
			life := &lives[i]
			life.freeFirst, life.freeLast = max(first, token), max(last, token, life.listed())
			if life.told.Lease != 0 {
				nextFirst, nextLast = max(nextFirst, life.goneFirst), max(nextLast, life.goneLast)
			}
		}
		first, last = nextFirst, nextLast
	}
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
	lives := k.byLock[a.Key]
	i := sort.Search(len(lives), func(i int) bool { return lives[i].told.Token >= a.Token })
	if i == len(lives) || lives[i].told.Token != a.Token {
		return nil
	}
	for j := i; j < len(lives) && lives[j].told.Token == a.Token; j++ {
		if lives[j].of(a) {
			return &lives[j]
		}
	}
	return &lives[i]
}

// of tells whether it is the key, under the lease, that an acquire was answered with.
func (life *incarnation) of(a *history.Operation) bool {
	return life != nil && life.told.Note == a.Note && life.told.Lease == a.Lease
}

// before is the older incarnation that was there for longest beside this one, nil if there is none.
func (k *keys) before(life *incarnation) *incarnation {
	var older *incarnation
	for i := range k.byLock[life.told.Key] {
		other := &k.byLock[life.told.Key][i]
		if other.told.Token >= life.told.Token {
			break
		}
		beside := other.told.Lease != 0 && other.goneFirst > life.told.Token
		if beside && (older == nil || other.goneFirst > older.goneFirst) {
			older = other
		}
	}
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
func lastMissed(gap *history.Event) int64 {
	if gap.Value == 0 {
		return never
	}
	return gap.Value - 1
}

// unseen says in words what a gap is.
func unseen(gap *history.Event) string {
	switch gap.Value {
	case 0:
		return fmt.Sprintf("what happened from revision %d on was not seen", gap.Pos)
	case gap.Pos + 1:
		return fmt.Sprintf("revision %d was compacted before it was seen", gap.Pos)
	}
	return fmt.Sprintf("revisions %d to %d were compacted before they were seen", gap.Pos, gap.Value-1)
}
