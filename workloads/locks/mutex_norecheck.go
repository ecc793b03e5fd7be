package locks

import (
	"context"
	"errors"
	"fmt"

	"go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"
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
	l := &mutexNoRecheck{sessions{env: env}}
	if _, err := l.live(ctx); err != nil {
		return nil, err
	}
	return l, nil
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
	token, first, err := l.queue(ctx, key, session)
	if err == nil && !first {
		err = l.awaitOlder(ctx, token)
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

// queue puts the key. It returns the key's create revision and whether it is the oldest of the lock.
func (l *mutexNoRecheck) queue(ctx context.Context, key string, session *concurrency.Session) (int64, bool, error) {
	oldest := clientv3.OpGet(l.env.Name+"/", clientv3.WithFirstCreate()...)
	resp, err := l.env.Client.Txn(ctx).
		If(clientv3.Compare(clientv3.CreateRevision(key), "=", 0)).
		Then(clientv3.OpPut(key, "", clientv3.WithLease(session.Lease())), oldest).
		Else(clientv3.OpGet(key), oldest).
		Commit()
	if err != nil {
		return 0, false, fmt.Errorf("create %s: %w", key, err)
	}
	token := resp.Header.Revision
	if !resp.Succeeded {
		token = resp.Responses[0].GetResponseRange().Kvs[0].CreateRevision
	}
	return token, resp.Responses[1].GetResponseRange().Kvs[0].CreateRevision == token, nil
}

// awaitOlder waits until no key of the lock is older than the token, the newest of them first.
func (l *mutexNoRecheck) awaitOlder(ctx context.Context, token int64) error {
	newest := append(clientv3.WithLastCreate(), clientv3.WithMaxCreateRev(token-1))
	for {
		resp, err := l.env.Client.Get(ctx, l.env.Name+"/", newest...)
		if err != nil {
			return fmt.Errorf("look for older keys of %s: %w", l.env.Name, err)
		}
		if len(resp.Kvs) == 0 {
			return nil
		}
		if err := l.awaitDelete(ctx, string(resp.Kvs[0].Key), resp.Header.Revision); err != nil {
			return err
		}
	}
}

// awaitDelete waits until the key, which existed at the revision, is deleted.
func (l *mutexNoRecheck) awaitDelete(ctx context.Context, key string, revision int64) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	for answer := range l.env.Client.Watch(ctx, key, clientv3.WithRev(revision)) {
		for _, event := range answer.Events {
			if event.Type == mvccpb.Event_DELETE {
				return nil
			}
		}
		if err := answer.Err(); err != nil {
			return fmt.Errorf("watch %s: %w", key, err)
		}
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("watch %s: %w", key, err)
	}
	return fmt.Errorf("watch %s: ended without a reason", key)
}

// release drops the session where the delete got no answer. If that works the lock is released, too.
func (l *mutexNoRecheck) release(ctx context.Context, key string, session *concurrency.Session) error {
	err := deleteKey(ctx, l.env, key)
	if err == nil || errors.Is(err, lock.ErrNotHeld) {
		return err
	}
	if l.end(session) == nil {
		return nil
	}
	return err
}
