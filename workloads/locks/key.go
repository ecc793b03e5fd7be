package locks

import (
	"context"
	"errors"
	"fmt"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"lockquake/workloads/lock"
)

const (
	tryPeriod  = 20 * time.Millisecond // between two tries of who polls
	tryTimeout = time.Second           // of one try
)

// found is a lock's key as a create-if-absent found or made it.
type found struct {
	created bool // by this request; else it was there
	value   string
	token   int64 // its create revision
	lease   clientv3.LeaseID
}

// createIfAbsent creates the key that is called like the lock, with the client id as its value,
// unless there is one. One request.
func createIfAbsent(ctx context.Context, env lock.Env, lease clientv3.LeaseID) (found, error) {
	resp, err := env.Client.Txn(ctx).
		If(clientv3.Compare(clientv3.CreateRevision(env.Name), "=", 0)).
		Then(clientv3.OpPut(env.Name, env.ClientID, clientv3.WithLease(lease))).
		Else(clientv3.OpGet(env.Name)).
		Commit()
	if err != nil {
		return found{}, fmt.Errorf("create %s: %w", env.Name, err)
	}
	if resp.Succeeded {
		return found{true, env.ClientID, resp.Header.Revision, lease}, nil
	}
	kv := resp.Responses[0].GetResponseRange().Kvs[0]
	return found{false, string(kv.Value), kv.CreateRevision, clientv3.LeaseID(kv.Lease)}, nil
}

// deleteKey deletes a key, whoever created it. One request.
func deleteKey(ctx context.Context, env lock.Env, key string) error {
	resp, err := env.Client.Delete(ctx, key)
	if err != nil {
		return fmt.Errorf("delete %s: %w", key, err)
	}
	if resp.Deleted == 0 {
		return fmt.Errorf("delete %s: %w", key, lock.ErrNotHeld)
	}
	return nil
}

// deleteOwn deletes a key if it is still the one that was created at the revision. One request.
func deleteOwn(ctx context.Context, env lock.Env, key string, revision int64) error {
	resp, err := env.Client.Txn(ctx).
		If(clientv3.Compare(clientv3.CreateRevision(key), "=", revision)).
		Then(clientv3.OpDelete(key)).
		Commit()
	if err != nil {
		return fmt.Errorf("delete %s of revision %d: %w", key, revision, err)
	}
	if !resp.Succeeded {
		return fmt.Errorf("delete %s of revision %d: %w", key, revision, lock.ErrNotHeld)
	}
	return nil
}

// poll tries until the lock is not found taken any more, or ctx ends, which is definite: the last try
// was answered.
func poll(ctx context.Context, try func(context.Context) (lock.Hold, error)) (lock.Hold, error) {
	for {
		hold, err := try(ctx)
		if !errors.Is(err, lock.ErrTaken) {
			return hold, err
		}
		if err := pause(ctx, tryPeriod); err != nil {
			return lock.Hold{}, definite(err)
		}
	}
}

// pause waits for d or until ctx ends, and then returns the error of ctx.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
