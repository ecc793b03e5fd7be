package main

import (
	"context"
	"errors"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"lockquake/workloads/lock"
)

// ownlock is held by who has created its key. The key lives on a lease, which ends with its holder.
type ownlock struct{ env lock.Env }

// Open is the strategy.
func Open(_ context.Context, env lock.Env) (lock.Lock, error) { return ownlock{env}, nil }

func (l ownlock) Acquire(ctx context.Context) (lock.Hold, error) {
	lease, err := l.env.Client.Grant(ctx, l.env.TTLSeconds())
	if err != nil {
		return lock.Hold{}, errors.Join(err, lock.ErrDefinite) // without a lease there is no key
	}
	renewing, stop := context.WithCancel(l.env.Client.Ctx())
	alive, err := l.env.Client.KeepAlive(renewing, lease.ID)
	token := int64(0)
	if err == nil {
		token, err = l.create(ctx, lease.ID)
	}
	if err != nil {
		stop()
		return lock.Hold{}, errors.Join(err, l.giveUp(lease.ID))
	}
	lost := make(chan struct{})
	go func() {
		for range alive { // until the lease can be renewed no more
		}
		close(lost)
	}()
	release := func(ctx context.Context) error {
		defer stop()
		return l.delete(ctx, token)
	}
	return lock.Hold{Token: token, Key: l.env.Name, Lease: lease.ID, Lost: lost, Release: release}, nil
}

// create waits until there is no key, and creates it: its revision grows from one holder to the next.
func (l ownlock) create(ctx context.Context, lease clientv3.LeaseID) (token int64, err error) {
	for {
		answer, err := l.env.Client.Txn(ctx).
			If(clientv3.Compare(clientv3.CreateRevision(l.env.Name), "=", 0)).
			Then(clientv3.OpPut(l.env.Name, l.env.ClientID, clientv3.WithLease(lease))).
			Else(clientv3.OpGet(l.env.Name)).Commit()
		if err != nil {
			return 0, err
		}
		if answer.Succeeded {
			return answer.Header.Revision, nil
		}
		there := answer.Responses[0].GetResponseRange().Kvs[0]
		if there.Lease == int64(lease) {
			return there.CreateRevision, nil // the request was sent twice
		}
		if err := l.awaitDelete(ctx, answer.Header.Revision+1); err != nil {
			return 0, err
		}
	}
}

// awaitDelete returns when the key was deleted, or when the watch of it was interrupted.
func (l ownlock) awaitDelete(ctx context.Context, since int64) error {
	watching, stop := context.WithCancel(clientv3.WithRequireLeader(ctx))
	defer stop()
	<-l.env.Client.Watch(watching, l.env.Name, clientv3.WithRev(since), clientv3.WithFilterPut())
	return ctx.Err()
}

// delete deletes the key that this holder has created, and no other one's.
func (l ownlock) delete(ctx context.Context, token int64) error {
	answer, err := l.env.Client.Txn(ctx).
		If(clientv3.Compare(clientv3.CreateRevision(l.env.Name), "=", token)).
		Then(clientv3.OpDelete(l.env.Name)).Commit()
	if err == nil && !answer.Succeeded {
		return lock.ErrNotHeld
	}
	return err
}

// giveUp ends the lease, and with it the key, if it was created and nobody was told.
func (l ownlock) giveUp(lease clientv3.LeaseID) error {
	ctx, cancel := context.WithTimeout(l.env.Client.Ctx(), time.Second)
	defer cancel()
	if _, err := l.env.Client.Revoke(ctx, lease); err != nil {
		return err
	}
	return lock.ErrDefinite
}

func (ownlock) Close() error { return nil }
