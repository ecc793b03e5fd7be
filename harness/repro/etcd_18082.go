package repro

import (
	"context"
	"time"

	"go.etcd.io/etcd/client/v3/concurrency"

	"lockquake/workloads/lock"
)

const outlived = "seconds that Lock outlived its context"

// Lock cleans up with the client's context, which has no end: where etcd does not answer, Lock does not return.
func etcd18082() Reproduction {
	return Reproduction{
		ID:       "etcd-18082",
		Shows:    "a Lock that waits does not return when its context ends, while etcd cannot be reached",
		Upstream: "issue 18082 closed, labelled stale; so in v3.7.3",
		Fault:    "isolate-waiter",
		Flawed: Variant{
			Lock: "concurrency.Mutex", open: openBareMutex, Expect: valid("exclusion", "evidence"),
			Bounds: []Bound{atLeast(outlived, vain.Seconds())},
		},
		Sound: Variant{
			Lock: "concurrency.Mutex, whose Lock is left behind with its session when the context ends",
			open: func(_ context.Context, env lock.Env) (lock.Lock, error) {
				b, err := newBareMutex(env)
				if err == nil {
					b.lock = b.lockOrLeave
					b.failed = func(_ context.Context, _ *concurrency.Mutex, cause error) error { return cause }
				}
				return b, err
			},
			Expect: valid("exclusion", "evidence"),
			Bounds: []Bound{{Fact: outlived, AtMost: 2}},
		},
		play: func(s *scene) {
			c0, c1 := s.client(0), s.client(1)
			first := c0.acquires()
			waiter := c1.begins().mustWait()
			reachable := c1.isCut("isolate-waiter")
			waiter.endsContext()
			ended := time.Now()
			s.within(vain, waiter.isDone)
			s.measure(outlived, time.Since(ended).Seconds())
			reachable()
			waiter.returns()
			first.releases()
			s.client(2).acquires().releases()
		},
	}
}

// lockOrLeave returns when the context ends. Whether the lock was acquired is not known then; the session, which
// nobody renews any more, takes the key along.
func (b *bareMutex) lockOrLeave(ctx context.Context, m *concurrency.Mutex) error {
	done := make(chan error, 1)
	go func() { done <- m.Lock(ctx) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		b.session.Orphan()
		return ctx.Err()
	}
}
