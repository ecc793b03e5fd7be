package nemesis_test

import (
	"errors"
	"testing"
	"testing/synctest"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"

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

// What surely did nothing is told from what may have done harm.
func TestLeaseThatHasEndedIsMissed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for err, missed := range map[error]bool{rpctypes.ErrLeaseNotFound: true, errBroken: false} {
			w := members(3)
			w.fail["revoke 4f0a"] = err
			_, failed := nemesis.RevokeLease{}.Inject(t.Context(), w.target(nemesis.Holder))
			if failed == nil || errors.Is(failed, nemesis.ErrMissed) != missed {
				t.Errorf("%v: %v; want missed: %v", err, failed, missed)
			}
		}
	})
}
