package locks

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/client/v3/concurrency"

	"lockquake/workloads/lock"
)

// leaseTimeout bounds a grant and a revoke. It is not longer than the shortest TTL: a revoke that
// takes longer than the TTL has nothing left to revoke.
const leaseTimeout = time.Second

// sessions are the leases that a lock keeps alive; strategies embed it for its Close.
type sessions struct {
	env  lock.Env
	open []*concurrency.Session
}

// start opens a session. Its error is definite: without a lease no key was asked for.
//
// The lease is granted here, not by NewSession, which would wait for it on the client's context and
// so for longer than the caller wants to.
func (s *sessions) start(ctx context.Context) (*concurrency.Session, error) {
	ctx, cancel := context.WithTimeout(ctx, leaseTimeout)
	defer cancel()
	granted, err := s.env.Client.Grant(ctx, s.env.TTLSeconds())
	if err != nil {
		return nil, definite(fmt.Errorf("grant a lease: %w", err))
	}
	session, err := concurrency.NewSession(s.env.Client, concurrency.WithLease(granted.ID))
	if err != nil {
		return nil, definite(fmt.Errorf("keep lease %x alive: %w", granted.ID, err))
	}
	s.open = append(s.open, session)
	return session, nil
}

// withSession is a lock that opens with a session: who cannot get one learns it then.
func withSession[L interface {
	lock.Lock
	live(context.Context) (*concurrency.Session, error)
}](ctx context.Context, l L) (lock.Lock, error) {
	if _, err := l.live(ctx); err != nil {
		return nil, err
	}
	return l, nil
}

// live returns the open session or, where that is done or there is none, a new one.
func (s *sessions) live(ctx context.Context) (*concurrency.Session, error) {
	if err := ctx.Err(); err != nil {
		return nil, definite(err)
	}
	for _, session := range slices.Clone(s.open) {
		if !isClosed(session.Done()) {
			return session, nil
		}
		// Done may be early (etcd may yet have the lease) and the revoke may fail: in both cases the
		// old key is gone within its TTL, because nothing renews it any more.
		_ = s.end(session)
	}
	return s.start(ctx)
}

// end stops renewing the session's lease and revokes it. If it returns nil the lease is gone, and
// with it every key under it; and a request that is still on its way cannot bring such a key back,
// because etcd refuses to put a key under a lease that does not exist. If it returns an error the
// same is true within the TTL.
func (s *sessions) end(session *concurrency.Session) error {
	s.open = slices.DeleteFunc(s.open, func(o *concurrency.Session) bool { return o == session })
	session.Orphan()
	return revoke(s.env, session.Lease())
}

// revoke ends a lease. If it returns nil the lease is gone.
func revoke(env lock.Env, lease clientv3.LeaseID) error {
	ctx, cancel := context.WithTimeout(env.Client.Ctx(), leaseTimeout)
	defer cancel()
	_, err := env.Client.Revoke(ctx, lease)
	if err != nil && !errors.Is(err, rpctypes.ErrLeaseNotFound) {
		return fmt.Errorf("revoke lease %x: %w", lease, err)
	}
	return nil
}

// abandon gives up an acquire that failed under the session. The error becomes definite where the
// session could be ended, because then nothing is left that could yet be the lock.
func (s *sessions) abandon(session *concurrency.Session, cause error) error {
	if s.end(session) == nil {
		return definite(cause)
	}
	return cause
}

// settle drops the session under which a release failed, unless that was answered: a late or repeated
// request of it could free a newer hold. If that works the lock is released, too.
func (s *sessions) settle(session *concurrency.Session, err error) error {
	if err == nil || errors.Is(err, lock.ErrNotHeld) || s.end(session) != nil {
		return err
	}
	return nil
}

// Close ends the sessions that are still open.
func (s *sessions) Close() error {
	var errs []error
	for _, session := range slices.Clone(s.open) {
		errs = append(errs, s.end(session))
	}
	return errors.Join(errs...)
}

// definite marks the error of an operation that surely had no effect.
func definite(err error) error {
	if errors.Is(err, lock.ErrDefinite) {
		return err
	}
	return fmt.Errorf("%w: %w", lock.ErrDefinite, err)
}
