package locks

import (
	"context"
	"fmt"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/client/v3/concurrency"
	"go.etcd.io/etcd/server/v3/etcdserver/api/v3lock/v3lockpb"

	"lockquake/workloads/lock"
)

// V3Lock is the lock service of etcd's servers, for clients in languages that have no concurrency
// package: gRPC service v3lockpb.Lock.
//
// Protocol: one session per lock, kept alive by the client. Lock asks the member that the client is connected
// to, and that member does what Mutex does, in the client's place: it puts the key name/lease under the
// client's lease, waits, looks whether the key is still there, and answers. Unlock deletes the key by its
// name. A session is dropped as soon as the outcome of a request under it is unknown.
//
// Requests, as the client counts them: Lock, a Get and Unlock, whether or not it has to wait; the Get asks for
// the key's create revision, which is the token and which Lock does not tell. A waiter watches nothing: its
// member watches the key just before its own.
//
// Hazards: the wait stands on one member, and ends without an answer where that stops or the connection
// breaks (ambiguous-acquire); on a member that is cut off from its peers it goes on without hope. When the
// client gives up, the member deletes the key by its name, whenever it learns of that: on the same session it
// would be a newer lock's (as in etcd-22082). Unlock does not say whether the key was there. Besides, as
// Mutex, pause-no-fence. It promises exclusive in calm, and nothing for an unfenced resource under faults.
func V3Lock(ctx context.Context, env lock.Env) (lock.Lock, error) {
	return withSession(ctx, &v3Lock{sessions{env: env}, v3lockpb.NewLockClient(env.Client.ActiveConnection())})
}

type v3Lock struct {
	sessions
	service v3lockpb.LockClient
}

func (l *v3Lock) Acquire(ctx context.Context) (lock.Hold, error) {
	session, err := l.live(ctx)
	if err != nil {
		return lock.Hold{}, err
	}
	key, token, err := l.lock(ctx, session.Lease())
	if err != nil {
		return lock.Hold{}, l.abandon(session, err)
	}
	return lock.Hold{
		Token:   token,
		Key:     key,
		Lease:   session.Lease(),
		Lost:    session.Done(),
		Release: func(ctx context.Context) error { return l.release(ctx, session, key) },
	}, nil
}

func (l *v3Lock) lock(ctx context.Context, lease clientv3.LeaseID) (key string, token int64, err error) {
	locked, err := l.service.Lock(ctx, &v3lockpb.LockRequest{Name: []byte(l.env.Name), Lease: int64(lease)})
	if err != nil {
		return "", 0, fmt.Errorf("lock %s: %w", l.env.Name, err)
	}
	key = string(locked.Key)
	resp, err := l.env.Client.Get(ctx, key, clientv3.WithKeysOnly())
	if err != nil {
		return "", 0, fmt.Errorf("ask for the revision of %s: %w", key, err)
	}
	if len(resp.Kvs) == 0 {
		return "", 0, fmt.Errorf("ask for the revision of %s: %w", key, lock.ErrNotHeld)
	}
	return key, resp.Kvs[0].CreateRevision, nil
}

func (l *v3Lock) release(ctx context.Context, session *concurrency.Session, key string) error {
	_, err := l.service.Unlock(ctx, &v3lockpb.UnlockRequest{Key: []byte(key)})
	return l.settle(session, err)
}
