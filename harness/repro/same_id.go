package repro

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"lockquake/harness"
	"lockquake/workloads/lock"
)

// Two goroutines, or two processes, with one client id: each takes the other's key for its own.
func tutorialSharedClientID() Reproduction {
	return Reproduction{
		ID:       "tutorial-shared-client-id",
		Shows:    "two clients with one id are both let in: each takes the other's key for its own",
		Upstream: copiedLock,
		Fault:    harness.Calm,
		Flawed: Variant{
			Lock: "tutorial-reentrant, its clients with one id", open: sharingID(openReentrant),
			Expect: invalid("exclusion", "lease-bounded", "fencing"),
		},
		Sound: Variant{
			Lock: "tutorial-reentrant, each client with an id of its own", open: openReentrant,
			Expect: valid("exclusion", "lease-bounded", "fencing", "grant", "release", "progress"),
		},
		play: func(s *scene) {
			c0, c1 := s.client(0), s.client(1)
			first := c0.acquires()
			first.reads()
			second := c1.begins().settles().works()
			first.writes()
			first.releases()
			second.finishes()
		},
	}
}

// A client crashes in the midst of a hold and starts again, with the same id: it takes the key that it finds for
// its own. Nobody renews the lease of that.
func tutorialRestartInherits() Reproduction {
	return Reproduction{
		ID:       "tutorial-restart-inherits",
		Shows:    "a client that starts again takes over the key of its former life, whose lease nobody renews",
		Upstream: copiedLock,
		Fault:    "restart-holder",
		Flawed:   Variant{Lock: "tutorial-reentrant", open: openReentrant, Expect: staleWrite()},
		Sound: Variant{
			Lock: "tutorial-reentrant, each life of a client with an id of its own", open: anIDForEachLife(openReentrant),
			Expect: valid("exclusion", "lease-bounded", "fencing", "grant", "release", "progress", "evidence"),
		},
		ttl: midTTL,
		play: func(s *scene) {
			former, c0, c1 := s.renewing(0), s.client(0), s.client(1)
			former.acquires().crashes()
			started := time.Now()
			inherited := c0.acquires()
			inherited.reads()
			next := c1.begins().endsUnless(c0, inherited.Lease, started).settles().works()
			inherited.writes()
			inherited.releases()
			next.finishes()
		},
	}
}

// The answer "the key is there, and has your id" is under way for longer than the lease lives.
func tutorialReadThenGone() Reproduction {
	return Reproduction{
		ID:       "tutorial-read-then-gone",
		Shows:    "a client reads that the key is its own; when the answer arrives, the lease has ended and another one holds the lock",
		Upstream: copiedLock,
		Fault:    "slow-reply",
		Flawed: Variant{
			Lock: "tutorial-reentrant", open: openReentrant,
			Expect: both(invalid("exclusion", "lease-bounded", "fencing"), valid("evidence")),
		},
		Sound: Variant{
			Lock: "tutorial-reentrant, each life of a client with an id of its own", open: anIDForEachLife(openReentrant),
			Expect: valid("exclusion", "lease-bounded", "fencing", "grant", "release", "progress", "evidence"),
		},
		ttl: midTTL,
		play: func(s *scene) {
			former, c0, c1 := s.renewing(0), s.client(0), s.client(1)
			former.acquires().crashes()
			reply := c0.hearsLate(acquires)
			again := c0.begins()
			reply.isUnderWay()
			next := c1.acquires()
			next.reads()
			reply.arrives()
			again.settles().works()
			next.writes()
			next.releases()
			again.finishes()
		},
	}
}

// anIDForEachLife adds a number to the client's id whenever a lock is opened.
func anIDForEachLife(open lock.Strategy) lock.Strategy {
	var lives atomic.Int64
	return func(ctx context.Context, env lock.Env) (lock.Lock, error) {
		env.ClientID = fmt.Sprintf("%s-%d", env.ClientID, lives.Add(1))
		return open(ctx, env)
	}
}
