package nemesis_test

import (
	"testing"
	"testing/synctest"
	"time"

	"lockquake/harness/nemesis"
)

// testDeposed tries what all faults have in common that hold what a leader says or hears.
func testDeposed(t *testing.T, fault nemesis.Fault, cut string, held string) {
	for name, c := range map[string]injection{
		"another leader": {then: (*world).m2LeadsTerm5,
			want: seen("m2 leads term 5 after m1; " + held + " bytes held back")},
		"another leader, but nothing was held": {silent: true, then: (*world).m2LeadsTerm5,
			want: unseen("m2 leads term 5 after m1; 0 bytes held back")},
		"it leads on": {want: unseen("no other leader seen after m1; " + held + " bytes held back")},
	} {
		c.fault, c.members, c.role, c.to, c.cut = fault, 3, nemesis.Leader, "m1 leads term 4", cut
		bubble(t, name, c.run)
	}
}

func TestIsolatedLeaderIsDeposed(t *testing.T) {
	testDeposed(t, nemesis.IsolateMember{}, "0>1 1>0 1>2 2>1", "4")
}

func TestIsolatedFollowerNeedsNoOtherLeader(t *testing.T) {
	follower := injection{fault: nemesis.IsolateMember{}, members: 3, role: nemesis.Follower, pick: 3, to: "m2, follower", cut: "0>2 1>2 2>0 2>1",
		want: seen("4 bytes held back")}
	bubble(t, "held", follower.run)
	follower.silent, follower.want = true, unseen("0 bytes held back")
	bubble(t, "nothing was sent", follower.run)
}

// What is evidence for a leader is asked before its links pass again.
func TestSuccessorThatComesSoonIsWaitedForUnderTheHarm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := members(3)
		injected := inject(t, nemesis.IsolateMember{}, w.target(nemesis.Leader))
		passed := make(chan bool, 1)
		time.AfterFunc(time.Second, func() {
			passed <- passes(t, w.Peer(0, 1))
			w.m2LeadsTerm5()
		})
		wantHealed(t, injected, seen("m2 leads term 5 after m1; 1 bytes held back"))
		if <-passed {
			t.Error("the old leader's links passed before there was a successor")
		}
	})
}

// A second injection strikes whoever leads then, and each heal undoes its own.
func TestIsolationsOverlap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := members(3)
		first := inject(t, nemesis.IsolateMember{}, w.target(nemesis.Leader))
		w.m2LeadsTerm5()
		second := inject(t, nemesis.IsolateMember{}, w.target(nemesis.Leader))
		wantTo(t, second, "m2 leads term 5")
		w.wantCut(t, "0>1 0>2 1>0 1>2 2>0 2>1")
		wantHealed(t, first, seen("m2 leads term 5 after m1; 4 bytes held back"))
		w.wantCut(t, "0>2 1>2 2>0 2>1")
		wantHealed(t, second, unseen("no other leader seen after m2; 8 bytes held back"))
		w.wantCut(t, "")
	})
}
