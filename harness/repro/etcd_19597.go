package repro

import (
	"context"
	"fmt"

	"go.etcd.io/etcd/client/v3/concurrency"

	"lockquake/workloads/lock"
)

// Campaign waits for older keys to go, and does not look whether its own is still there.
func etcd19597() Reproduction {
	return Reproduction{
		ID:       "etcd-19597",
		Shows:    "Election: a candidate whose lease has ended while it waited is told that it leads, beside the leader",
		Upstream: "issue 19597 (such waits should end with the session) open, and so is pull request 22387; so in v3.7.3",
		Fault:    "revoke-waiter",
		Flawed:   Variant{Lock: "concurrency.Election", open: openElection, Expect: phantomIs(grantOutOfTurn())},
		Sound: Variant{
			Lock: "concurrency.Election, and a look at the own key when Campaign returns",
			open: func(_ context.Context, env lock.Env) (lock.Lock, error) {
				e, err := newElection(env)
				if err == nil {
					e.won = e.stillLeads
				}
				return e, err
			},
			Expect: phantomIsKeptOut(),
		},
		play: playWaiterWithoutLease,
	}
}

// election is concurrency.Election as a lock: who leads holds it.
type election struct {
	env     lock.Env
	session *concurrency.Session
	won     func(context.Context, *concurrency.Election) error // asked when Campaign has succeeded
}

func openElection(_ context.Context, env lock.Env) (lock.Lock, error) { return newElection(env) }

func newElection(env lock.Env) (*election, error) {
	session, err := concurrency.NewSession(env.Client, concurrency.WithTTL(int(env.TTLSeconds())))
	if err != nil {
		return nil, fmt.Errorf("open a session: %w", err)
	}
	nothing := func(context.Context, *concurrency.Election) error { return nil }
	return &election{env: env, session: session, won: nothing}, nil
}

func (e *election) Acquire(ctx context.Context) (lock.Hold, error) {
	el := concurrency.NewElection(e.session, e.env.Name)
	if err := el.Campaign(ctx, e.env.ClientID); err != nil {
		return lock.Hold{}, fmt.Errorf("campaign: %w", err)
	}
	if err := e.won(ctx, el); err != nil {
		return lock.Hold{}, err
	}
	return lock.Hold{Token: el.Rev(), Key: el.Key(), Lease: e.session.Lease(), Lost: e.session.Done(), Release: el.Resign}, nil
}

// stillLeads looks whether the key that Campaign has waited with is still there.
func (e *election) stillLeads(ctx context.Context, el *concurrency.Election) error {
	resp, err := e.env.Client.Get(ctx, el.Key())
	switch {
	case err != nil:
		return fmt.Errorf("look for %s: %w", el.Key(), err)
	case len(resp.Kvs) == 0 || resp.Kvs[0].CreateRevision != el.Rev():
		return definite(fmt.Errorf("%s is gone", el.Key()))
	}
	return nil
}

// Close leaves the session to the end of its client.
func (e *election) Close() error { return nil }
