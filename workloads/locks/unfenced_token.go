package locks

import (
	"context"
	"fmt"

	"lockquake/workloads/lock"
)

// UnfencedToken is broken on purpose, by the wrong one of a key's four numbers: its fencing token is the key's
// Version, which counts the changes of the key since it was created, and begins at 1 again with the next holder.
// So every token is 1, and a resource that refuses older tokens has none to refuse. Tests that write with one
// client at a time find nothing wrong.
//
// Protocol: as Mutex, with the same keys; once its turn has come it reads its key again for the Version.
//
// Requests: as Mutex, and a Get. A waiter watches the key just before its own. The hold names no key, because
// its token is not that key's create revision. It promises exclusive in calm, and keeps that; it must be caught
// by a stale write that its fence lets through.
func UnfencedToken(_ context.Context, env lock.Env) (lock.Lock, error) {
	return &unfencedToken{queueLock{sessions{env: env}, awaitOlder}}, nil
}

type unfencedToken struct{ queueLock }

func (l *unfencedToken) Acquire(ctx context.Context) (lock.Hold, error) {
	session, err := l.live(ctx)
	if err != nil {
		return lock.Hold{}, err
	}
	hold, err := l.queue(ctx, session, fmt.Sprintf("%s/%x", l.env.Name, session.Lease()))
	if err == nil {
		hold.Token, err = version(ctx, l.env, hold.Key)
	}
	if err != nil {
		return lock.Hold{}, l.abandon(session, err)
	}
	hold.Key = ""
	return hold, nil
}

func version(ctx context.Context, env lock.Env, key string) (int64, error) {
	resp, err := env.Client.Get(ctx, key)
	if err != nil {
		return 0, fmt.Errorf("read the version of %s: %w", key, err)
	}
	if len(resp.Kvs) == 0 {
		return 0, fmt.Errorf("read the version of %s: %w", key, lock.ErrNotHeld)
	}
	return resp.Kvs[0].Version, nil
}
