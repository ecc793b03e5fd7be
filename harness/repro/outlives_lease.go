package repro

import (
	"context"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"lockquake/harness"
	"lockquake/workloads/lock"
	"lockquake/workloads/locks"
)

// playPause: a holder stands still, right before it writes, until etcd has ended its lease and the next holder has
// written. Then it goes on as if nothing had happened.
func playPause(s *scene) {
	c0, c1 := s.shortLived(0), s.client(1)
	old := c0.acquires()
	old.reads()
	goOn := c0.isCut("pause-holder")
	next := c1.acquires()
	next.reads()
	next.writes()
	goOn()
	old.writes()
	_ = old.releases()
	_ = next.releases()
}

// staleWrite is what is expected of a holder that outlives its lease.
func staleWrite() []Expectation {
	return both([]Expectation{{Checker: "fencing", Verdict: Invalid, Why: "stale write accepted"}}, invalid("exclusion"), valid("lease-bounded"))
}

// refusedWrite is what is expected where the resource looks at tokens.
func refusedWrite() []Expectation {
	return both([]Expectation{{Checker: "fencing", Verdict: Valid, Why: "1 stale write refused"}}, invalid("exclusion"), valid("lease-bounded", "evidence"))
}

func pauseNoFence() Reproduction {
	return Reproduction{
		ID:       "pause-no-fence",
		Shows:    "a holder that was paused past its TTL writes after the next holder has written",
		Upstream: "by design, of every lock with a lease: [11457](https://github.com/etcd-io/etcd/issues/11457) closed, documented",
		Fault:    "pause-holder",
		Flawed:   Variant{Lock: "mutex, and a resource that believes every holder", open: locks.Mutex, Expect: staleWrite()},
		Sound:    Variant{Lock: "mutex, and a resource that refuses old tokens", open: locks.Mutex, fenced: true, Expect: refusedWrite()},
		short:    true,
		play:     playPause,
	}
}

func tutorialPause() Reproduction {
	return Reproduction{
		ID:       "tutorial-outlives-lease-pause",
		Shows:    "a holder that was paused past its TTL writes after the next holder has written",
		Upstream: copiedLock,
		Fault:    "pause-holder",
		Flawed:   Variant{Lock: "tutorial, and a resource that believes every holder", open: locks.Tutorial, Expect: staleWrite()},
		Sound:    Variant{Lock: "tutorial, and a resource that refuses old tokens", open: locks.Tutorial, fenced: true, Expect: refusedWrite()},
		short:    true,
		play:     playPause,
	}
}

// A lock that gives no token leaves the resource nothing to refuse by.
func tutorialNoToken() Reproduction {
	return Reproduction{
		ID:       "tutorial-no-token",
		Shows:    "a resource that would refuse old holders cannot: the lock gives them no token",
		Upstream: copiedLock,
		Fault:    "pause-holder",
		Flawed: Variant{
			Lock: "tutorial, which tells nobody the revision of its key", fenced: true,
			open: func(ctx context.Context, env lock.Env) (lock.Lock, error) {
				l, err := locks.Tutorial(ctx, env)
				return tokenless{l}, err
			},
			Expect: both(invalid("fencing", "exclusion"), valid("lease-bounded", "evidence")),
		},
		Sound: Variant{Lock: "tutorial, with the revision of its key as a token", open: locks.Tutorial, fenced: true, Expect: refusedWrite()},
		short: true,
		play:  playPause,
	}
}

type tokenless struct{ lock.Lock }

// Acquire forgets what the lock says of its key.
func (t tokenless) Acquire(ctx context.Context) (lock.Hold, error) {
	hold, err := t.Lock.Acquire(ctx)
	hold.Token, hold.Key = 0, ""
	return hold, err
}

// A holder works on, cut off from etcd; what it writes to goes another way.
func tutorialPartition() Reproduction {
	return Reproduction{
		ID:       "tutorial-outlives-lease-partition",
		Shows:    "a holder that cannot reach etcd goes on past its TTL, and writes after the next holder has written",
		Upstream: copiedLock,
		Fault:    "isolate-holder",
		Flawed:   Variant{Lock: "tutorial", open: locks.Tutorial, Expect: staleWrite()},
		Sound: Variant{
			Lock: "tutorial, whose holder stops a TTL after it has sent the last renewal that was answered",
			open: func(_ context.Context, env lock.Env) (lock.Lock, error) {
				l := newGuarded(env)
				l.keep = l.renewByDeadline
				return l, nil
			},
			Expect: valid("lease-bounded", "exclusion", "fencing", "release", "evidence"),
		},
		short: true,
		play: func(s *scene) {
			c0, c1 := s.shortLived(0), s.client(1)
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
			_ = old.releases()
			_ = next.releases()
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
		Sound: Variant{Lock: "tutorial, which renews its lease", open: locks.Tutorial, Expect: valid("exclusion", "lease-bounded", "fencing", "progress")},
		short: true,
		play: func(s *scene) {
			c0, c1 := s.shortLived(0), s.client(1)
			old := c0.acquires()
			old.reads()
			next := c1.begins().mayEndWithin(vain).works()
			old.writes()
			_ = old.releases()
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
		short: true,
		play: func(s *scene) {
			c0, c1 := s.shortLived(0), s.client(1)
			acquire := c0.begins()
			old := acquire.succeeds()
			old.reads()
			acquire.cancel()
			lost := old.hearsOfLoss()
			next := c1.acquires()
			next.reads()
			next.writes()
			if !lost {
				old.writes()
				_ = old.releases()
			}
			_ = next.releases()
		},
	}
}
