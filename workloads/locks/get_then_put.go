package locks

import (
	"context"
	"fmt"

	clientv3 "go.etcd.io/etcd/client/v3"

	"lockquake/workloads/lock"
)

// GetThenPut is broken on purpose, by the slip of everybody's first lock: it looks whether the key is there in
// one request and creates it in another, where a single Txn would do both.
//
// Protocol: keep a session; get the key that is called like the lock and, if there is none, put it under the
// session's lease; else try again every 20 ms. Release deletes the key by its name. So two clients whose looks
// come before either's put both hold the lock.
//
// Requests: a Get for each try, Put and Delete. A waiter watches nothing. The token is the put's revision; that
// need not have created the key, so the hold names none. It promises exclusive in calm, and must be caught
// breaking that.
func GetThenPut(_ context.Context, env lock.Env) (lock.Lock, error) {
	return &single{sessions{env: env}, getThenPut}, nil
}

func getThenPut(ctx context.Context, env lock.Env, lease clientv3.LeaseID) (lock.Hold, error) {
	ctx, cancel := context.WithTimeout(ctx, tryTimeout)
	defer cancel()
	there, err := env.Client.Get(ctx, env.Name)
	if err != nil {
		return lock.Hold{}, fmt.Errorf("look for %s: %w", env.Name, err)
	}
	if len(there.Kvs) > 0 {
		return lock.Hold{}, fmt.Errorf("look for %s: %w", env.Name, lock.ErrTaken)
	}
	put, err := env.Client.Put(ctx, env.Name, env.ClientID, clientv3.WithLease(lease))
	if err != nil {
		return lock.Hold{}, fmt.Errorf("put %s: %w", env.Name, err)
	}
	release := func(ctx context.Context) error { return deleteKey(ctx, env, env.Name) }
	return lock.Hold{Token: put.Header.Revision, Lease: lease, Release: release}, nil
}
