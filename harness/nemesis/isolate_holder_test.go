package nemesis_test

import (
	"testing"

	"lockquake/harness/nemesis"
)

func TestIsolatedHolderIsEvidentFromHeldBytes(t *testing.T) {
	for name, tc := range map[string]struct {
		holder   nemesis.Holder
		held     int64
		alive    bool
		aliveErr error
		to       string
		want     nemesis.Evidence
	}{
		"lease ended": {holder: leased, held: 412, to: "c3, holder of k1 under lease 4f0a",
			want: seen("412 bytes held back; its lease had ended")},
		"lease alive": {holder: leased, held: 412, alive: true, to: "c3, holder of k1 under lease 4f0a",
			want: seen("412 bytes held back; its lease was alive")},
		"lease unknown": {holder: leased, held: 412, aliveErr: errBroken, to: "c3, holder of k1 under lease 4f0a",
			want: seen("412 bytes held back; its lease could not be asked for: broken")},
		"no lease": {holder: unleased, held: 412, to: "c3, holder of k1 without a lease",
			want: seen("412 bytes held back; there was no lease")},
		"nothing was sent": {holder: leased, to: "c3, holder of k1 under lease 4f0a",
			want: unseen("0 bytes held back; its lease had ended")},
		"nothing was sent, no lease": {holder: unleased, to: "c3, holder of k1 without a lease",
			want: unseen("0 bytes held back; there was no lease")},
	} {
		t.Run(name, func(t *testing.T) {
			w := &world{held: tc.held, alive: tc.alive, aliveErr: tc.aliveErr}
			target := nemesis.Target{Clients: w, Leases: w, Holder: tc.holder}
			injected := inject(t, nemesis.IsolateHolder{}, target)
			wantTo(t, injected, tc.to)
			w.wantDone(t, "cut c3", "linger c3")
			wantHealed(t, injected, tc.want)
			w.wantDone(t, asked(tc.holder, "leave c3", "mend c3")...)
		})
	}
}

// asked is what a heal does: it asks for the holder's lease while the harm lasts, if there is one.
func asked(holder nemesis.Holder, undo ...string) []string {
	if holder.Lease == 0 {
		return undo
	}
	return append([]string{"ask for 4f0a"}, undo...)
}
