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

// blocked gives from which revision on, and until which, a writer was in a reader's way.
//
// It is in when it is the oldest, until it is gone. Then no reader was let in whose key outlived it: either that
// reader came to be in after the writer, or the writer was let in beside it. A reader whose key went first may have
// overtaken the writer while that waited.
type blocked func(writer, reader *incarnation) (from, until int64)

func blockedAtLeast(writer, reader *incarnation) (from, until int64) {
	if reader.goneFirst < writer.goneLast {
		return 0, 0
	}
	return writer.freeLast, writer.goneFirst
}

func blockedAtMost(writer, reader *incarnation) (from, until int64) {
	if reader.goneLast < writer.goneFirst {
		return 0, 0
	}
	return writer.freeFirst, writer.goneLast
}

// admitted is the first revision, not before another one, at which no writer was in a reader's way.
func admitted(revision int64, reader *incarnation, writers []*incarnation, by blocked) int64 {
	for again := true; again; {
		again = false
		for _, w := range writers {
			if from, until := by(w, reader); from <= revision && revision < until {
				revision, again = until, true
			}
		}
	}
	return revision
}
