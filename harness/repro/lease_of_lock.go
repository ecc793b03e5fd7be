package repro

import (
	"context"
	"fmt"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"lockquake/harness"
	"lockquake/workloads/lock"
	"lockquake/workloads/locks"
)

// A holder notes in the lock's key how far it is. The Put without a lease takes the key off its lease.
func tutorialPutDetachesLease() Reproduction {
	return Reproduction{
		ID:       "tutorial-put-detaches-lease",
		Shows:    "a holder that writes into the lock's key takes it off its lease: when it crashes, the lock is never free again",
		Upstream: copiedLock,
		Fault:    "crash-holder",
		Flawed:   Variant{Lock: "tutorial, whose holder Puts its state into the key", open: noting(), Expect: both(invalid("progress"))},
		Sound: Variant{
			Lock: "the same, with WithIgnoreLease", open: noting(clientv3.WithIgnoreLease()),
			Expect: valid("progress", "exclusion", "lease-bounded", "fencing", "evidence"),
		},
		short: true,
		play: func(s *scene) {
			c0, c1 := s.shortLived(0), s.client(1)
			c0.acquires().crashes()
			if next := c1.begins(); next.endsWithin(vain) {
				next.finishes()
			}
		},
	}
}

// noting gives a lock whose holder writes into its key.
func noting(options ...clientv3.OpOption) lock.Strategy {
	return func(ctx context.Context, env lock.Env) (lock.Lock, error) {
		l, err := locks.Tutorial(ctx, env)
		return noter{l, env, options}, err
	}
}

type noter struct {
	lock.Lock
	env     lock.Env
	options []clientv3.OpOption
}

// Acquire notes that the work has begun.
func (n noter) Acquire(ctx context.Context) (lock.Hold, error) {
	hold, err := n.Lock.Acquire(ctx)
	if err == nil {
		_, err = n.env.Client.Put(ctx, n.env.Name, n.env.ClientID+" has begun", n.options...)
	}
	return hold, err
}

const (
	failedAcquires = 5
	leasesLeft     = "leases left by 5 failed acquires, and renewed"
)

// An acquire that fails forgets its lease, and goes on to renew it.
func tutorialLeaseLeak() Reproduction {
	return Reproduction{
		ID:       "tutorial-lease-leak",
		Shows:    "each acquire that fails leaves a lease, which is renewed for as long as the client lives",
		Upstream: copiedLock,
		Fault:    harness.Calm,
		Flawed: Variant{
			Lock: "tutorial, which forgets the lease of a failed acquire",
			open: func(_ context.Context, env lock.Env) (lock.Lock, error) {
				l := tutorial(env)
				l.giveUp = func(_ clientv3.LeaseID, _ func(), cause error) error { return cause }
				return l, nil
			},
			Expect: valid("exclusion"),
			Bounds: []Bound{exactly(leasesLeft, failedAcquires)},
		},
		Sound: Variant{Lock: "tutorial", open: locks.Tutorial, Expect: valid("exclusion"), Bounds: []Bound{exactly(leasesLeft, 0)}},
		short: true,
		play: func(s *scene) {
			c0, c1 := s.client(0), s.shortLived(1)
			holds := c0.acquires()
			for range failedAcquires {
				c1.begins().mustWait().endsWithin(0)
			}
			s.measure(leasesLeft, float64(c1.leasesKept()))
			_ = holds.releases()
		},
	}
}

// leasesKept counts the leases that were granted to a client and are renewed still when a TTL has passed.
func (p *process) leasesKept() (kept int) {
	began := time.Now()
	p.s.await("each lease to end or to be renewed past its TTL", func() bool {
		left := p.leasesLeft()
		kept = 0
		for _, lease := range p.client.leases.all() {
			switch {
			case !left[lease]:
			case p.client.renewedSince(lease, began.Add(p.env.TTL)):
				kept++
			default:
				return false
			}
		}
		return true
	})
	return kept
}

// leasesLeft are all leases that etcd has.
func (p *process) leasesLeft() map[clientv3.LeaseID]bool {
	resp, err := p.s.control.Etcd.Leases(p.s.ctx)
	p.s.fail(err)
	left := map[clientv3.LeaseID]bool{}
	for _, l := range resp.Leases {
		left[l.ID] = true
	}
	return left
}

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
			Lock: "tutorial, with a lease for each lock", open: locks.Tutorial,
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
			_ = first.releases()
			next := rival.begins().settles().works()
			second.writes()
			_ = second.releases()
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
