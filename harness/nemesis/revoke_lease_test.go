package nemesis_test

import (
	"testing"
	"testing/synctest"

	"lockquake/harness/nemesis"
)

func TestRevokedLeaseIsEvidentFromItsAbsence(t *testing.T) {
	c := injection{fault: nemesis.RevokeLease{}, members: 3, role: nemesis.Waiter, to: "c3, waiter of k1 under lease 4f0a",
		did: []string{"revoke 4f0a"}, want: seen("revoked at revision 17; its lease had ended")}
	bubble(t, "gone", c.run)
	c.then, c.want = (*world).leaseLives, unseen("revoked at revision 17; its lease was alive")
	bubble(t, "still alive", c.run)
	c.then, c.want = (*world).leaseIsUnknown, unseen("revoked at revision 17; its lease could not be asked for")
	bubble(t, "nobody knows", c.run)
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
