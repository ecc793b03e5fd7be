package locks

import (
	"context"
	"errors"
	"fmt"

	"go.etcd.io/etcd/client/v3/concurrency"

	"lockquake/workloads/lock"
)

// MutexTryLock is concurrency.Mutex by its TryLock, which who has to wait repeats.
//
// Protocol: as Mutex, with the same keys; but a try that finds an older key deletes its own again and says
// that the lock is taken. Acquire tries every 20 ms until ctx ends. A session is dropped as soon as a try
// got no answer, because its key could stay.
//
// Requests: Txn and Delete where nobody holds the lock; a Txn and a Delete for each try that fails. A waiter
// watches nothing. The token is the key's create revision.
//
// Hazards: tries that fail are phantom owners for each other. Between its Txn and its Delete such a try has a
// key like a holder's, so another try fails on it though nobody holds the lock; and if its client is cut
// off in between, the lock stays taken for up to a TTL (ambiguous-acquire). No queue, so no order among
// waiters. Besides, Mutex's: pause-no-fence, and a release that does not tell whether the lock was still
// held. It promises exclusive in calm, and nothing for an unfenced resource under faults.
func MutexTryLock(ctx context.Context, env lock.Env) (lock.Lock, error) {
	return withSession(ctx, &mutexTryLock{mutex{sessions{env: env}}})
}

type mutexTryLock struct {
	mutex
}

func (l *mutexTryLock) Acquire(ctx context.Context) (lock.Hold, error) {
	return poll(ctx, l.TryAcquire)
}

func (l *mutexTryLock) TryAcquire(ctx context.Context) (lock.Hold, error) {
	session, err := l.live(ctx)
	if err != nil {
		return lock.Hold{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, tryTimeout)
	defer cancel()
	m := concurrency.NewMutex(session, l.env.Name)
	switch err := m.TryLock(ctx); {
	case errors.Is(err, concurrency.ErrLocked):
		return lock.Hold{}, fmt.Errorf("try %s: %w", l.env.Name, lock.ErrTaken)
	case err != nil:
		return lock.Hold{}, l.abandon(session, fmt.Errorf("try %s: %w", l.env.Name, err))
	}
	return l.hold(session, m), nil
}
