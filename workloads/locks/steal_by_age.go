package locks

import (
	"context"
	"errors"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"lockquake/workloads/lock"
)

// StealByAge is broken on purpose, by a second opinion about time: a waiter that has seen the same key for a TTL,
// by its own clock, takes its holder for dead and breaks the lock. It comes from locks on databases that know no
// leases, where a row that is old is stale; here the holder renews its lease, not its key.
//
// Protocol: keep a session; create the key that is called like the lock if there is none, trying again every 20
// ms; where the same key was in the way for longer than the TTL, delete it and try again. The break is careful:
// it deletes the key only if it is still the one that was seen. Release deletes the key if it is still the own one.
//
// Requests: a Txn for each try, a Txn for each break, and a Txn. A waiter watches nothing. The token is the
// key's create revision. It promises exclusive in calm, and must be caught taking the lock from a holder whose
// lease is alive.
func StealByAge(_ context.Context, env lock.Env) (lock.Lock, error) {
	return &single{sessions{env: env}, new(suspicion).claim}, nil
}

// suspicion is the key that was in the way last, and since when.
type suspicion struct {
	token int64
	since time.Time
}

func (s *suspicion) claim(ctx context.Context, env lock.Env, lease clientv3.LeaseID) (lock.Hold, error) {
	ctx, cancel := context.WithTimeout(ctx, tryTimeout)
	defer cancel()
	key, err := createIfAbsent(ctx, env, lease)
	switch {
	case err != nil:
		return lock.Hold{}, err
	case key.token != s.token:
		s.token, s.since = key.token, time.Now()
	case !key.created && time.Since(s.since) > env.TTL:
		if err := deleteOwn(ctx, env, env.Name, key.token); err != nil && !errors.Is(err, lock.ErrNotHeld) {
			return lock.Hold{}, err
		}
	}
	return key.hold(env)
}
