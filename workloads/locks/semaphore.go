package locks

import (
	"context"
	"errors"
	"fmt"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/client/v3/concurrency"

	"lockquake/workloads/lock"
)

// Semaphore lets as many hold the lock at a time as Env.Permits says, or one; a counting semaphore in the
// manner of Mutex.
//
// Protocol: one session per lock. One Txn puts the key name/lease under the session's lease and lists the keys
// below name/: the oldest of them, as many as there are permits, hold. Whoever has more keys before its own
// follows their deletions from that revision on until few enough are left, and then looks whether its own
// key is still there. Release deletes the own key if it is still the one that was created. A session is dropped
// as soon as the outcome of a request under it is unknown.
//
// Requests: two Txns where there is a permit; else a watch and a Get of the own key more, however many are
// waited for. A waiter watches all keys of the lock, deletions only, so each release wakes every waiter. The
// token is the key's create revision: with more than one permit it orders holders, but a resource that
// refuses old tokens would refuse holders that hold.
//
// Hazards: a holder that is paused or cut off past its TTL goes on (pause-no-fence), and then one more than
// the permits is in. It promises exclusive in calm, if there is one permit, and nothing for an unfenced
// resource under faults.
func Semaphore(ctx context.Context, env lock.Env) (lock.Lock, error) {
	return withSession(ctx, &semaphore{sessions{env: env}})
}

type semaphore struct {
	sessions
}

func (l *semaphore) Permits() int { return max(1, l.env.Permits) }

func (l *semaphore) Acquire(ctx context.Context) (lock.Hold, error) {
	session, err := l.live(ctx)
	if err != nil {
		return lock.Hold{}, err
	}
	key := fmt.Sprintf("%s/%x", l.env.Name, session.Lease())
	token, err := l.take(ctx, key, session.Lease())
	if err != nil {
		return lock.Hold{}, l.abandon(session, err)
	}
	return lock.Hold{
		Token:   token,
		Key:     key,
		Lease:   session.Lease(),
		Lost:    session.Done(),
		Release: func(ctx context.Context) error { return l.settle(session, deleteOwn(ctx, l.env, key, token)) },
	}, nil
}

// take puts the key and waits until it is among the first.
func (l *semaphore) take(ctx context.Context, key string, lease clientv3.LeaseID) (token int64, err error) {
	q, err := l.lineUp(ctx, key, lease)
	if err != nil {
		return 0, err
	}
	if len(q.older) < l.Permits() {
		return q.token, nil
	}
	if err := l.follow(ctx, q); err != nil {
		return 0, fmt.Errorf("watch %s: %w", l.env.Name, err)
	}
	resp, err := l.env.Client.Get(ctx, key, clientv3.WithKeysOnly())
	if err != nil {
		return 0, fmt.Errorf("look for %s: %w", key, err)
	}
	if len(resp.Kvs) == 0 {
		return 0, fmt.Errorf("look for %s: %w", key, concurrency.ErrSessionExpired)
	}
	return q.token, nil
}

// turn is what stood before a key at a revision.
type turn struct {
	key      string
	token    int64 // create revision of the key
	older    map[string]bool
	revision int64
}

// lineUp puts the key, unless it is there, and lists those that are older. One request.
func (l *semaphore) lineUp(ctx context.Context, key string, lease clientv3.LeaseID) (turn, error) {
	all := clientv3.OpGet(l.env.Name+"/", clientv3.WithPrefix(), clientv3.WithKeysOnly(),
		clientv3.WithSort(clientv3.SortByCreateRevision, clientv3.SortAscend))
	resp, err := l.env.Client.Txn(ctx).
		If(clientv3.Compare(clientv3.CreateRevision(key), ">", 0)).
		Then(all).
		Else(clientv3.OpPut(key, "", clientv3.WithLease(lease)), all).
		Commit()
	if err != nil {
		return turn{}, fmt.Errorf("create %s: %w", key, err)
	}
	q := turn{key: key, older: map[string]bool{}, revision: resp.Header.Revision}
	listed := resp.Responses[len(resp.Responses)-1].GetResponseRange()
	for _, kv := range listed.Kvs {
		if string(kv.Key) == key {
			q.token = kv.CreateRevision
			break
		}
		q.older[string(kv.Key)] = true
	}
	return q, nil
}

// follow waits until fewer older keys are left than there are permits.
func (l *semaphore) follow(ctx context.Context, q turn) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	deletions := []clientv3.OpOption{clientv3.WithPrefix(), clientv3.WithFilterPut(), clientv3.WithRev(q.revision + 1)}
	for answer := range l.env.Client.Watch(ctx, l.env.Name+"/", deletions...) {
		if err := answer.Err(); err != nil {
			return err
		}
		for _, event := range answer.Events {
			if string(event.Kv.Key) == q.key {
				return concurrency.ErrSessionExpired
			}
			delete(q.older, string(event.Kv.Key))
		}
		if len(q.older) < l.Permits() {
			return nil
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return errors.New("ended without a reason")
}
