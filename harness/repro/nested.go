package repro

import (
	"context"

	"lockquake/checker/history"
	"lockquake/harness"
	"lockquake/workloads/lock"
)

// A reentrant lock that does not count: whoever holds it acquires it again, in some inner call, and the inner
// release frees the lock of the outer hold.
func tutorialInnerRelease() Reproduction {
	return Reproduction{
		ID:       "tutorial-inner-release",
		Shows:    "the release of a nested acquire frees the lock under the outer one: holds are not counted",
		Upstream: copiedLock,
		Fault:    harness.Calm,
		Flawed: Variant{
			Lock: "tutorial-reentrant", open: openReentrant, Expect: invalid("fencing", "exclusion", "lease-bounded"),
		},
		Sound: Variant{
			Lock: "tutorial, whose client counts its holds", open: openCounted,
			Expect: valid("exclusion", "lease-bounded", "fencing", "grant", "release", "progress"),
		},
		play: func(s *scene) {
			c0, c1 := s.client(0), s.client(1)
			outer := c0.acquires()
			outer.reads()
			c0.beginsAs(history.Nested).succeeds().releases()
			next := c1.begins().settles().works()
			outer.writes()
			outer.releases()
			next.finishes()
		},
	}
}

// counted is a lock that its client may acquire again while it holds it. The last release frees it.
type counted struct {
	lock.Lock
	held  lock.Hold
	holds int
}

func openCounted(ctx context.Context, env lock.Env) (lock.Lock, error) {
	l, err := openTutorial(ctx, env)
	return &counted{Lock: l}, err
}

// Acquire asks etcd only where the client does not hold the lock.
func (c *counted) Acquire(ctx context.Context) (lock.Hold, error) {
	if c.holds == 0 {
		held, err := c.Lock.Acquire(ctx)
		if err != nil {
			return lock.Hold{}, err
		}
		c.held = held
	}
	c.holds++
	hold := c.held
	hold.Release = c.release
	return hold, nil
}

func (c *counted) release(ctx context.Context) error {
	c.holds--
	if c.holds > 0 {
		return nil
	}
	return c.held.Release(ctx)
}
