package repro

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"lockquake/workloads/lock"
)

// copied is the tutorial's lock, which workloads/openTutorial is, too, with its parts exchangeable: people copy
// it, and change one of them. A variant of it is a func that changes what it must.
type copied struct {
	env   lock.Env
	value func() string           // of the key, for each acquire
	mine  func(value string) bool // whether a key that was there counts as held
	// grant gives the lease of an acquire, or an error that is definite.
	grant func(context.Context) (clientv3.LeaseID, error)
	// keep renews a lease until stop; lost may be nil.
	keep func(ctx context.Context, lease clientv3.LeaseID) (lost <-chan struct{}, stop func(), err error)
	// await waits between two tries; the first one was answered at a revision.
	await func(ctx context.Context, revision int64) error
	// remove deletes the key, which was created at a revision.
	remove func(ctx context.Context, created int64) error
	// giveUp is what an acquire does that has failed, and gives its error. stop ends the renewals.
	giveUp func(lease clientv3.LeaseID, stop func(), cause error) error
}

const copiedPoll = 20 * time.Millisecond

// openTutorial gives the lock before anybody has changed it. Like most copies it gives its requests no time of
// their own.
func openTutorial(_ context.Context, env lock.Env) (lock.Lock, error) { return tutorial(env), nil }

// openReentrant gives the lock that counts as held where the key has its client's id.
func openReentrant(_ context.Context, env lock.Env) (lock.Lock, error) { return reentrant(env), nil }

func reentrant(env lock.Env) *copied {
	l := tutorial(env)
	l.mine = func(value string) bool { return value == env.ClientID }
	return l
}

func tutorial(env lock.Env) *copied {
	l := &copied{env: env}
	l.value = func() string { return env.ClientID }
	l.mine = func(string) bool { return false }
	l.grant = l.grantOne
	l.keep = l.renew
	l.await = func(ctx context.Context, _ int64) error { return pause(ctx, copiedPoll) }
	l.remove = func(ctx context.Context, _ int64) error { return l.removeByName(ctx) }
	l.giveUp = l.revokeAfter
	return l
}

// Acquire is grant, keep, create.
func (l *copied) Acquire(ctx context.Context) (lock.Hold, error) {
	lease, err := l.grant(ctx)
	if err != nil {
		return lock.Hold{}, err
	}
	lost, stop, err := l.keep(ctx, lease)
	if err != nil {
		return lock.Hold{}, l.giveUp(lease, func() {}, err)
	}
	key, err := l.create(ctx, lease)
	if err != nil {
		return lock.Hold{}, l.giveUp(lease, stop, err)
	}
	return lock.Hold{
		Token: key.created, Key: l.env.Name, Lease: key.lease, Lost: lost,
		Release: func(ctx context.Context) error {
			stop()
			defer func() { _ = l.revoke(lease) }()
			return l.remove(ctx, key.created)
		},
	}, nil
}

// Close leaves what is held to its lease.
func (l *copied) Close() error { return nil }

// lockKey is the lock's key as a try has made or found it.
type lockKey struct {
	created int64 // revision
	lease   clientv3.LeaseID
}

func (l *copied) create(ctx context.Context, lease clientv3.LeaseID) (lockKey, error) {
	value := l.value()
	for {
		resp, err := l.env.Client.Txn(ctx).
			If(clientv3.Compare(clientv3.CreateRevision(l.env.Name), "=", 0)).
			Then(clientv3.OpPut(l.env.Name, value, clientv3.WithLease(lease))).
			Else(clientv3.OpGet(l.env.Name)).
			Commit()
		if err != nil {
			return lockKey{}, fmt.Errorf("create %s: %w", l.env.Name, err)
		}
		if resp.Succeeded {
			return lockKey{resp.Header.Revision, lease}, nil
		}
		there := resp.Responses[0].GetResponseRange().Kvs[0]
		if l.mine(string(there.Value)) {
			return lockKey{there.CreateRevision, clientv3.LeaseID(there.Lease)}, nil
		}
		if err := l.await(ctx, resp.Header.Revision); err != nil {
			return lockKey{}, fmt.Errorf("wait for %s: %w", l.env.Name, definite(err))
		}
	}
}

func (l *copied) grantOne(ctx context.Context) (clientv3.LeaseID, error) {
	granted, err := l.env.Client.Grant(ctx, l.env.TTLSeconds())
	if err != nil {
		return 0, definite(fmt.Errorf("grant a lease: %w", err))
	}
	return granted.ID, nil
}

// renew drains the channel of renewals, and tells nobody when it ends.
func (l *copied) renew(_ context.Context, lease clientv3.LeaseID) (<-chan struct{}, func(), error) {
	_, stop, err := l.renewUnder(l.env.Client.Ctx(), lease)
	return nil, stop, err
}

// renewUnder renews for as long as ctx, and closes the channel when it renews no more.
func (l *copied) renewUnder(ctx context.Context, lease clientv3.LeaseID) (<-chan struct{}, func(), error) {
	ctx, stop := context.WithCancel(ctx)
	renewals, err := l.env.Client.KeepAlive(ctx, lease)
	if err != nil {
		stop()
		return nil, nil, definite(fmt.Errorf("keep lease %x alive: %w", int64(lease), err))
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for range renewals {
		}
	}()
	return ended, stop, nil
}

func (l *copied) removeByName(ctx context.Context) error {
	resp, err := l.env.Client.Delete(ctx, l.env.Name)
	if err != nil {
		return fmt.Errorf("delete %s: %w", l.env.Name, err)
	}
	if resp.Deleted == 0 {
		return fmt.Errorf("delete %s: %w", l.env.Name, lock.ErrNotHeld)
	}
	return nil
}

// revokeAfter makes sure that nothing is left of an acquire that has failed; then its error is definite.
func (l *copied) revokeAfter(lease clientv3.LeaseID, stop func(), cause error) error {
	stop()
	if l.revoke(lease) == nil {
		return definite(cause)
	}
	return cause
}

func (l *copied) revoke(lease clientv3.LeaseID) error {
	_, err := l.env.Client.Revoke(l.env.Client.Ctx(), lease)
	if errors.Is(err, rpctypes.ErrLeaseNotFound) {
		return nil
	}
	return err
}

// pause waits for d or until ctx ends, and then returns the error of ctx.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// definite marks the error of an operation that surely had no effect.
func definite(err error) error {
	if errors.Is(err, lock.ErrDefinite) {
		return err
	}
	return fmt.Errorf("%w: %w", lock.ErrDefinite, err)
}
