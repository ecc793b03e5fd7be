package repro

import (
	"context"
	"fmt"

	clientv3 "go.etcd.io/etcd/client/v3"

	"lockquake/harness"
	"lockquake/workloads/lock"
)

// A client has one lease for all its locks, and its release ends with the lease's.
func tutorialOneLease() Reproduction {
	return Reproduction{
		ID:       "tutorial-one-lease",
		Shows:    "a client with one lease for all its locks loses them all when it releases one",
		Upstream: copiedLock,
		Fault:    harness.Calm,
		Flawed: Variant{
			Lock: "tutorial, with one lease for a client", open: oneLease(), Expect: invalid("exclusion", "lease-bounded", "fencing"),
		},
		Sound: Variant{
			Lock: "tutorial, with a lease for each lock", open: openTutorial,
			Expect: valid("exclusion", "lease-bounded", "fencing", "grant", "release", "progress"),
		},
		play: func(s *scene) {
			const otherKey = "k1"
			one := s.client(0)
			other := s.process(one.client, otherKey, longTTL)
			rival := s.clientOf(1, otherKey, longTTL)
			first := one.acquires()
			second := other.acquires()
			second.reads()
			first.releases()
			next := rival.begins().settles().works()
			second.writes()
			second.releases()
			next.finishes()
		},
	}
}

// oneLease gives the tutorial's lock with one lease for each client, which is renewed as long as that lives.
func oneLease() lock.Strategy {
	var leases perClient[clientv3.LeaseID]
	return func(_ context.Context, env lock.Env) (lock.Lock, error) {
		l := tutorial(env)
		l.keep = func(context.Context, clientv3.LeaseID) (<-chan struct{}, func(), error) { return nil, func() {}, nil }
		l.grant = func(ctx context.Context) (clientv3.LeaseID, error) {
			return leases.get(env.Client, func() (clientv3.LeaseID, error) {
				lease, err := l.grantOne(ctx)
				if err == nil {
					_, _, err = l.renew(ctx, lease)
				}
				if err != nil {
					err = fmt.Errorf("the client's lease: %w", err)
				}
				return lease, err
			})
		}
		return l, nil
	}
}
