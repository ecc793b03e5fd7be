package repro

import (
	"context"
	"fmt"

	clientv3 "go.etcd.io/etcd/client/v3"

	"lockquake/workloads/lock"
	"lockquake/workloads/locks"
)

// A holder outlives its lease and then releases what it no longer holds. Its Delete goes by the key's name, so it
// deletes the next holder's key; the one after that gets in, and has its own key deleted by the next holder's
// release: one stale release, and nobody is alone any more.
func tutorialStaleRelease() Reproduction {
	return Reproduction{
		ID:       "tutorial-stale-release",
		Shows:    "a release after the lease's end deletes the next holder's key, whose release deletes the next one's",
		Upstream: "in the lock that people copy: create-if-absent with a lease, Delete by name",
		Fault:    "pause-holder",
		Flawed: Variant{
			Lock: "the tutorial's lock", open: locks.Tutorial,
			Expect: []Expectation{
				{Checker: "exclusion", Verdict: Invalid, Why: "overlaps"},
				{Checker: "lease-bounded", Verdict: Invalid},
				{Checker: "release", Verdict: Invalid, Culprit: "strategy", Why: "such deletions"},
				{Checker: "fencing", Verdict: Invalid},
			},
		},
		Sound: Variant{
			Lock: "the tutorial's lock that deletes the key of its own revision only", open: guarded,
			Expect: valid("lease-bounded", "release", "fencing", "grant", "progress"),
		},
		play: func(s *scene) {
			c0, c1, c2, c3 := s.clientWithTTL(0, shortTTL), s.client(1), s.client(2), s.client(3)
			stale := c0.acquires()
			goOn := c0.cuts()
			second := c1.acquires()
			second.reads()
			goOn()
			_ = stale.releases()
			third := c2.begins().settles().works()
			second.writes()
			_ = second.releases()
			fourth := c3.begins().settles().works()
			s.finish(third, fourth)
		},
	}
}

// guarded is the tutorial's lock whose release deletes no key but the one that it has created.
func guarded(_ context.Context, env lock.Env) (lock.Lock, error) {
	l := tutorial(env)
	l.remove = func(ctx context.Context, token int64) error {
		resp, err := env.Client.Txn(ctx).
			If(clientv3.Compare(clientv3.CreateRevision(env.Name), "=", token)).
			Then(clientv3.OpDelete(env.Name)).
			Commit()
		if err != nil {
			return fmt.Errorf("delete %s: %w", env.Name, err)
		}
		if !resp.Succeeded {
			return fmt.Errorf("delete %s: %w", env.Name, lock.ErrNotHeld)
		}
		return nil
	}
	return l, nil
}
