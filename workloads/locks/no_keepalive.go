package locks

import (
	"context"

	clientv3 "go.etcd.io/etcd/client/v3"

	"lockquake/workloads/lock"
)

// NoKeepalive is broken on purpose, by a step that is left out: it grants a lease and never renews it. Whoever
// tests such a lock with short critical sections, and picks a TTL that seems ample, finds nothing wrong.
//
// Protocol: grant a lease; create the key that is called like the lock if there is none, trying again every 20
// ms; release deletes the key if it is still the own one. So who holds the lock for longer than the TTL holds
// it together with the next.
//
// Requests: Grant, a Txn for each try, a Txn. A waiter watches nothing. The token is the key's create
// revision. It promises exclusive in calm, and must be caught breaking that once a hold lasts.
func NoKeepalive(_ context.Context, env lock.Env) (lock.Lock, error) {
	return bare{env, neverRenew}, nil
}

func neverRenew(context.Context, lock.Env, clientv3.LeaseID) <-chan struct{} { return nil }
