package checker

import "lockquake/checker/history"

// writes tells whether it is the key of an acquire that came out ok and did not share the lock.
func (life *incarnation) writes(ops []history.Operation) bool {
	return life.acquire != 0 && ops[life.acquire-1].Mode != history.Shared
}

// writers are the older keys of writers that were there beside a reader's.
func (k *keys) writers(reader *incarnation, ops []history.Operation) []*incarnation {
	var found []*incarnation
	l := k.byLock[reader.told.Key]
	for i := l.search(reader.told.Token) - 1; i >= 0; i-- {
		other := &l.all[i]
		if other.goneLast > reader.told.Token && other.writes(ops) {
			found = append(found, other)
		}
		if other.freeLast <= reader.told.Token {
			break // what is older still was gone by then
		}
	}
	return found
}

// admitted is the first revision, not before another one, at which no writer was in a reader's way: in the worst
// case, or in the best.
//
// In its way until they are gone are the writers whose keys it outlived: they came to be in, and had it been in by
// then, it would have been in theirs. A reader whose key went first may have overtaken a writer that waited.
func admitted(revision int64, reader *incarnation, writers []*incarnation, worst bool) int64 {
	for _, w := range writers {
		switch {
		case worst && reader.goneLast >= w.goneFirst:
			revision = max(revision, w.goneLast)
		case !worst && reader.goneFirst >= w.goneLast:
			revision = max(revision, w.goneFirst)
		}
	}
	return revision
}
