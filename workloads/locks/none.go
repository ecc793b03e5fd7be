package locks

import (
	"context"
	"fmt"

	"lockquake/workloads/lock"
)

// None is broken on purpose: it grants the lock to everybody at once.
//
// Protocol: acquire puts a key below the lock's name and deletes it again; the put's revision is the
// token. There is nothing to wait for and nothing to release: the key is there only because a
// revision, which grows from one acquire to the next, cannot be had without a write.
//
// Requests: Put and Delete. It promises exclusive in calm, and must be caught breaking that.
func None(_ context.Context, env lock.Env) (lock.Lock, error) {
	return none{env}, nil
}

type none struct {
	env lock.Env
}

// Acquire fails definitely: what it puts is not a lock.
func (n none) Acquire(ctx context.Context) (lock.Hold, error) {
	key := n.env.Name + "/token/" + n.env.ClientID
	put, err := n.env.Client.Put(ctx, key, "")
	if err == nil {
		_, err = n.env.Client.Delete(ctx, key)
	}
	if err != nil {
		return lock.Hold{}, definite(fmt.Errorf("take a token from %s: %w", key, err))
	}
	return lock.Hold{Token: put.Header.Revision, Release: n.release}, nil
}

func (none) release(context.Context) error { return nil }

func (none) Close() error { return nil }
