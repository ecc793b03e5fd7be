package repro

import (
	"context"

	"lockquake/workloads/lock"
)

// Unlock deletes the key by its name, which is the session's. The reply to an Unlock is lost; the session locks
// again, under the same name; and the Unlock that is tried again deletes the key of the newer lock.
func etcd22082() Reproduction {
	return Reproduction{
		ID:       "etcd-22082",
		Shows:    "an Unlock that is tried again deletes a newer lock of its session: two hold it, no lease has ended",
		Upstream: "issue 22082 open, and so is pull request 22115; so in v3.7.3",
		Fault:    "lose-release-reply",
		Flawed: Variant{
			Lock: "concurrency.Mutex", open: openBareMutex,
			Expect: both(invalid("exclusion", "lease-bounded", "fencing"), valid("evidence")),
		},
		Sound: Variant{
			Lock: "concurrency.Mutex, unlocked by a Txn under the condition IsOwner",
			open: func(_ context.Context, env lock.Env) (lock.Lock, error) {
				b, err := newBareMutex(env)
				if err == nil {
					b.unlock = unlockOwn(env)
				}
				return b, err
			},
			Expect: valid("exclusion", "lease-bounded", "fencing", "grant", "release", "progress", "evidence"),
		},
		play: func(s *scene) {
			c0, c1 := s.client(0), s.client(1)
			first := c0.acquires()
			healed := c0.losesReply("lose-release-reply", deletes)
			first.releases()
			healed()
			second := c0.acquires()
			second.reads()
			first.releases() // again, because nobody knows whether it was done
			rival := c1.begins().settles().works()
			second.writes()
			second.releases()
			rival.finishes()
		},
	}
}
