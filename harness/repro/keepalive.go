package repro

import (
	"context"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"lockquake/harness"
	"lockquake/workloads/lock"
)

// Nobody renews: the lease was meant to be long enough.
func tutorialLongSection() Reproduction {
	return Reproduction{
		ID:       "tutorial-outlives-lease-long-section",
		Shows:    "a critical section takes longer than the lease, which nobody renews",
		Upstream: copiedLock,
		Fault:    harness.Calm,
		Flawed: Variant{
			Lock: "tutorial, its lease granted once and for all",
			open: func(_ context.Context, env lock.Env) (lock.Lock, error) {
				l := tutorial(env)
				l.keep = func(context.Context, clientv3.LeaseID) (<-chan struct{}, func(), error) { return nil, func() {}, nil }
				return l, nil
			},
			Expect: staleWrite(),
		},
		Sound: Variant{Lock: "tutorial, which renews its lease", open: openTutorial, Expect: valid("exclusion", "lease-bounded", "fencing", "progress")},
		ttl:   midTTL,
		play: func(s *scene) {
			c0, c1 := s.renewing(0), s.client(1)
			old := c0.acquires()
			old.reads()
			next := c1.begins().endsUnless(c0, old.Lease, time.Now().Add(midTTL)).works()
			old.writes()
			old.releases()
			next.finishes()
		},
	}
}

// The renewals run under the context of the acquire, which its caller cancels when it has returned, as one does.
// The channel of renewals is closed, and nobody looks.
func tutorialDeadKeepalive() Reproduction {
	underAcquire := func(heeds bool) lock.Strategy {
		return func(_ context.Context, env lock.Env) (lock.Lock, error) {
			l := tutorial(env)
			l.keep = func(ctx context.Context, lease clientv3.LeaseID) (<-chan struct{}, func(), error) {
				ended, stop, err := l.renewUnder(ctx, lease)
				if !heeds {
					ended = nil
				}
				return ended, stop, err
			}
			return l, nil
		}
	}
	return Reproduction{
		ID:       "tutorial-outlives-lease-dead-keepalive",
		Shows:    "the renewals end with the context of the acquire, and nobody looks at their channel",
		Upstream: copiedLock,
		Fault:    harness.Calm,
		Flawed:   Variant{Lock: "tutorial, its KeepAlive under the context of the acquire", open: underAcquire(false), Expect: staleWrite()},
		Sound: Variant{
			Lock: "the same, and the end of the channel is the end of the hold", open: underAcquire(true),
			Expect: valid("exclusion", "lease-bounded", "fencing"),
		},
		ttl: shortTTL,
		play: func(s *scene) {
			c0, c1 := s.shortLived(), s.client(1)
			acquire := c0.begins()
			old := acquire.succeeds()
			old.reads()
			acquire.endsContext()
			lost := old.hearsOfLoss()
			next := c1.acquires()
			next.reads()
			next.writes()
			if !lost {
				old.writes()
				old.releases()
			}
			next.releases()
		},
	}
}
