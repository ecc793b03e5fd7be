package nemesis_test

import (
	"testing"

	"lockquake/harness/nemesis"
)

// The process is resumed before its links are mended: its next step comes from what it knew.
func TestPausedHolderIsEvidentFromItsStandingStill(t *testing.T) {
	for name, tc := range map[string]struct {
		holder   nemesis.Holder
		stopped  bool
		alive    bool
		aliveErr error
		want     nemesis.Evidence
	}{
		"lease ended": {holder: leased, stopped: true,
			want: seen("the process stood still in its critical section; its lease had ended")},
		"lease alive": {holder: leased, stopped: true, alive: true,
			want: seen("the process stood still in its critical section; its lease was alive")},
		"lease unknown": {holder: leased, stopped: true, aliveErr: errBroken,
			want: seen("the process stood still in its critical section; its lease could not be asked for: broken")},
		"no lease": {holder: unleased, stopped: true,
			want: seen("the process stood still in its critical section; there was no lease")},
		"never came to the gate": {holder: leased,
			want: unseen("the process was never stopped; its lease had ended")},
		"never came to the gate, no lease": {holder: unleased,
			want: unseen("the process was never stopped; there was no lease")},
	} {
		t.Run(name, func(t *testing.T) {
			w := &world{held: 412, stopped: tc.stopped, alive: tc.alive, aliveErr: tc.aliveErr}
			injected := inject(t, nemesis.PauseHolder{}, nemesis.Target{Clients: w, Leases: w, Holder: tc.holder})
			wantTo(t, injected, tc.holder.String())
			w.wantDone(t, "pause c3", "cut c3")
			wantHealed(t, injected, tc.want)
			w.wantDone(t, asked(tc.holder, "resume c3", "mend c3")...)
		})
	}
}
