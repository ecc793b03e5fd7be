package locks

import (
	"context"
	"fmt"

	"go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/client/v3/concurrency"

	"lockquake/workloads/lock"
)

// queueLock is a queue lock with the keys of Mutex. With awaitOlder as its await it is sound; several that are
// broken on purpose are it with another step.
type queueLock struct {
	sessions
	await func(ctx context.Context, env lock.Env, token int64) error // the turn of the key that was created at token
}

// Acquire ends the session of a key that is given up, and so the key.
func (l *queueLock) Acquire(ctx context.Context) (lock.Hold, error) {
	session, err := l.live(ctx)
	if err != nil {
		return lock.Hold{}, err
	}
	hold, err := l.queue(ctx, session, fmt.Sprintf("%s/%x", l.env.Name, session.Lease()))
	if err != nil {
		return lock.Hold{}, l.abandon(session, err)
	}
	return hold, nil
}

// queue gets in line with a key, and waits for its turn. After an error the key may be there.
func (l *queueLock) queue(ctx context.Context, session *concurrency.Session, key string) (lock.Hold, error) {
	token, first, err := enqueue(ctx, l.env, key, session.Lease())
	if err == nil && !first {
		err = l.await(ctx, l.env, token)
	}
	if err == nil && !first {
		err = recheck(ctx, l.env, key, token)
	}
	if err != nil {
		return lock.Hold{}, err
	}
	return lock.Hold{
		Token:   token,
		Key:     key,
		Lease:   session.Lease(),
		Lost:    session.Done(),
		Release: func(ctx context.Context) error { return l.settle(session, deleteOwn(ctx, l.env, key, token)) },
	}, nil
}

// recheck looks whether a key is still the one that was created at the revision. One request.
func recheck(ctx context.Context, env lock.Env, key string, revision int64) error {
	resp, err := env.Client.Get(ctx, key)
	if err != nil {
		return fmt.Errorf("look for %s: %w", key, err)
	}
	if len(resp.Kvs) == 0 || resp.Kvs[0].CreateRevision != revision {
		return fmt.Errorf("look for %s of revision %d: %w", key, revision, lock.ErrNotHeld)
	}
	return nil
}

// enqueue puts a key of the lock, unless it is there. It returns the key's create revision and whether it is
// the oldest of the lock. One request.
func enqueue(ctx context.Context, env lock.Env, key string, lease clientv3.LeaseID) (token int64, first bool, err error) {
	oldest := clientv3.OpGet(env.Name+"/", clientv3.WithFirstCreate()...)
	resp, err := env.Client.Txn(ctx).
		If(clientv3.Compare(clientv3.CreateRevision(key), "=", 0)).
		Then(clientv3.OpPut(key, "", clientv3.WithLease(lease)), oldest).
		Else(clientv3.OpGet(key), oldest).
		Commit()
	if err != nil {
		return 0, false, fmt.Errorf("create %s: %w", key, err)
	}
	token = resp.Header.Revision
	if !resp.Succeeded {
		token = resp.Responses[0].GetResponseRange().Kvs[0].CreateRevision
	}
	return token, resp.Responses[1].GetResponseRange().Kvs[0].CreateRevision == token, nil
}

// awaitOlder waits until no key of the lock is older than the token, the newest of them first.
func awaitOlder(ctx context.Context, env lock.Env, token int64) error {
	for {
		resp, err := newestOlder(ctx, env, token)
		if err != nil || len(resp.Kvs) == 0 {
			return err
		}
		if err := awaitDelete(ctx, env, string(resp.Kvs[0].Key), clientv3.WithRev(resp.Header.Revision)); err != nil {
			return err
		}
	}
}

// newestOlder finds, of the keys of the lock that are older than the token, the newest. One request.
func newestOlder(ctx context.Context, env lock.Env, token int64) (*clientv3.GetResponse, error) {
	resp, err := env.Client.Get(ctx, env.Name+"/", append(clientv3.WithLastCreate(), clientv3.WithMaxCreateRev(token-1))...)
	if err != nil {
		return nil, fmt.Errorf("look for older keys of %s: %w", env.Name, err)
	}
	return resp, nil
}

// awaitDelete waits until a watch of the key, which begins where the option says, tells that it was deleted.
func awaitDelete(ctx context.Context, env lock.Env, key string, from clientv3.OpOption) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	for answer := range env.Client.Watch(ctx, key, from) {
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
