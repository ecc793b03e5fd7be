package locks

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"go.etcd.io/etcd/client/v3/concurrency"

	"lockquake/workloads/lock"
)

// Locker is concurrency.NewLocker, a Mutex in the shape of a sync.Locker: without contexts and without
// errors.
//
// Protocol: as Mutex. Where Mutex returns an error, Locker panics. Such a panic unwinds through the deferred
// Close of the session, in nearly every program that uses Locker, and is caught here where net/http would
// catch it, around the handler: so the session is ended, the panic's error is the error of Acquire or
// Release, and the next Acquire opens a session as the next request would. Where ctx ends first, Acquire
// walks away from the call and ends the session as well, which frees the lock whatever the call does yet.
//
// Requests: Txn and Delete where nobody holds the lock; else a Get and a watch more for each key that
// is waited for, a Get that finds none left and a Get of the own key. A waiter watches the key just
// before its own. The token is the key's create revision, which Locker tells only to those who look through
// the sync.Locker at the Mutex in it.
//
// Hazards: Mutex's; no way to stop waiting, so a call that was walked away from waits on until the key
// before its own is gone, or the client closed; a panic in a program that does not expect it leaves the lock
// taken for up to a TTL. It promises exclusive in calm, and nothing for an unfenced resource under faults.
func Locker(ctx context.Context, env lock.Env) (lock.Lock, error) {
	return withSession(ctx, &locker{sessions{env: env}})
}

type locker struct {
	sessions
}

func (l *locker) Acquire(ctx context.Context) (lock.Hold, error) {
	session, err := l.live(ctx)
	if err != nil {
		return lock.Hold{}, err
	}
	m := concurrency.NewLocker(session, l.env.Name)
	if err := until(ctx, func() error { return caught(m.Lock) }); err != nil {
		return lock.Hold{}, l.abandon(session, fmt.Errorf("lock %s: %w", l.env.Name, err))
	}
	inner := m.(ownable)
	return lock.Hold{
		Token:   createRevision(inner),
		Key:     inner.Key(),
		Lease:   session.Lease(),
		Lost:    session.Done(),
		Release: func(ctx context.Context) error { return l.release(ctx, session, m) },
	}, nil
}

func (l *locker) release(ctx context.Context, session *concurrency.Session, m sync.Locker) error {
	err := until(ctx, func() error { return caught(m.Unlock) })
	if errors.Is(err, concurrency.ErrLockReleased) {
		return lock.ErrNotHeld
	}
	return l.settle(session, err)
}
