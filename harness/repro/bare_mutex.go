package repro

import (
	"context"
	"errors"
	"fmt"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/client/v3/concurrency"

	"lockquake/workloads/lock"
)

// bareMutex is concurrency.Mutex as its documentation shows it: one session for as long as the client lives, a
// Mutex for each acquire, and errors handed on. workloads/openBareMutex is the same with care.
type bareMutex struct {
	env     lock.Env
	session *concurrency.Session
	lock    func(context.Context, *concurrency.Mutex) error
	unlock  func(context.Context, *concurrency.Mutex) error
	// failed is what is done when lock has failed, and gives the error.
	failed func(ctx context.Context, m *concurrency.Mutex, cause error) error
}

func openBareMutex(_ context.Context, env lock.Env) (lock.Lock, error) { return newBareMutex(env) }

func newBareMutex(env lock.Env) (*bareMutex, error) {
	session, err := concurrency.NewSession(env.Client, concurrency.WithTTL(int(env.TTLSeconds())))
	if err != nil {
		return nil, fmt.Errorf("open a session: %w", err)
	}
	return onSession(env, session), nil
}

func onSession(env lock.Env, session *concurrency.Session) *bareMutex {
	return &bareMutex{
		env: env, session: session,
		lock:   func(ctx context.Context, m *concurrency.Mutex) error { return m.Lock(ctx) },
		unlock: func(ctx context.Context, m *concurrency.Mutex) error { return m.Unlock(ctx) },
		failed: tryUnlock,
	}
}

// Acquire locks.
func (b *bareMutex) Acquire(ctx context.Context) (lock.Hold, error) {
	m := concurrency.NewMutex(b.session, b.env.Name)
	if err := b.lock(ctx, m); err != nil {
		return lock.Hold{}, b.failed(ctx, m, err)
	}
	return lock.Hold{
		Token: createRevision(m), Key: m.Key(), Lease: b.session.Lease(), Lost: b.session.Done(),
		Release: func(ctx context.Context) error { return b.release(ctx, m) },
	}, nil
}

func (b *bareMutex) release(ctx context.Context, m *concurrency.Mutex) error {
	err := b.unlock(ctx, m)
	if errors.Is(err, concurrency.ErrLockReleased) {
		return fmt.Errorf("%w: %w", lock.ErrNotHeld, err)
	}
	return err
}

// Close leaves the session to the end of its client.
func (b *bareMutex) Close() error { return nil }

// tryUnlock is what people do who have read that a failed Lock may have left its key behind.
func tryUnlock(ctx context.Context, m *concurrency.Mutex, cause error) error {
	cleaned := m.Key() == releasedKey // by Lock itself, when its wait has failed
	if cleaned || errors.Is(cause, concurrency.ErrSessionExpired) || errors.Is(cause, rpctypes.ErrLeaseNotFound) {
		return definite(cause)
	}
	return errors.Join(cause, m.Unlock(ctx))
}

// releasedKey is what Mutex.Key says once the mutex has deleted its key and etcd has confirmed it.
const releasedKey = "\x00"

// createRevision digs the revision out of the comparison that IsOwner offers: Mutex has no other way to tell.
func createRevision(m *concurrency.Mutex) int64 {
	owner := m.IsOwner()
	return owner.GetCompare().GetCreateRevision()
}

// unlockOwn deletes the mutex's key only if it is the one that the mutex has created, as the pull request to
// etcd-22082 does.
func unlockOwn(env lock.Env) func(context.Context, *concurrency.Mutex) error {
	return func(ctx context.Context, m *concurrency.Mutex) error {
		resp, err := env.Client.Txn(ctx).If(m.IsOwner()).Then(clientv3.OpDelete(m.Key())).Commit()
		if err == nil && !resp.Succeeded {
			return lock.ErrNotHeld
		}
		return err
	}
}
