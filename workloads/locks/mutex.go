package locks

import (
	"context"
	"errors"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/client/v3/concurrency"

	"lockquake/workloads/lock"
)

// releasedKey is what Mutex.Key says once the mutex has deleted its key and etcd has confirmed it.
const releasedKey = "\x00"

// Mutex is concurrency.Mutex on a concurrency.Session, used with care.
//
// Protocol: one session per lock. Acquire puts the key name/lease under the session's lease and
// waits until no key below name/ is older; then it looks whether its own key is still there. Release
// deletes the own key. The care: an acquire opens a new session where the old one is done, and a
// session is dropped as soon as the outcome of a request under it is unknown, because its key would
// otherwise stay for as long as the session lives (hazard ambiguous-acquire), and because a second
// Unlock on it could delete a newer lock's key (etcd-22082).
//
// Requests: Txn and Delete where nobody holds the lock; else a Get and a watch more for each key that
// is waited for, a Get that finds none left and a Get of the own key. A waiter watches the key just
// before its own. The token is the key's create revision.
//
// Hazards: a holder that is paused or cut off past its TTL goes on unless it looks at Lost, and Lost
// closes late (pause-no-fence); Lock cleans up on the client's context, so Acquire may return long
// after its own context ended, at the latest when the client is closed (etcd-18082); Unlock does not
// say whether the key was still there, so the release of a lost lock looks like any other; two locks
// on one session would not exclude each other (etcd-10756), which is why each has its own. It
// promises exclusive in calm, and nothing for an unfenced resource under faults.
func Mutex(ctx context.Context, env lock.Env) (lock.Lock, error) {
	return withSession(ctx, &mutex{sessions{env: env}})
}

type mutex struct {
	sessions
}

func (l *mutex) Acquire(ctx context.Context) (lock.Hold, error) {
	session, err := l.live(ctx)
	if err != nil {
		return lock.Hold{}, err
	}
	m := concurrency.NewMutex(session, l.env.Name)
	if err := m.Lock(ctx); err != nil {
		return lock.Hold{}, l.giveUp(session, m, err)
	}
	return l.hold(session, m), nil
}

func (l *mutex) hold(session *concurrency.Session, m *concurrency.Mutex) lock.Hold {
	return lock.Hold{
		Token:   createRevision(m),
		Key:     m.Key(),
		Lease:   session.Lease(),
		Lost:    session.Done(),
		Release: func(ctx context.Context) error { return l.release(ctx, session, m) },
	}
}

// giveUp tells what a failed Lock left behind.
//
//   - Nothing, and the session is good: Lock was waiting, and its own clean-up deleted the key.
//   - Nothing, but the session is over: ErrSessionExpired, a Get found that the key is gone.
//   - Perhaps a key: the Txn or the clean-up got no answer. Ending the session settles it.
func (l *mutex) giveUp(session *concurrency.Session, m *concurrency.Mutex, cause error) error {
	if m.Key() == releasedKey {
		return definite(cause)
	}
	if errors.Is(cause, concurrency.ErrSessionExpired) {
		cause = definite(cause)
	}
	return l.abandon(session, cause)
}

func (l *mutex) release(ctx context.Context, session *concurrency.Session, m *concurrency.Mutex) error {
	err := m.Unlock(ctx)
	if errors.Is(err, concurrency.ErrLockReleased) {
		return lock.ErrNotHeld // the session may carry a newer hold by now
	}
	return l.settle(session, err)
}

// ownable is concurrency.Mutex and whatever embeds it.
type ownable interface {
	Key() string
	IsOwner() clientv3.Cmp
}

// createRevision digs the revision out of the comparison that IsOwner offers: Mutex has no other
// way to tell, and Header().Revision is later where Lock had to wait.
func createRevision(m ownable) int64 {
	owner := m.IsOwner()
	return owner.GetCompare().GetCreateRevision()
}
