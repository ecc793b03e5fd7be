package locks

import (
	"context"
	"fmt"

	"lockquake/workloads/lock"
)

// LeakOnCancel is broken on purpose, by an `if err != nil { return err }` that stands where something has to be
// undone: an acquire that was cancelled, or that got no answer, leaves its key behind, and its session keeps that
// alive. Everybody waits behind the key, its own client too, because each acquire has a key of its own.
//
// Protocol: as Mutex, but the keys are called name/lease-n, with n the acquire's number; that is safe against a
// late delete of an earlier key, and would be sound if a failed acquire deleted its key or ended the session.
//
// Requests: as Mutex. A waiter watches the key just before its own. The token is the key's create revision. It
// promises exclusive in calm, and keeps that; it must be caught by those who wait in vain once an acquire has
// failed.
func LeakOnCancel(_ context.Context, env lock.Env) (lock.Lock, error) {
	return &leakOnCancel{queueLock: queueLock{sessions{env: env}, awaitOlder}}, nil
}

type leakOnCancel struct {
	queueLock
	acquires int
}

func (l *leakOnCancel) Acquire(ctx context.Context) (lock.Hold, error) {
	session, err := l.live(ctx)
	if err != nil {
		return lock.Hold{}, err
	}
	l.acquires++
	return l.queue(ctx, session, fmt.Sprintf("%s/%x-%d", l.env.Name, session.Lease(), l.acquires))
}
