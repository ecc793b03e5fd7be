package locks

import (
	"context"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"lockquake/workloads/lock"
)

// watchGrace is what a waiter of WatchGap gives the key before its own to go by itself.
const watchGrace = 50 * time.Millisecond

// WatchGap is broken on purpose, by a revision that is left out: a waiter reads which key is before its own, and
// opens a watch of that key from now on, not from the read's revision on. What happened in between it never
// learns. It is what one writes who takes a watch for a subscription. Here the gap is made wide by a saving: most
// locks are free again soon, so the watch is only opened after 50 ms. A key that is deleted meanwhile lets its
// waiter sleep for ever, and all others wait behind that.
//
// Protocol: as Mutex, with the same keys, but for when and where the watch begins.
//
// Requests: as Mutex. A waiter watches the key just before its own. The token is the key's create revision. It
// promises exclusive in calm, and keeps that; it must be caught by those who wait in vain.
func WatchGap(_ context.Context, env lock.Env) (lock.Lock, error) {
	return &queueLock{sessions{env: env}, awaitOlderFromNow}, nil
}

func awaitOlderFromNow(ctx context.Context, env lock.Env, token int64) error {
	for {
		resp, err := newestOlder(ctx, env, token)
		if err != nil || len(resp.Kvs) == 0 {
			return err
		}
		if err := pause(ctx, watchGrace); err != nil {
			return err
		}
		const now = 0
		if err := awaitDelete(ctx, env, string(resp.Kvs[0].Key), clientv3.WithRev(now)); err != nil {
			return err
		}
	}
}
