package locks

import (
	"context"
	"errors"
	"fmt"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/client/v3/concurrency"

	"lockquake/workloads/lock"
)

// STM takes a lock record by concurrency's software transactional memory: optimistic, without a lock of its
// own.
//
// Protocol: one session per lock. A transaction reads the key that is called like the lock and, if it names no
// owner, writes the client id under the session's lease; STM commits it only if nobody wrote the key since it
// was read, and runs it again if somebody did. Where the record has an owner, try again every 20 ms until
// ctx ends. Release: a transaction that deletes the record if it is the one that was written. A session is
// dropped as soon as the outcome of a transaction under it is unknown.
//
// Requests: two Txns to acquire and two to release, one to read and one to commit; a Txn for each try that
// finds an owner, and one for each commit that came too late. A waiter watches nothing. The token is the
// key's create revision.
//
// Hazards: among many clients most commits come too late, and the same ones can lose each time, since nobody
// queues; a holder that is paused or cut off past its TTL goes on (pause-no-fence). It promises exclusive in
// calm, and nothing for an unfenced resource under faults.
func STM(ctx context.Context, env lock.Env) (lock.Lock, error) {
	return withSession(ctx, &stm{sessions{env: env}})
}

type stm struct {
	sessions
}

func (l *stm) Acquire(ctx context.Context) (lock.Hold, error) { return poll(ctx, l.TryAcquire) }

func (l *stm) TryAcquire(ctx context.Context) (lock.Hold, error) {
	session, err := l.live(ctx)
	if err != nil {
		return lock.Hold{}, err
	}
	token, err := l.transact(ctx, func(record concurrency.STM) error {
		if owner := record.Get(l.env.Name); owner != "" {
			return fmt.Errorf("%s is %s's: %w", l.env.Name, owner, lock.ErrTaken)
		}
		record.Put(l.env.Name, l.env.ClientID, clientv3.WithLease(session.Lease()))
		return nil
	})
	if errors.Is(err, lock.ErrTaken) {
		return lock.Hold{}, err
	}
	if err != nil {
		return lock.Hold{}, l.abandon(session, err)
	}
	return lock.Hold{
		Token:   token,
		Key:     l.env.Name,
		Lease:   session.Lease(),
		Lost:    session.Done(),
		Release: func(ctx context.Context) error { return l.settle(session, l.free(ctx, token)) },
	}, nil
}

// free deletes the record if it is of the token.
func (l *stm) free(ctx context.Context, token int64) error {
	_, err := l.transact(ctx, func(record concurrency.STM) error {
		if record.Rev(l.env.Name) != token {
			return lock.ErrNotHeld
		}
		record.Del(l.env.Name)
		return nil
	})
	return err
}

// transact gives the revision at which the transaction was committed.
func (l *stm) transact(ctx context.Context, apply func(concurrency.STM) error) (int64, error) {
	ctx, cancel := context.WithTimeout(ctx, tryTimeout)
	defer cancel()
	committed, err := concurrency.NewSTM(l.env.Client, apply, concurrency.WithAbortContext(ctx))
	if err != nil {
		return 0, fmt.Errorf("transaction on %s: %w", l.env.Name, err)
	}
	return committed.Header.Revision, nil
}
