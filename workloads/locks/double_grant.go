package locks

import (
	"context"
	"fmt"

	clientv3 "go.etcd.io/etcd/client/v3"

	"lockquake/workloads/lock"
)

// DoubleGrant is broken on purpose, by one: a semaphore whose limit is 1, and which compares the number of older
// keys with > where >= is meant. It lets in two.
//
// Protocol: as Mutex, with the same keys, but a waiter counts the older keys, and its turn has come when there are
// no more of them than the limit.
//
// Requests: Txn and Delete where nobody holds the lock; else a Get of the older keys, with a watch more for each
// change that is waited for, and a Get of the own key. A waiter watches the oldest key. The token is
// the key's create revision. It promises exclusive in calm, and must be caught breaking that.
func DoubleGrant(_ context.Context, env lock.Env) (lock.Lock, error) {
	return &queueLock{sessions{env: env}, awaitFewOlder}, nil
}

func awaitFewOlder(ctx context.Context, env lock.Env, token int64) error {
	const limit = 1
	order := append(clientv3.WithFirstCreate(), clientv3.WithMaxCreateRev(token-1), clientv3.WithLimit(0))
	for {
		older, err := env.Client.Get(ctx, env.Name+"/", order...)
		if err != nil {
			return fmt.Errorf("count the older keys of %s: %w", env.Name, err)
		}
		if !(len(older.Kvs) > limit) {
			return nil
		}
		if err := awaitDelete(ctx, env, string(older.Kvs[0].Key), clientv3.WithRev(older.Header.Revision)); err != nil {
			return err
		}
	}
}
