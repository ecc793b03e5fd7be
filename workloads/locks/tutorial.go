package locks

import (
	"context"
	"time"

	"go.etcd.io/etcd/client/v3/concurrency"

	"lockquake/workloads/lock"
)

const (
	tutorialPoll    = 20 * time.Millisecond
	tutorialTimeout = 5 * time.Second
)

// Tutorial is the lock that blog posts and courses build by hand on clientv3.
//
// Protocol: grant a lease and keep it alive; in one Txn create the key that is called like the lock
// if there is none, with the client id as its value; where it is taken, try again every 20 ms until
// ctx ends. Release: stop renewing, delete the key by its name, revoke the lease. A failed acquire
// revokes its lease.
//
// It stands for some twenty public copies that a code search found. All of them use a lease, nearly
// all a fresh one for each acquire, kept alive by a goroutine that drains the channel and tells nobody
// when it ends (so Hold.Lost is nil); most create the key if CreateRevision(key) = 0, a few with a
// plain Put that excludes nobody. About a third delete the key by its name on release, and that is
// what is built here, for its hazard; the others only revoke the lease, and cannot free a stranger's
// key. Most try once and leave the waiting to their caller: the 20 ms are ours. Most pass a context
// without an end, beside a DialTimeout of 5 s: here each Txn and Delete has these 5 s.
//
// Requests: Grant, a Txn for each try, Delete and Revoke, besides the renewals. A waiter watches
// nothing. The token is the key's create revision.
//
// Hazards: a stale release deletes the key of the next holder, and that holder's release the key of
// the one after it; a holder outlives its lease (pause, partition) without learning it; a delete
// that timed out may land later; no queue, so no order among waiters. It promises exclusive in calm,
// and nothing for an unfenced resource under faults.
func Tutorial(_ context.Context, env lock.Env) (lock.Lock, error) {
	return &tutorial{sessions{env: env}, notMine, freeByName}, nil
}

type tutorial struct {
	sessions
	mine func(found) bool                             // whether a key that was there counts as held
	free func(context.Context, lock.Env, found) error // deletes the key of a hold
}

func notMine(found) bool { return false }

// freeByName does not ask whether the key is still the one that was created.
func freeByName(ctx context.Context, env lock.Env, _ found) error {
	return deleteKey(ctx, env, env.Name)
}

// Acquire fails definitely where every try was answered with "taken", or where the lease could be
// revoked after a try without an answer.
func (t *tutorial) Acquire(ctx context.Context) (lock.Hold, error) {
	session, err := t.start(ctx)
	if err != nil {
		return lock.Hold{}, err
	}
	key, err := t.poll(ctx, session)
	if err != nil {
		return lock.Hold{}, t.abandon(session, err)
	}
	return lock.Hold{
		Token:   key.token,
		Key:     t.env.Name,
		Lease:   key.lease,
		Release: func(ctx context.Context) error { return t.release(ctx, session, key) },
	}, nil
}

func (t *tutorial) poll(ctx context.Context, session *concurrency.Session) (found, error) {
	for {
		key, err := t.try(ctx, session)
		if err != nil || key.created || t.mine(key) {
			return key, err
		}
		err = pause(ctx, tutorialPoll)
		// clientv3 repeats a Txn that was cancelled on the way back; then the key that is in the way
		// can be the own one, which no copy of the tutorial notices.
		if err != nil && key.lease != session.Lease() {
			err = definite(err)
		}
		if err != nil {
			return found{}, err
		}
	}
}

func (t *tutorial) try(ctx context.Context, session *concurrency.Session) (found, error) {
	ctx, cancel := context.WithTimeout(ctx, tutorialTimeout)
	defer cancel()
	return createIfAbsent(ctx, t.env, session.Lease())
}

func (t *tutorial) release(ctx context.Context, session *concurrency.Session, key found) error {
	// Nobody asks whether the revoke works.
	defer func() { _ = t.end(session) }()
	session.Orphan()
	ctx, cancel := context.WithTimeout(ctx, tutorialTimeout)
	defer cancel()
	return t.free(ctx, t.env, key)
}
