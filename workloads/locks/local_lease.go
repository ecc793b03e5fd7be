package locks

import (
	"context"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"lockquake/workloads/lock"
)

// believedTTL is what LocalLease takes for its leases' TTL, whatever it asks for.
const believedTTL = 9 * time.Second

// LocalLease is broken on purpose, by two settings that should be one: it asks for leases of the TTL that it is
// given, and renews and trusts them by a constant of its own, of 9 s. It comes about when the TTL becomes a
// setting, and the loop that renews stays as it was; or when one of both is in another unit.
//
// Protocol: grant a lease, and renew it every third of 9 s; Lost is closed when no renewal was answered for 9
// s. Create the key that is called like the lock if there is none, trying again every 20 ms; release deletes
// the key if it is still the own one. So under a shorter TTL a hold outlives its lease, and believes that all is
// well.
//
// Requests: Grant, a Txn for each try, a Txn, and the renewals. A waiter watches nothing. The token is the key's
// create revision. It promises exclusive in calm, and must be caught breaking that once a hold lasts.
func LocalLease(_ context.Context, env lock.Env) (lock.Lock, error) {
	return bare{env, renewByConstant}, nil
}

func renewByConstant(ctx context.Context, env lock.Env, lease clientv3.LeaseID) <-chan struct{} {
	lost := make(chan struct{})
	go func() {
		for renewed := time.Now(); time.Since(renewed) < believedTTL; {
			if pause(ctx, believedTTL/3) != nil {
				return
			}
			sent := time.Now()
			if _, err := env.Client.KeepAliveOnce(ctx, lease); err == nil {
				renewed = sent
			}
		}
		close(lost)
	}()
	return lost
}
