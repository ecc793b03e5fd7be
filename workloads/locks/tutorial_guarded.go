package locks

import (
	"context"

	"lockquake/workloads/lock"
)

// TutorialGuarded is Tutorial with the repair that its critics ask for first: a release deletes the key
// only if its create revision is that of the own hold.
//
// Protocol: as Tutorial, but the release's Delete stands in a Txn under that condition, so a stale one
// finds nothing of its own and leaves the next holder's key alone.
//
// Requests: Grant, a Txn for each try, a Txn and Revoke, besides the renewals. A waiter watches nothing.
// The token is the key's create revision.
//
// Hazards: Tutorial's that are left. A holder outlives its lease (pause, partition) without learning it;
// no queue, so no order among waiters. It promises exclusive in calm, and nothing for an unfenced
// resource under faults.
func TutorialGuarded(_ context.Context, env lock.Env) (lock.Lock, error) {
	return &tutorial{sessions{env: env}, notMine, freeOwn}, nil
}

func freeOwn(ctx context.Context, env lock.Env, key found) error {
	return deleteOwn(ctx, env, env.Name, key.token)
}
