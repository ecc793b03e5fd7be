package repro

import (
	"context"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"lockquake/workloads/lock"
)

// A holder works on, cut off from etcd; what it writes to goes another way.
func tutorialPartition() Reproduction {
	return Reproduction{
		ID:       "tutorial-outlives-lease-partition",
		Shows:    "a holder that cannot reach etcd goes on past its TTL, and writes after the next holder has written",
		Upstream: copiedLock,
		Fault:    "isolate-holder",
		Flawed:   Variant{Lock: "tutorial", open: openTutorial, Expect: staleWrite()},
		Sound: Variant{
			Lock: "tutorial, whose holder stops a TTL after it has sent the last renewal that was answered",
			open: func(_ context.Context, env lock.Env) (lock.Lock, error) {
				l := newGuarded(env)
				l.keep = l.renewByDeadline
				return l, nil
			},
			Expect: valid("lease-bounded", "exclusion", "fencing", "release", "evidence"),
		},
		ttl: shortTTL,
		play: func(s *scene) {
			c0, c1 := s.shortLived(), s.client(1)
			old := c0.acquires()
			old.reads()
			reachable := c0.isCut("isolate-holder")
			lost := old.hearsOfLoss()
			next := c1.acquires()
			next.reads()
			next.writes()
			if !lost {
				old.writes()
			}
			reachable()
			old.releases()
			next.releases()
		},
	}
}

// renewByDeadline renews a lease, and tells that it is lost at the last moment until which its holder can trust it.
func (l *copied) renewByDeadline(_ context.Context, lease clientv3.LeaseID) (<-chan struct{}, func(), error) {
	ctx, stop := context.WithCancel(l.env.Client.Ctx())
	sent := time.Now()
	if _, err := l.env.Client.KeepAliveOnce(ctx, lease); err != nil {
		stop()
		return nil, nil, err
	}
	lost := make(chan struct{})
	go func() {
		defer close(lost)
		for until := sent.Add(l.env.TTL); ctx.Err() == nil && time.Now().Before(until); {
			until = l.renewUntil(ctx, lease, until)
		}
	}()
	return lost, stop, nil
}

// renewUntil tries to renew a lease that can be trusted until a moment, and gives the moment until which it can be
// then.
func (l *copied) renewUntil(ctx context.Context, lease clientv3.LeaseID, until time.Time) time.Time {
	trusting, cancel := context.WithDeadline(ctx, until)
	defer cancel()
	_ = pause(trusting, l.env.TTL/3) // what ends it ends the request, too
	sent := time.Now()
	if _, err := l.env.Client.KeepAliveOnce(trusting, lease); err != nil {
		return until
	}
	return sent.Add(l.env.TTL)
}
