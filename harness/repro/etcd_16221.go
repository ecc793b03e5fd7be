package repro

import (
	"context"
	"errors"
	"fmt"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/client/v3/concurrency"
	recipe "go.etcd.io/etcd/client/v3/experimental/recipes"

	"lockquake/workloads/lock"
)

// The recipe's RWMutex waits for other keys to go, and does not look whether its own is still there. It has no
// context either, and tells nobody what its key is.
func etcd16221() Reproduction {
	return Reproduction{
		ID:       "etcd-16221",
		Shows:    "recipe.RWMutex: a writer whose lease has ended while it waited gets in, beside another writer",
		Upstream: "issue 16221 closed; v3.7.3 still does not look again",
		Fault:    "revoke-waiter",
		Flawed:   Variant{Lock: "recipe.RWMutex, writers only", open: openWriter, Expect: phantomIs()},
		Sound: Variant{
			Lock: "recipe.RWMutex, and a look for the session's key when Lock returns",
			open: func(_ context.Context, env lock.Env) (lock.Lock, error) {
				w, err := newWriter(env)
				if err == nil {
					w.locked = w.stillThere
				}
				return w, err
			},
			Expect: valid("exclusion", "lease-bounded", "fencing", "release", "progress", "evidence"),
		},
		play: playWaiterWithoutLease,
	}
}

// writer is the writer's side of recipe.RWMutex.
type writer struct {
	env     lock.Env
	session *concurrency.Session
	locked  func(context.Context) error // asked when Lock has succeeded
}

func openWriter(_ context.Context, env lock.Env) (lock.Lock, error) { return newWriter(env) }

func newWriter(env lock.Env) (*writer, error) {
	session, err := concurrency.NewSession(env.Client, concurrency.WithTTL(int(env.TTLSeconds())))
	if err != nil {
		return nil, fmt.Errorf("open a session: %w", err)
	}
	return &writer{env: env, session: session, locked: func(context.Context) error { return nil }}, nil
}

func (w *writer) Acquire(ctx context.Context) (lock.Hold, error) {
	m := recipe.NewRWMutex(w.session, w.env.Name)
	if err := m.Lock(); err != nil {
		return lock.Hold{}, err
	}
	if err := w.locked(ctx); err != nil {
		return lock.Hold{}, err
	}
	release := func(context.Context) error { return m.Unlock() }
	return lock.Hold{Lease: w.session.Lease(), Lost: w.session.Done(), Release: release}, nil
}

// stillThere looks for a writer's key of the session.
func (w *writer) stillThere(ctx context.Context) error {
	resp, err := w.env.Client.Get(ctx, w.env.Name+"/write", clientv3.WithPrefix())
	if err != nil {
		return fmt.Errorf("look for the own key: %w", err)
	}
	for _, kv := range resp.Kvs {
		if clientv3.LeaseID(kv.Lease) == w.session.Lease() {
			return nil
		}
	}
	return definite(errors.New("the own key is gone"))
}

// Close leaves the session to the end of its client.
func (w *writer) Close() error { return nil }
