package nemesis_test

import (
	"testing"
	"testing/synctest"

	"lockquake/harness/nemesis"
)

func TestRevokedLeaseIsEvidentFromItsAbsence(t *testing.T) {
	c := injection{fault: nemesis.RevokeLease{}, members: 3, role: nemesis.Waiter, to: "c3, waiter of k1 under lease 4f0a",
		did: []string{"revoke 4f0a"}, want: seen("lease gone at revision 0")}
	bubble(t, "gone", c.run)
	c.then, c.want = (*world).leaseLives, unseen("lease alive after its revoke at revision 0")
	bubble(t, "still alive", c.run)
}

func TestNothingToRevoke(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := members(3)
		target := w.target(nemesis.Holder)
		target.Victim.Lease = 0
		wantRefused(t, nemesis.RevokeLease{}, target, "revoke a lease: c3, holder of k1 without a lease")
		w.wantDone(t)
	})
}

func TestRevokeThatFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := members(3)
		w.fail["revoke 4f0a"] = errBroken
		wantRefused(t, nemesis.RevokeLease{}, w.target(nemesis.Holder), "revoke lease 4f0a: broken")
	})
}

// A lease that cannot be asked for is no evidence that it is gone.
func TestRevokedLeaseThatCannotBeAskedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := members(3)
		injected := inject(t, nemesis.RevokeLease{}, w.target(nemesis.Holder))
		w.leaseIsUnknown()
		wantHealedBut(t, injected, nemesis.Evidence{}, "ask for lease 4f0a: broken")
	})
}
