package repro

import (
	"lockquake/workloads/locks"
)

// playWaiterWithoutLease: one client holds the lock, a second one waits; the second one's lease ends, and its
// key with it; a third one waits behind the first. When the first one goes, the second one must not get in.
func playWaiterWithoutLease(s *scene) {
	c0, c1, c2 := s.client(0), s.client(1), s.client(2)
	first := c0.acquires()
	phantom := c1.begins().mustWait()
	c1.losesLease(s.latestLease(c1))
	next := c2.begins().mustWait()
	_ = first.releases()
	if phantom.returns() {
		phantom.hold.reads()
	}
	next.succeeds()
	next.works()
	if phantom.has() {
		phantom.hold.writes()
		_ = phantom.hold.releases()
	}
	_ = next.hold.releases()
}

func phantomExpected() []Expectation {
	return both(invalid("exclusion", "fencing"), []Expectation{{Checker: "grant", Verdict: Invalid, Culprit: "strategy"}}, valid("evidence"))
}

// The 3.4.3 algorithm: once its predecessors are gone, a waiter does not look whether its own key is still there.
func etcd11456() Reproduction {
	return Reproduction{
		ID:       "etcd-11456",
		Shows:    "a waiter whose lease has ended gets the lock beside its owner (Mutex as it was in etcd 3.4.3)",
		Upstream: "issue 11456 of etcd-io/etcd, closed; mended in Mutex by pull request 11408 (ErrSessionExpired)",
		Fault:    "revoke-waiter",
		Flawed:   Variant{Lock: "mutex-norecheck", open: locks.MutexNoRecheck, Expect: phantomExpected()},
		Sound:    Variant{Lock: "mutex", open: locks.Mutex, Expect: valid("exclusion", "lease-bounded", "fencing", "grant", "release", "progress", "evidence")},
		play:     playWaiterWithoutLease,
	}
}
