package nemesis_test

import (
	"errors"
	"testing"

	"lockquake/harness/nemesis"
)

func TestRevokedLeaseIsEvidentFromItsAbsence(t *testing.T) {
	for name, tc := range map[string]struct {
		alive bool
		want  nemesis.Evidence
	}{
		"gone":        {want: seen("lease gone at revision 17")},
		"still alive": {alive: true, want: unseen("lease alive after its revoke at revision 17")},
	} {
		t.Run(name, func(t *testing.T) {
			w := &world{revision: 17, alive: tc.alive}
			injected := inject(t, nemesis.RevokeHolder{}, nemesis.Target{Leases: w, Holder: leased})
			wantTo(t, injected, "c3, holder of k1 under lease 4f0a")
			w.wantDone(t, "revoke 4f0a")
			wantHealed(t, injected, tc.want)
			w.wantDone(t, "ask for 4f0a")
		})
	}
}

func TestHolderWithoutALeaseHasNothingToRevoke(t *testing.T) {
	w := &world{}
	injected := inject(t, nemesis.RevokeHolder{}, nemesis.Target{Leases: w, Holder: unleased})
	wantTo(t, injected, "c3, holder of k1 without a lease")
	wantHealed(t, injected, unseen("there was no lease to revoke"))
	w.wantDone(t)
}

func TestRevokeThatFailsIsNotHealed(t *testing.T) {
	w := &world{revokeErr: errBroken}
	wantRefused(t, nemesis.RevokeHolder{}, nemesis.Target{Leases: w, Holder: leased}, "revoke lease 4f0a: broken")
	w.wantDone(t, "revoke 4f0a")
}

// A lease that cannot be asked for is no evidence that it is gone.
func TestRevokedLeaseThatCannotBeAskedFor(t *testing.T) {
	w := &world{aliveErr: errBroken}
	injected := inject(t, nemesis.RevokeHolder{}, nemesis.Target{Leases: w, Holder: leased})
	got, err := injected.Heal(t.Context())
	if !errors.Is(err, errBroken) || err.Error() != "ask for lease 4f0a: broken" {
		t.Errorf("heal: error %v, want that of the question", err)
	}
	if got.Observed {
		t.Errorf("evidence %+v of a lease that nobody knows about", got)
	}
}
