package locks

import (
	"context"
	"errors"
	"time"

	"go.etcd.io/etcd/client/v3/concurrency"

	"lockquake/workloads/lock"
)

const (
	deleteByNamePoll    = 10 * time.Millisecond
	deleteByNameTimeout = time.Second
)

// DeleteByName is broken on purpose, by a slip that is easily made: `defer unlock()` stands before
// the look at whether the lock was got, so that a try which finds the lock taken frees it.
//
// Protocol: as Tutorial, with a try every 10 ms; but each try that fails deletes the key by its
// name. So a waiter frees the lock under its holder with its first try, and has it with its second.
//
// Requests: Grant, a Txn and a Delete for each try, Delete and Revoke. A waiter watches nothing. The
// token is the key's create revision. It promises exclusive in calm, and must be caught breaking that.
func DeleteByName(_ context.Context, env lock.Env) (lock.Lock, error) {
	return &deleteByName{sessions{env: env}}, nil
}

type deleteByName struct {
	sessions
}

func (l *deleteByName) Acquire(ctx context.Context) (lock.Hold, error) {
	session, err := l.start(ctx)
	if err != nil {
		return lock.Hold{}, err
	}
	key, err := l.try(ctx, session)
	for err == nil && !key.created {
		if err = pause(ctx, deleteByNamePoll); err == nil {
			key, err = l.try(ctx, session)
		}
	}
	if err != nil {
		return lock.Hold{}, l.abandon(session, err)
	}
	return lock.Hold{
		Token:   key.token,
		Key:     l.env.Name,
		Lease:   key.lease,
		Release: func(ctx context.Context) error { return l.release(ctx, session) },
	}, nil
}

func (l *deleteByName) try(ctx context.Context, session *concurrency.Session) (found, error) {
	ctx, cancel := context.WithTimeout(ctx, deleteByNameTimeout)
	defer cancel()
	key, err := createIfAbsent(ctx, l.env, session.Lease())
	if err != nil || key.created {
		return key, err
	}
	if err := deleteKey(ctx, l.env, l.env.Name); err != nil && !errors.Is(err, lock.ErrNotHeld) {
		return found{}, err
	}
	return key, nil
}

func (l *deleteByName) release(ctx context.Context, session *concurrency.Session) error {
	defer func() { _ = l.end(session) }()
	ctx, cancel := context.WithTimeout(ctx, deleteByNameTimeout)
	defer cancel()
	return deleteKey(ctx, l.env, l.env.Name)
}
