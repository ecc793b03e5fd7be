package repro

import (
	"context"

	"lockquake/workloads/lock"
)

// playPause: a holder stands still, right before it writes, until etcd has ended its lease and the next holder has
// written. Then it goes on as if nothing had happened.
func playPause(s *scene) {
	c0, c1 := s.shortLived(), s.client(1)
	old := c0.acquires()
	old.reads()
	goOn := c0.isCut("pause-holder")
	next := c1.acquires()
	next.reads()
	next.writes()
	goOn()
	old.writes()
	old.releases()
	next.releases()
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
		Upstream: "by design, of every lock with a lease: issue 11457 closed, documented",
		Fault:    "pause-holder",
		Flawed:   Variant{Lock: "concurrency.Mutex, and a resource that believes every holder", open: openBareMutex, Expect: staleWrite()},
		Sound:    Variant{Lock: "concurrency.Mutex, and a resource that refuses old tokens", open: openBareMutex, fenced: true, Expect: refusedWrite()},
		ttl:      shortTTL,
		play:     playPause,
	}
}

func tutorialPause() Reproduction {
	return Reproduction{
		ID:       "tutorial-outlives-lease-pause",
		Shows:    "a holder that was paused past its TTL writes after the next holder has written",
		Upstream: copiedLock,
		Fault:    "pause-holder",
		Flawed:   Variant{Lock: "tutorial, and a resource that believes every holder", open: openTutorial, Expect: staleWrite()},
		Sound:    Variant{Lock: "tutorial, and a resource that refuses old tokens", open: openTutorial, fenced: true, Expect: refusedWrite()},
		ttl:      shortTTL,
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
				l, err := openTutorial(ctx, env)
				return tokenless{l}, err
			},
			Expect: both(invalid("fencing", "exclusion"), valid("lease-bounded", "evidence")),
		},
		Sound: Variant{Lock: "tutorial, with the revision of its key as a token", open: openTutorial, fenced: true, Expect: refusedWrite()},
		ttl:   shortTTL,
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
