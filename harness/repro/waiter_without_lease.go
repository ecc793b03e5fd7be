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
	c1.losesLease("revoke-waiter")
	next := c2.begins().mustWait()
	first.releases()
	if phantom.returns() {
		phantom.hold.reads()
	}
	next.succeeds()
	next.works()
	if phantom.has() {
		phantom.hold.writes()
		phantom.hold.releases()
	}
	next.hold.releases()
}

// phantomIs is what is expected where the second one gets in.
func phantomIs(more ...Expectation) []Expectation {
	return both(more, invalid("exclusion", "fencing"), valid("evidence"))
}

// phantomIsKeptOut is what is expected where it does not.
func phantomIsKeptOut() []Expectation {
	return valid("exclusion", "lease-bounded", "fencing", "grant", "release", "progress", "evidence")
}

func grantOutOfTurn() Expectation {
	return Expectation{Checker: "grant", Verdict: Invalid, Culprit: "strategy", Why: "did not look again"}
}

// Once its predecessors are gone, a waiter of the 3.4.3 algorithm does not look whether its own key is still there.
func etcd11456() Reproduction {
	return Reproduction{
		ID:       "etcd-11456",
		Shows:    "Mutex as in etcd 3.4.3: a waiter whose lease has ended gets the lock, beside its owner",
		Upstream: "issue 11456 closed; mended by pull request 11408 (ErrSessionExpired)",
		Fault:    "revoke-waiter",
		Flawed:   Variant{Lock: "mutex-norecheck", open: locks.MutexNoRecheck, Expect: phantomIs(grantOutOfTurn())},
		Sound:    Variant{Lock: "mutex", open: locks.Mutex, Expect: phantomIsKeptOut()},
		play:     playWaiterWithoutLease,
	}
}
