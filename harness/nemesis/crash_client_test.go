package nemesis_test

import (
	"cmp"
	"testing"
	"testing/synctest"

	"lockquake/harness/nemesis"
)

const none nemesis.Role = "" // here: a holder without a lease

// testCrash tries what both faults have in common that crash a client.
func testCrash(t *testing.T, fault nemesis.Fault) {
	for name, tc := range map[string]struct {
		left, after func(*world) // the lease, after the crash and at the heal
		role        nemesis.Role
		want        nemesis.Evidence
	}{
		"its lease outlived it, not for long": {(*world).leaseLives, (*world).leaseEnds, nemesis.Holder,
			seen("after the crash its lease was alive, at the restart its lease had ended")},
		"its lease outlived it": {(*world).leaseLives, (*world).leaseLives, nemesis.Holder,
			seen("after the crash its lease was alive, at the restart its lease was alive")},
		"its lease went with it": {(*world).leaseEnds, (*world).leaseEnds, nemesis.Holder,
			unseen("after the crash its lease had ended, at the restart its lease had ended")},
		"nobody knows": {(*world).leaseIsUnknown, (*world).leaseIsUnknown, nemesis.Holder,
			unseen("after the crash its lease could not be asked for, at the restart its lease could not be asked for")},
		"a waiter may have ended its own": {(*world).leaseEnds, (*world).leaseEnds, nemesis.Waiter,
			seen("after the crash its lease had ended, at the restart its lease had ended")},
		"no lease": {(*world).leaseEnds, (*world).leaseEnds, none, seen("there was no lease")},
	} {
		bubble(t, name, func(t *testing.T) {
			w := members(3)
			target := w.target(cmp.Or(tc.role, nemesis.Holder))
			if tc.role == none {
				target.Victim.Lease = 0
			}
			tc.left(w)
			injected := inject(t, fault, target)
			wantTo(t, injected, target.Victim.String())
			w.wantDone(t, "crash c3")
			tc.after(w)
			wantHealed(t, injected, tc.want)
			w.wantDone(t, "restart c3")
		})
	}
	synctest.Test(t, func(t *testing.T) {
		w := members(3)
		wantTooLate(t, w, fault, w.target(nemesis.Holder))
		w.fail["crash c3"] = errBroken
		wantRefused(t, fault, w.target(nemesis.Holder), "crash c3: broken")
	})
	synctest.Test(t, func(t *testing.T) {
		w := members(3)
		w.leaseLives()
		injected := inject(t, fault, w.target(nemesis.Holder))
		w.fail["restart c3"] = errBroken
		wantHealedBut(t, injected, seen("after the crash its lease was alive, at the restart its lease was alive"), "restart c3: broken")
	})
}

func (w *world) leaseEnds() { w.set(func() { w.alive = false }) }

func TestCrashedClientLeavesItsLease(t *testing.T) { testCrash(t, nemesis.CrashClient{}) }
