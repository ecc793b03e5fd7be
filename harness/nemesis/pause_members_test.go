package nemesis_test

import (
	"testing"
	"testing/synctest"

	"lockquake/harness/nemesis"
)

// m1 leads.
func TestPausedMembersAreEvident(t *testing.T) {
	for name, c := range map[string]injection{
		"leader, another leads": {role: nemesis.Leader, to: "m1 leads term 4",
			did: []string{"pause m1"}, undid: []string{"resume m1"},
			then: (*world).m2LeadsTerm5, want: seen("m2 leads term 5 after m1; m1 stood still")},
		"leader, it leads on": {role: nemesis.Leader, to: "m1 leads term 4",
			did: []string{"pause m1"}, undid: []string{"resume m1"},
			want: unseen("no other leader seen after m1")},
		"follower": {role: nemesis.Follower, to: "m0, follower",
			did: []string{"pause m0"}, undid: []string{"resume m0"}, want: seen("m0 stood still")},
		"follower, not really": {role: nemesis.Follower, to: "m0, follower",
			did: []string{"pause m0"}, undid: []string{"resume m0"},
			then: func(w *world) { w.down(false, 0) }, want: unseen("m0 still runs")},
		"majority": {role: nemesis.Majority, to: "m0 m1, m1 leads term 4",
			did: []string{"pause m0", "pause m1"}, undid: []string{"resume m0", "resume m1"},
			want: seen("nobody leads; m0 m1 stood still")},
		"majority without the leader, which leads on": {role: nemesis.Majority, pick: 2, to: "m0 m2",
			did: []string{"pause m0", "pause m2"}, undid: []string{"resume m0", "resume m2"},
			want: unseen("m1 leads all the same")},
	} {
		c.fault, c.members = nemesis.PauseMembers{}, 3
		bubble(t, name, c.run)
	}
}

func TestPauseThatFailsHalfWayLeavesNobodyPaused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := members(3)
		w.fail["pause m1"], w.fail["resume m0"] = errBroken, errBroken
		wantRefused(t, nemesis.PauseMembers{}, w.target(nemesis.All), "pause m1: broken\nresume m0: broken")
		w.wantDone(t, "pause m0", "pause m1", "resume m0")
	})
}

// One that cannot be resumed does not keep the others standing.
func TestEveryPausedMemberIsResumed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := members(3)
		injected := inject(t, nemesis.PauseMembers{}, w.target(nemesis.All))
		w.fail["resume m0"], w.fail["resume m1"] = errBroken, errBroken
		w.wantDone(t, "pause m0", "pause m1", "pause m2")
		wantHealedBut(t, injected, seen("nobody leads; m0 m1 m2 stood still"), "resume m0: broken\nresume m1: broken")
		w.wantDone(t, "resume m0", "resume m1", "resume m2")
	})
}
