package locks

import (
	"context"

	"lockquake/workloads/lock"
)

// PredecessorGone is broken on purpose: FastQueue with the rule that whoever finds the key just before its
// own gone has the lock. It is easily taken for right, because a queue moves up one by one; but a waiter whose lease
// ends leaves the line in the midst of it, and the one behind it claims the lock beside the holder.
//
// Protocol, requests and watch are those of FastQueue. It promises exclusive in calm, where nobody leaves the
// line but from its head, and must be caught granting what is not the oldest key's.
func PredecessorGone(ctx context.Context, env lock.Env) (lock.Lock, error) {
	return queueBy(ctx, env, predecessorGone)
}

func predecessorGone(l *queueLine, key string) (isTurn func() bool) {
	i := l.find(key)
	if i == 0 {
		return func() bool { return true }
	}
	predecessor := l.places[i-1].key
	return func() bool { return l.find(predecessor) < 0 }
}
