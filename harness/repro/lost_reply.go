package repro

import (
	"context"
	"fmt"
	"sync/atomic"

	clientv3 "go.etcd.io/etcd/client/v3"

	"lockquake/workloads/lock"
)

// The Txn of an acquire is carried out, its reply is lost. The client cleans up in the background, in case that the
// key was created all the same, and tries again: it finds its own id in the key, so it has the lock. Then the clean-up
// arrives.
func tutorialLostReply() Reproduction {
	return Reproduction{
		ID:       "tutorial-lost-reply",
		Shows:    "after a lost reply the next try finds its own key; then the clean-up of the first try deletes it",
		Upstream: copiedLock,
		Fault:    "lose-acquire-reply",
		Flawed: Variant{
			Lock: "tutorial-reentrant, which cleans up after a failed acquire in the background",
			open: func(_ context.Context, env lock.Env) (lock.Lock, error) {
				return cleaningUp(reentrant(env)), nil
			},
			Expect: both(invalid("exclusion", "lease-bounded", "fencing"), valid("evidence")),
		},
		Sound: Variant{
			Lock: "the same, with a value of its own for each try",
			open: func(_ context.Context, env lock.Env) (lock.Lock, error) {
				l := cleaningUp(tutorial(env))
				var tries atomic.Int64
				l.value = func() string { return fmt.Sprintf("%s, try %d", env.ClientID, tries.Add(1)) }
				return l, nil
			},
			Expect: valid("exclusion", "lease-bounded", "fencing", "grant", "progress", "evidence"),
		},
		play: func(s *scene) {
			c0, c1 := s.client(0), s.client(1)
			lost := c0.losesReply("lose-acquire-reply", acquires)
			cleanUp := c0.sendsLate(deletes)
			c0.begins().returns()
			lost()
			again := c0.begins().settles()
			cleanUp.isUnderWay()
			early := again.has()
			cleanUp.arrives()
			hold := again.succeeds()
			if early {
				hold.loses()
			}
			hold.reads()
			next := c1.begins().settles().works()
			hold.writes()
			hold.releases()
			next.finishes()
		},
	}
}

// cleaningUp deletes the key, by its name, when an acquire has failed, and does not wait for that.
func cleaningUp(l *copied) *copied {
	l.giveUp = func(_ clientv3.LeaseID, _ func(), cause error) error {
		go func() { _ = l.removeByName(l.env.Client.Ctx()) }()
		return cause
	}
	return l
}
