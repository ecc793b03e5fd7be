package locks

import (
	"context"
	"fmt"

	"go.etcd.io/etcd/client/v3/concurrency"

	"lockquake/workloads/lock"
)

// Election is concurrency.Election as a lock: who leads holds it.
//
// Protocol: one session per lock. Campaign puts the key name/lease, with the client id as its value, under the
// session's lease and waits until no key below name/ is older. Resign deletes the key if it is still the
// one that was created. A session is dropped as soon as the outcome of a request under it is unknown; and
// after each campaign that failed, because Campaign does not tell whether its clean-up did.
//
// Requests: Txn, a Get that finds no older key, and a Txn to resign; a Get and a watch more for each key that
// is waited for. A waiter watches the key just before its own. The token is the key's create revision.
//
// Hazards: Campaign does not look at its own key again when its turn comes, so a candidate that lost its
// lease while it waited leads beside the true leader, with the token of a key that is gone (etcd-19597);
// Resign does not say whether the key was still there; Campaign cleans up on the client's context, so Acquire
// may return long after its own context ended, at the latest when the client is closed (as in
// etcd-18082); and a leader that is paused or cut off past its TTL goes on (pause-no-fence). It promises
// exclusive in calm, and nothing for an unfenced resource under faults.
func Election(ctx context.Context, env lock.Env) (lock.Lock, error) {
	return withSession(ctx, &election{sessions{env: env}})
}

type election struct {
	sessions
}

func (l *election) Acquire(ctx context.Context) (lock.Hold, error) {
	session, err := l.live(ctx)
	if err != nil {
		return lock.Hold{}, err
	}
	e := concurrency.NewElection(session, l.env.Name)
	if err := e.Campaign(ctx, l.env.ClientID); err != nil {
		return lock.Hold{}, l.abandon(session, fmt.Errorf("campaign for %s: %w", l.env.Name, err))
	}
	return lock.Hold{
		Token:   e.Rev(),
		Key:     e.Key(),
		Lease:   session.Lease(),
		Lost:    session.Done(),
		Release: func(ctx context.Context) error { return l.release(ctx, session, e) },
	}, nil
}

func (l *election) release(ctx context.Context, session *concurrency.Session, e *concurrency.Election) error {
	if e.Key() == "" {
		return lock.ErrNotHeld // it resigned before, which Resign would pass over in silence
	}
	return l.settle(session, e.Resign(ctx))
}
