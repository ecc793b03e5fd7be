package nemesis_test

import (
	"testing"
	"testing/synctest"

	"lockquake/harness/nemesis"
)

// m1 leads term 4; by the time of the heal, what a case says.
func TestIsolatedLeaderIsEvidentFromItsSuccessor(t *testing.T) {
	for name, tc := range map[string]struct {
		after []belief
		held  int64
		want  nemesis.Evidence
	}{
		"another leader in a later term": {
			after: []belief{{leader: 2, term: 5}, {leader: -1, term: 4}, {leader: 2, term: 5}},
			held:  77,
			want:  seen("m2 leads term 5 after m1; 77 bytes held back"),
		},
		"the old leader still believes in itself": {
			after: []belief{{leader: 2, term: 5}, {leader: 1, term: 4}, {leader: 2, term: 5}},
			held:  77,
			want:  seen("m2 leads term 5 after m1; 77 bytes held back"),
		},
		"it leads on": {
			after: calm,
			want:  unseen("no other leader seen after m1; 0 bytes held back"),
		},
		"it leads again in a later term": {
			after: []belief{{leader: 1, term: 5}, {leader: 1, term: 5}, {leader: 1, term: 5}},
			want:  unseen("no other leader seen after m1; 0 bytes held back"),
		},
		"nobody leads": {
			after: []belief{{leader: -1, term: 5}, {leader: -1, term: 4}, {leader: -1, term: 5}},
			held:  77,
			want:  unseen("no other leader seen after m1; 77 bytes held back"),
		},
		"another leads, in no later term": {
			after: []belief{{leader: 2, term: 4}, {leader: 2, term: 4}, {leader: 2, term: 4}},
			want:  unseen("no other leader seen after m1; 0 bytes held back"),
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := &world{beliefs: calm, undone: undone}
				injected := inject(t, nemesis.IsolateLeader{}, nemesis.Target{Members: w, Peers: w})
				wantTo(t, injected, "m1 leads term 4")
				w.wantDone(t, "hold peers of m1")
				w.beliefs, w.held = tc.after, tc.held
				wantHealed(t, injected, tc.want)
				w.wantDone(t, "pass peers of m1")
			})
		})
	}
}

// undone is what the members believe after the heal: too late to be evidence, for or against.
var undone = []belief{{leader: 1, term: 9}, {leader: 1, term: 9}, {leader: 1, term: 9}}

var calm = []belief{{leader: 1, term: 4}, {leader: 1, term: 4}, {leader: 1, term: 4}}

// A second injection strikes whoever leads then, and each heal undoes its own.
func TestIsolateLeaderFollowsTheLeader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{beliefs: calm}
		target := nemesis.Target{Members: w, Peers: w}
		first := inject(t, nemesis.IsolateLeader{}, target)
		w.beliefs = []belief{{leader: 2, term: 5}, {leader: 2, term: 5}, {leader: 2, term: 5}}
		second := inject(t, nemesis.IsolateLeader{}, target)
		wantTo(t, second, "m2 leads term 5")
		w.wantDone(t, "hold peers of m1", "hold peers of m2")
		w.undone = w.beliefs
		wantHealed(t, first, seen("m2 leads term 5 after m1; 0 bytes held back"))
		wantHealed(t, second, unseen("no other leader seen after m2; 0 bytes held back"))
		w.wantDone(t, "pass peers of m1", "pass peers of m2")
	})
}

func TestIsolateLeaderWithoutALeaderLeavesNothingBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{beliefs: leaderless}
		wantRefused(t, nemesis.IsolateLeader{}, nemesis.Target{Members: w, Peers: w}, "isolate leader: "+noLeader)
		w.wantDone(t)
	})
}
