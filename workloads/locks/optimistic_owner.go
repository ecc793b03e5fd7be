package locks

import (
	"context"
	"errors"
	"fmt"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"lockquake/workloads/lock"
)

const optimisticTimeout = 300 * time.Millisecond

// OptimisticOwner is broken on purpose, by half of a truth: a Txn that timed out may have been carried out. Its
// author has seen a key left behind by such a Txn keep everybody out, its owner too, and concluded that after a
// timeout the lock is his.
//
// Protocol: keep a session; create the key that is called like the lock if there is none, trying again every 20
// ms; a try that gets no answer within 300 ms counts as won. Release deletes the key if its value is the own
// client id. So a client that is cut off enters beside whoever holds the lock.
//
// Requests: a Txn for each try, and a Txn. A waiter watches nothing. The token is the key's create revision; of a
// hold that was only assumed there is no token and no key. It promises exclusive in calm, and must be caught when
// a waiter is cut off.
func OptimisticOwner(_ context.Context, env lock.Env) (lock.Lock, error) {
	return &single{sessions{env: env}, claimOrAssume}, nil
}

func claimOrAssume(ctx context.Context, env lock.Env, lease clientv3.LeaseID) (lock.Hold, error) {
	trying, cancel := context.WithTimeout(ctx, optimisticTimeout)
	defer cancel()
	key, err := createIfAbsent(trying, env, lease)
	var hold lock.Hold
	switch {
	case err == nil:
		hold, err = key.hold(env)
	case errors.Is(trying.Err(), context.DeadlineExceeded) && ctx.Err() == nil:
		hold, err = lock.Hold{Lease: lease}, nil
	}
	hold.Release = func(ctx context.Context) error { return deleteOfClient(ctx, env) }
	return hold, err
}

// deleteOfClient deletes the lock's key if its value is the own client id. One request.
func deleteOfClient(ctx context.Context, env lock.Env) error {
	resp, err := env.Client.Txn(ctx).
		If(clientv3.Compare(clientv3.Value(env.Name), "=", env.ClientID)).
		Then(clientv3.OpDelete(env.Name)).
		Commit()
	if err != nil {
		return fmt.Errorf("delete %s of %s: %w", env.Name, env.ClientID, err)
	}
	if !resp.Succeeded {
		return fmt.Errorf("delete %s of %s: %w", env.Name, env.ClientID, lock.ErrNotHeld)
	}
	return nil
}
