package locks

import (
	"context"
	"fmt"

	"go.etcd.io/etcd/client/v3/concurrency"

	"lockquake/workloads/lock"
)

// MutexNoRecheck is concurrency.Mutex as it was in etcd 3.4.3, the one that Jepsen broke.
//
// Protocol: as Mutex, with the same keys, but a waiter whose predecessors are gone does not look
// whether its own key is still there (etcd-11456).
//
// Requests: Txn and Delete where nobody holds the lock; else a Get and a watch more for each key that
// is waited for, and a Get that finds none left. A waiter watches the key just before its own. The
// token is the key's create revision.
//
// Hazards: a waiter that lost its lease while waiting believes that it holds the lock, with the
// token of a key that is gone, beside whoever holds it; and all of Mutex's but etcd-18082 and the
// silent release: a wait that fails ends its session, bounded, and Release says ErrNotHeld. It
// promises exclusive in calm, and nothing for an unfenced resource under faults.
func MutexNoRecheck(ctx context.Context, env lock.Env) (lock.Lock, error) {
	return withSession(ctx, &mutexNoRecheck{sessions{env: env}})
}

type mutexNoRecheck struct {
	sessions
}

func (l *mutexNoRecheck) Acquire(ctx context.Context) (lock.Hold, error) {
	session, err := l.live(ctx)
	if err != nil {
		return lock.Hold{}, err
	}
	key := fmt.Sprintf("%s/%x", l.env.Name, session.Lease())
	token, first, err := enqueue(ctx, l.env, key, session.Lease())
	if err == nil && !first {
		err = awaitOlder(ctx, l.env, token)
	}
	if err != nil {
		return lock.Hold{}, l.abandon(session, err)
	}
	return lock.Hold{
		Token:   token,
		Key:     key,
		Lease:   session.Lease(),
		Lost:    session.Done(),
		Release: func(ctx context.Context) error { return l.release(ctx, key, session) },
	}, nil
}

func (l *mutexNoRecheck) release(ctx context.Context, key string, session *concurrency.Session) error {
	return l.settle(session, deleteKey(ctx, l.env, key))
}
