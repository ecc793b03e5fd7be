package repro

import (
	"context"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"lockquake/harness"
	"lockquake/workloads/lock"
)

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
		Sound: Variant{Lock: "tutorial", open: openTutorial, Expect: valid("exclusion"), Bounds: []Bound{exactly(leasesLeft, 0)}},
		ttl:   midTTL,
		play: func(s *scene) {
			c0, c1 := s.client(0), s.renewing(1)
			holds := c0.acquires()
			for range failedAcquires {
				c1.begins().mustWait().endsWithin(0)
			}
			s.measure(leasesLeft, float64(c1.leasesKept()))
			holds.releases()
		},
	}
}

// leasesKept counts the leases that were granted to a client and are renewed still when a TTL has passed.
func (p *process) leasesKept() (kept int) {
	began := time.Now()
	p.s.await("each lease to end or to be renewed past its TTL", func() bool {
		left := p.s.leases()
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

// leases are all that etcd has.
func (s *scene) leases() map[clientv3.LeaseID]bool {
	resp, err := s.control.Etcd.Leases(s.ctx)
	s.fail(err)
	left := map[clientv3.LeaseID]bool{}
	for _, l := range resp.Leases {
		left[l.ID] = true
	}
	return left
}
