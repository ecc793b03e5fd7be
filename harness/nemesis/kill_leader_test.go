package nemesis_test

import (
	"errors"
	"testing"
	"testing/synctest"

	"lockquake/harness/nemesis"
)

// killed is calm after the death of m1.
var killed = []belief{{leader: -1, term: 4}, {down: true}, {leader: -1, term: 4}}

func TestKilledLeaderIsEvidentFromItsSuccessor(t *testing.T) {
	for name, tc := range map[string]struct {
		after []belief
		want  nemesis.Evidence
	}{
		"another leader":      {[]belief{{leader: 0, term: 5}, {down: true}, {leader: 0, term: 5}}, seen("m0 leads term 5 after m1")},
		"nobody leads yet":    {killed, unseen("no other leader seen after m1")},
		"it never was killed": {calm, unseen("no other leader seen after m1")},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := &world{beliefs: calm, undone: undone}
				injected := inject(t, nemesis.KillLeader{}, nemesis.Target{Members: w})
				wantTo(t, injected, "m1 leads term 4")
				w.wantDone(t, "kill m1")
				w.beliefs = tc.after
				wantHealed(t, injected, tc.want)
				w.wantDone(t, "restart m1")
			})
		})
	}
}

// What was seen of the harm is told although the member did not come back.
func TestKilledLeaderThatDoesNotRestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{beliefs: calm, restartErr: errBroken}
		injected := inject(t, nemesis.KillLeader{}, nemesis.Target{Members: w})
		w.beliefs = []belief{{leader: 0, term: 5}, {down: true}, {leader: 0, term: 5}}
		got, err := injected.Heal(t.Context())
		if !errors.Is(err, errBroken) || err.Error() != "restart m1: broken" {
			t.Errorf("heal: error %v, want that of the restart", err)
		}
		if want := seen("m0 leads term 5 after m1"); got != want {
			t.Errorf("evidence %+v, want %+v", got, want)
		}
	})
}

func TestKillLeaderThatFailsLeavesNothingBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{beliefs: leaderless}
		wantRefused(t, nemesis.KillLeader{}, nemesis.Target{Members: w}, "kill leader: "+noLeader)
		w.wantDone(t)
		w = &world{beliefs: calm, killErr: errBroken}
		wantRefused(t, nemesis.KillLeader{}, nemesis.Target{Members: w}, "kill m1: broken")
		w.wantDone(t, "kill m1")
	})
}
