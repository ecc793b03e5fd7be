package nemesis_test

import (
	"testing"
	"testing/synctest"
	"time"

	"lockquake/harness/nemesis"
)

// m1 leads, then m0, m1, ...: every second.
func TestProlongedLeaseLivesOnWithoutItsClient(t *testing.T) {
	for name, c := range map[string]injection{
		"alive": {then: func(w *world) { time.Sleep(ttl + time.Second - 1); w.leaseLives() },
			undid: []string{"move leader to m0", "move leader to m1", "restart c3"},
			want:  seen("its lease was alive 3s after the crash, and 2 leaders later")},
		"ended all the same": {then: func(*world) { time.Sleep(ttl + time.Second - 1) },
			undid: []string{"move leader to m0", "move leader to m1", "restart c3"},
			want:  unseen("its lease had ended 3s after the crash, and 2 leaders later")},
		"alive, but it need not have ended yet": {then: func(w *world) { time.Sleep(ttl + 500*time.Millisecond); w.leaseLives() },
			undid: []string{"move leader to m0", "move leader to m1", "restart c3"},
			want:  unseen("its lease was alive 2.5s after the crash, and 2 leaders later")},
		"alive, but nobody moved the leader": {
			then: func(w *world) {
				w.leaseLives()
				w.set(func() { w.fail["move leader to m0"] = errBroken })
				time.Sleep(ttl + time.Second - 1)
			},
			undid: []string{"move leader to m0", "move leader to m0", "restart c3"},
			want:  unseen("its lease was alive 3s after the crash, and 0 leaders later")},
	} {
		c.fault, c.members, c.role, c.to, c.did = nemesis.ProlongLease{}, 3, nemesis.Holder, holderOfLease, []string{"crash c3"}
		bubble(t, name, c.run)
	}
}

func TestProlongedLeaseIsHealedAlthoughNobodyKnowsOfIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := members(3)
		injected := inject(t, nemesis.ProlongLease{}, w.target(nemesis.Holder))
		w.leaseIsUnknown()
		w.fail["restart c3"] = errBroken
		wantHealedBut(t, injected, unseen("its lease could not be asked for 0s after the crash, and 0 leaders later"), "restart c3: broken")
	})
}

func TestNothingToProlong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := members(3)
		target := w.target(nemesis.Holder)
		target.Victim.Lease = 0
		wantRefused(t, nemesis.ProlongLease{}, target, "prolong a lease: c3, holder of k1 without a lease")
		w.fail["crash c3"] = errBroken
		wantRefused(t, nemesis.ProlongLease{}, w.target(nemesis.Holder), "crash c3: broken")
		w.wantDone(t, "crash c3")
	})
}
