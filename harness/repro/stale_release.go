package repro

import (
	"context"
	"fmt"

	clientv3 "go.etcd.io/etcd/client/v3"

	"lockquake/workloads/lock"
)

// copiedLock is the upstream of what goes wrong with the tutorial's lock.
const copiedLock = "none: the copied lock"

// playStaleRelease: a holder outlives its lease and then releases what it no longer holds. Where that deletes the
// next holder's key, the one after that gets in, and has its own key deleted by the next holder's release: one
// stale release, and nobody is alone any more.
func playStaleRelease(s *scene) {
	c0, c1, c2, c3 := s.shortLived(), s.client(1), s.client(2), s.client(3)
	stale := c0.acquires()
	goOn := c0.isCut("pause-holder")
	second := c1.acquires()
	second.reads()
	goOn()
	stale.releases()
	third := c2.begins().settles().works()
	second.writes()
	second.releases()
	fourth := c3.begins().settles().works()
	s.finish(third, fourth)
}

// strangersDelete is what is expected where releases delete other holders' keys.
func strangersDelete(why string) []Expectation {
	return both([]Expectation{{Checker: "release", Verdict: Invalid, Culprit: "strategy", Why: why}},
		invalid("exclusion", "lease-bounded", "fencing"), valid("evidence"))
}

// The Delete of the tutorial's lock goes by the key's name.
func tutorialStaleRelease() Reproduction {
	return Reproduction{
		ID:       "tutorial-stale-release",
		Shows:    "a release after the lease's end deletes the next holder's key, whose release deletes the next one's, and so on",
		Upstream: copiedLock,
		Fault:    "pause-holder",
		Flawed:   Variant{Lock: "tutorial", open: openTutorial, Expect: strangersDelete("such deletions")},
		Sound: Variant{
			Lock: "tutorial, deleting its key only if that is of the revision at which it was created", open: openGuarded,
			Expect: valid("lease-bounded", "release", "fencing", "grant", "progress", "evidence"),
		},
		ttl:  shortTTL,
		play: playStaleRelease,
	}
}

// The Delete is guarded by the key's value, which is the client's id. The next holder has the same: it is a later
// life of the same client.
func tutorialABA() Reproduction {
	return Reproduction{
		ID:       "tutorial-aba",
		Shows:    "a stale release compares the key's value, which is the same in the next life of the client, and deletes its key",
		Upstream: copiedLock,
		Fault:    "pause-holder",
		Flawed: Variant{
			Lock: "tutorial, deleting its key only if the value is its client's id", open: sharingID(openValueGuarded),
			Expect: strangersDelete("such deletions"),
		},
		Sound: Variant{
			Lock: "tutorial, deleting its key only if that is of the revision at which it was created", open: sharingID(openGuarded),
			Expect: valid("lease-bounded", "release", "fencing", "grant", "progress", "evidence"),
		},
		ttl:  shortTTL,
		play: playStaleRelease,
	}
}

// A release is under way for longer than the lease lives; when it arrives, the key is another holder's.
func tutorialLateDelete() Reproduction {
	return Reproduction{
		ID:       "tutorial-late-delete",
		Shows:    "a release that is under way for longer than the lease lives deletes the next holder's key when it arrives",
		Upstream: copiedLock,
		Fault:    "slow-request",
		Flawed:   Variant{Lock: "tutorial", open: openTutorial, Expect: strangersDelete("")},
		Sound: Variant{
			Lock: "tutorial, deleting its key only if that is of the revision at which it was created", open: openGuarded,
			Expect: valid("exclusion", "lease-bounded", "release", "fencing", "grant", "progress", "evidence"),
		},
		ttl: shortTTL,
		play: func(s *scene) {
			c0, c1, c2 := s.shortLived(), s.client(1), s.client(2)
			old := c0.acquires()
			request := c0.sendsLate(deletes)
			released := old.beginsToRelease()
			request.isUnderWay()
			second := c1.acquires()
			second.reads()
			request.arrives()
			released.ends()
			third := c2.begins().settles().works()
			second.writes()
			second.releases()
			third.finishes()
		},
	}
}

func openGuarded(_ context.Context, env lock.Env) (lock.Lock, error) { return newGuarded(env), nil }

// newGuarded gives the tutorial's lock whose release deletes no key but the one that it has created.
func newGuarded(env lock.Env) *copied {
	l := tutorial(env)
	l.remove = func(ctx context.Context, created int64) error {
		return l.removeIf(ctx, clientv3.Compare(clientv3.CreateRevision(env.Name), "=", created))
	}
	return l
}

// openValueGuarded gives the tutorial's lock whose release deletes no key but one with its client's id.
func openValueGuarded(_ context.Context, env lock.Env) (lock.Lock, error) {
	l := tutorial(env)
	l.remove = func(ctx context.Context, _ int64) error {
		return l.removeIf(ctx, clientv3.Compare(clientv3.Value(env.Name), "=", env.ClientID))
	}
	return l, nil
}

func (l *copied) removeIf(ctx context.Context, mine clientv3.Cmp) error {
	resp, err := l.env.Client.Txn(ctx).If(mine).Then(clientv3.OpDelete(l.env.Name)).Commit()
	if err == nil && !resp.Succeeded {
		err = lock.ErrNotHeld
	}
	if err != nil {
		return fmt.Errorf("delete %s: %w", l.env.Name, err)
	}
	return nil
}

// sharingID gives all clients the same id.
func sharingID(open lock.Strategy) lock.Strategy {
	return func(ctx context.Context, env lock.Env) (lock.Lock, error) {
		env.ClientID = "worker"
		return open(ctx, env)
	}
}
