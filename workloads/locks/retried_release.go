package locks

import (
	"context"
	"errors"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"lockquake/workloads/lock"
)

const (
	releaseTries = 3
	releaseRetry = 100 * time.Millisecond
)

// RetriedRelease is broken on purpose, by a rule of thumb: a delete is idempotent, so one without an answer can
// be sent again. It can not where others create the key anew: the second delete hits the next holder's.
//
// Protocol: keep a session; create the key that is called like the lock if there is none, trying again every 20
// ms; release deletes the key by its name and, where that gets no answer, does so again after 100 ms, at most
// three times.
//
// Requests: a Txn for each try, and a Delete. A waiter watches nothing. The token is the key's create revision.
// It promises exclusive in calm, and must be caught freeing a stranger's lock when the reply to a release is
// lost.
func RetriedRelease(_ context.Context, env lock.Env) (lock.Lock, error) {
	return &single{sessions{env: env}, claimToRetry}, nil
}

func claimToRetry(ctx context.Context, env lock.Env, lease clientv3.LeaseID) (lock.Hold, error) {
	hold, err := claim(ctx, env, lease)
	hold.Release = func(ctx context.Context) error { return deleteUntilAnswered(ctx, env) }
	return hold, err
}

func deleteUntilAnswered(ctx context.Context, env lock.Env) error {
	err := deleteKey(ctx, env, env.Name)
	for try := 1; try < releaseTries && err != nil && !errors.Is(err, lock.ErrNotHeld); try++ {
		if pause(ctx, releaseRetry) != nil {
			return err
		}
		err = deleteKey(ctx, env, env.Name)
	}
	return err
}
